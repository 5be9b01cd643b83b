"""Typed content of ``params.json``: what a training job chose and used, and the weights of an ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TrainTest:
    """A number of train and test rows, or groups."""

    train: int
    test: int


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of the search, of the refit that follows it, and of the whole job."""

    search: float
    refit: float
    total: float


@dataclass(frozen=True)
class FoldParams:
    """Summary of one training job; the attributes are the keys of its ``params.json``.

    Attributes:
        backend: name of the backend.
        fold: number of the outer fold, or ``final`` for the model that is fitted on every group.
        chosen: parameters of the chosen point, the number of trees among them.
        trees: number of trees of the model; early stopping can choose fewer than ``chosen`` allows.
        metric: the metric that chose the point.
        score: its mean over the inner folds at the chosen point.
        points: number of points that were searched.
        fits: number of fits on inner folds.
        seconds: wall-clock time.
        peak_memory_mb: peak resident memory of the process in MiB.
        imports_memory_mb: the same after its imports, before the table is read.
        searched_rows: number of train rows that the search used.
        rows: number of rows.
        groups: number of groups.
        features: number of features.
        versions: version of the backend's library and of numpy, by name.
    """

    backend: str
    fold: int | str
    chosen: Mapping[str, bool | int | float | str]
    trees: int
    metric: str
    score: float
    points: int
    fits: int
    seconds: Seconds
    peak_memory_mb: int
    imports_memory_mb: int
    searched_rows: int
    rows: TrainTest
    groups: TrainTest
    features: int
    versions: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``params.json``, keys in the order of the attributes."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "FoldParams":
        """Build the summary from the content of ``params.json``.

        Raises:
            KeyError, TypeError: when a key is missing or unknown.
        """
        counts = {key: TrainTest(**content[key]) for key in ("rows", "groups")}
        return cls(**{**content, **counts, "seconds": Seconds(**content["seconds"])})


@dataclass(frozen=True)
class CrossFittedWeights:
    """Weights of the backends for one inner fold, estimated on the other inner folds.

    Attributes:
        inner_fold: number of the inner fold whose rows they are applied to.
        weights: backend -> weight; they sum to 1.
        n_rows: number of rows that they were estimated on.
    """

    inner_fold: int
    weights: Mapping[str, float]
    n_rows: int


@dataclass(frozen=True)
class EnsembleParams:
    """Weights of the final ensemble; the attributes are the keys of its ``params.json``.

    Attributes:
        weights: backend -> weight; they sum to 1.
        n_rows: number of inner out-of-fold rows that they were estimated on.
        cross_fitted: the weights of each inner fold.
    """

    weights: Mapping[str, float]
    n_rows: int
    cross_fitted: Sequence[CrossFittedWeights]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``params.json``, keys in the order of the attributes."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "EnsembleParams":
        """Build the weights from the content of ``params.json``.

        Raises:
            KeyError, TypeError: when a key is missing or unknown.
        """
        return cls(
            content["weights"], content["n_rows"], [CrossFittedWeights(**entry) for entry in content["cross_fitted"]]
        )
