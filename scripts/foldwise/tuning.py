"""What a training job does between reading and writing: search, choose, refit."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.artifacts import sha256
from foldwise.backends import SPECIFICATIONS
from foldwise.backends.contract import Backend, FitOptions
from foldwise.metrics import LOWER_IS_BETTER, search_metric
from foldwise.search.choice import Choice
from foldwise.search.dimensions import Dimension
from foldwise.search.draw import draw
from foldwise.search.grid import search_grid
from foldwise.search.measure import AlongCurve, AtPoints, Measure
from foldwise.search.plan import Fit
from foldwise.search.space import grid
from foldwise.search.train_part import TrainPart
from foldwise.search.trial import Trials
from foldwise.search.trial_log import TrialLog, key_of


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


def search_points(part: TrainPart, backend: Backend, settings: Settings, log: TrialLog | None = None) -> Choice:
    """Score the points of the search space on the inner folds of a train part, and choose.

    Args:
        part: the rows that the search may see.
        backend: the backend's module.
        settings: what the configuration says.
        log: keeps the trials of ``optuna`` as they finish, see :func:`trial_log`.
    """
    if settings.method == "optuna":
        return _search_by_tpe(part, backend, settings, log)
    return search_listed(points_of(settings), part, backend, settings)


def search_listed(points: Sequence[Mapping[str, Any]], part: TrainPart, backend: Backend, settings: Settings) -> Choice:
    """Score these points, all of them or by racing, and choose."""
    options = FitOptions(settings.seed, settings.threads, settings.device)
    trees_name, race = SPECIFICATIONS[settings.backend].trees, settings.method == "race"
    return search_grid(points, trees_name, part, backend, options, measure(settings), race, _affinity())


def _search_by_tpe(part: TrainPart, backend: Backend, settings: Settings, log: TrialLog | None) -> Choice:
    # Imported only where it is asked for: it takes a second.
    from foldwise.search.tpe import choice_of, search_by_tpe

    options = FitOptions(settings.seed, settings.threads, settings.device)
    trees_name = SPECIFICATIONS[settings.backend].trees
    trials = Trials(trees_name, part, backend, options, measure(settings), _affinity())

    def score(point: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], int]:
        scored = trials.score(point)
        return scored.scores, scored.trees

    greater = settings.metric not in LOWER_IS_BETTER
    found = search_by_tpe(settings.space, settings.n_trials or 1, settings.seed, score, greater, log)
    return choice_of(found, greater)


def _affinity() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


def trial_log(
    path: str | Path, settings: Settings, inputs: Mapping[str, str], column: str, version: str
) -> AbstractContextManager[TrialLog | None]:
    """Return the log of a search by optuna, and nothing for the other methods: they score their points in any order.

    Args:
        path: the file; it must be no declared output, since snakemake deletes those of an interrupted job.
        settings: what the configuration says.
        inputs: paths of the files that the rows come from.
        column: the column of ``folds.parquet``.
        version: the backend's version.
    """
    if settings.method != "optuna":
        return nullcontext()
    # Without the number of trials: a larger one goes on from a smaller one.
    key = key_of(
        settings={**asdict(settings), "n_trials": None},
        inputs={name: sha256(inputs[name]) for name in ("table", "contract", "folds")},
        column=column,
        versions=[version, metadata.version("optuna"), np.__version__],
    )
    return TrialLog(path, key)


def measure(settings: Settings) -> Measure:
    """Return how fits are scored: at their points' numbers of trees, or where the mean inner curve stops."""
    greater = settings.metric not in LOWER_IS_BETTER
    if settings.early_stopping_rounds is None:
        return AtPoints(search_metric(settings.metric), greater)
    return AlongCurve(settings.metric, greater, settings.early_stopping_rounds)


def points_of(settings: Settings) -> list[dict[str, Any]]:
    """Return the points to score: all of the space, or as many as the number of trials, drawn by the seed."""
    if settings.n_trials is None:
        return grid(settings.space)
    return draw(settings.space, settings.n_trials, settings.seed)


def rows_of_some_groups(
    label: npt.NDArray[np.int8], group: npt.NDArray[np.int32], inner: npt.NDArray[np.int16], fraction: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Choose the rows that a search uses: a share of the groups of every inner fold and class, at least one.

    Args:
        label: shape (n,), 0 or 1; a group with both counts as positive.
        group: shape (n,).
        inner: shape (n,), inner fold of each row.
        fraction: share of the groups to keep, 1 keeps every row.
        seed: of the choice.

    Returns:
        Shape (n,), true for a row of a chosen group.
    """
    if fraction == 1:
        return np.ones(len(label), np.bool_)
    groups, first = np.unique(group, return_index=True)
    positive = np.isin(groups, group[label == 1])
    random = np.random.default_rng(seed)
    chosen = []
    for fold in np.unique(inner):
        for value in (False, True):
            here = groups[(inner[first] == fold) & (positive == value)]
            count = max(1, round(fraction * len(here)))
            chosen.append(random.permutation(here)[:count])
    return np.isin(group, np.concatenate(chosen))


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
