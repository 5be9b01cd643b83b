"""What a training job does between reading and writing: search, choose, refit."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from foldwise.backends import SPECIFICATIONS
from foldwise.backends.contract import Backend, FitOptions
from foldwise.metrics import LOWER_IS_BETTER, search_metric
from foldwise.search.grid import Choice, TrainPart, search_grid
from foldwise.search.plan import Fit
from foldwise.search.space import grid
from foldwise.search.stopping import search_with_early_stopping


@dataclass(frozen=True)
class Settings:
    """What the configuration says of a training job.

    Attributes:
        backend: name of the backend.
        seed: seed of the models.
        threads: fits at a time in the search, threads of the refit.
        device: ``cpu`` or ``cuda``.
        class_weight: ``none``, ``balanced`` or ``unit``.
        metric: score that chooses the point.
        early_stopping_rounds: patience in trees, or None.
        space: values by parameter.
    """

    backend: str
    seed: int
    threads: int
    device: str
    class_weight: str
    metric: str
    early_stopping_rounds: int | None
    space: Mapping[str, Sequence[Any]]

    @classmethod
    def from_params(cls, params: Any) -> "Settings":
        """Take the settings, each by its name, from the params of a rule."""
        return cls(**{f.name: params.get(f.name) for f in fields(cls)})


def search_points(part: TrainPart, backend: Backend, settings: Settings) -> Choice:
    """Score every point of the search space on the inner folds of a train part."""
    points = grid(settings.space)
    trees_name = SPECIFICATIONS[settings.backend].trees
    options = FitOptions(settings.seed, 1, settings.device)
    greater = settings.metric not in LOWER_IS_BETTER
    workers = min(settings.threads, len(os.sched_getaffinity(0)))
    if settings.early_stopping_rounds is None:
        metric = search_metric(settings.metric)
        return search_grid(points, trees_name, part, backend, options, metric, greater, workers)
    return search_with_early_stopping(
        points,
        trees_name,
        part,
        backend,
        options,
        settings.metric,
        greater,
        settings.early_stopping_rounds,
        workers,
    )


def chosen_fit(choice: Choice, settings: Settings, backend: Backend) -> Fit:
    """Return the fit of the chosen point."""
    trees = int(choice.trees[choice.chosen])
    point = choice.points[choice.chosen]
    params = backend.canonical({k: v for k, v in point.items() if k != SPECIFICATIONS[settings.backend].trees})
    return Fit(params, {trees: [0]}, backend.bin_key(params))


def refit(part: TrainPart, fit: Fit, backend: Backend, settings: Settings) -> Any:
    """Return the model of a fit on the whole train part."""
    options = FitOptions(settings.seed, settings.threads, settings.device)
    binned = backend.bin_train(part.matrix, part.label, part.weight, fit.params, options)
    return backend.fit(binned, fit.params, fit.trees, options).model
