"""The settings of a training job."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from foldwise.search.parameters import Dimension


@dataclass(frozen=True)
class Settings:
    """What the configuration says of a training job.

    Attributes:
        backend: name of the backend.
        seed: seed of the models.
        threads: threads of the search, shared among its fits, and of the refit.
        device: ``cpu`` or ``cuda``.
        class_weight: ``none``, ``balanced`` or ``unit``.
        metric: score that chooses the point.
        early_stopping_rounds: patience in trees, or None.
        space: dimensions by parameter.
        n_trials: number of points drawn from the space, None for all of them.
        fraction: share of the train groups of each class that the search uses.
        method: ``grid``, ``race``, ``random`` or ``optuna``.
        code: fingerprint of the code that the trials of optuna depend on.
    """

    backend: str
    seed: int
    threads: int
    device: str
    class_weight: str
    metric: str
    early_stopping_rounds: int | None
    space: Mapping[str, Dimension]
    n_trials: int | None = None
    fraction: float = 1.0
    method: str = "grid"
    code: str = ""

    @classmethod
    def from_params(cls, params: Any) -> "Settings":
        """Take the settings, each by its name, from the params of a rule."""
        return cls(**{f.name: params.get(f.name) for f in fields(cls)})
