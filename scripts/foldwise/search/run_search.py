"""The search of a training job, by the configured method."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np

from foldwise.backends.base import Backend
from foldwise.io.files import sha256
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult
from foldwise.search.screening import search_screen
from foldwise.search.settings import TrainingSettings
from foldwise.search.trial_log import TrialLog, key_of


def search_points(
    part: TrainPart, backend: Backend, settings: TrainingSettings, log: TrialLog | None = None
) -> SearchResult:
    """Evaluate the points of the search space on the inner folds of a train part, and choose one.

    Args:
        part: the rows that the search uses.
        backend: the backend's module.
        settings: what the configuration says.
        log: keeps finished trials of ``optuna``, see :func:`trial_log`.

    Raises:
        UserError: for a parameter value that the library refuses.
    """
    if settings.method == "optuna":
        return _search_by_tpe(part, backend, settings, log)
    return search_listed(settings.points(), part, backend, settings)


def search_listed(
    points: Sequence[Point], part: TrainPart, backend: Backend, settings: TrainingSettings
) -> SearchResult:
    """Evaluate these points, all on every inner fold, as a race or by screening, and choose one."""
    arguments = (points, settings.trees_name, part, backend, settings.fit_options, settings.objective())
    if settings.method == "screen":
        return search_screen(*arguments, processors=_processors())
    return search_grid(*arguments, race=settings.method == "race", processors=_processors())


def _search_by_tpe(part: TrainPart, backend: Backend, settings: TrainingSettings, log: TrialLog | None) -> SearchResult:
    # Imported only for this method: optuna takes 0.4 s to import.
    from foldwise.search.tpe import PointEvaluator, result_of, search_by_tpe

    evaluator = PointEvaluator(
        settings.trees_name, part, backend, settings.fit_options, settings.objective(), _processors()
    )
    greater, n_trials = settings.greater_is_better, settings.n_trials or 1
    return result_of(search_by_tpe(settings.space, n_trials, settings.seed, evaluator.evaluate, greater, log), greater)


def _processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


def trial_log(
    path: str | Path, settings: TrainingSettings, inputs: Sequence[str], fold: int | str, version: str
) -> AbstractContextManager[TrialLog | None]:
    """Open the log of a search by ``optuna``; None for the other methods, whose points do not depend on each other.

    Args:
        path: path of the log; no declared output, because snakemake deletes those of an interrupted job.
        settings: what the configuration says.
        inputs: paths of the files that the rows come from.
        fold: number of the outer fold, or ``final``.
        version: version of the backend's library.
    """
    if settings.method != "optuna":
        return nullcontext()
    # Without the number of trials, so that a search with more trials continues from one with fewer.
    key = key_of(
        settings={**asdict(settings), "n_trials": None},
        inputs=[sha256(path) for path in inputs],
        fold=fold,
        versions=[version, metadata.version("optuna"), np.__version__],
    )
    return TrialLog(path, key)
