"""The search of a training job: fit the points of the space on inner folds and choose."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend, FitOptions
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.io.files import sha256
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.objective import AlongCurve, AtPoints, Measure
from foldwise.search.result import Choice
from foldwise.search.settings import Settings
from foldwise.search.space import draw, grid
from foldwise.search.tpe import TrialLog, Trials, key_of
from foldwise.stats.metrics import LOWER_IS_BETTER, search_metric


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
