"""Searches of the same points on the same inner folds, each with its refit on the whole train part."""

import os
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from fixtures import wrappers
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.search.fits import BinnedFold, Fit, InnerFold, TrainPart, plan_fits
from foldwise.search.run_search import search_points
from foldwise.search.settings import TrainingSettings
from foldwise.search.space import grid
from foldwise.stats.metrics import log_loss
from foldwise.training.refit import chosen_point, refit
from sklearn.model_selection import GridSearchCV, PredefinedSplit

SEED = 42
CORES = len(os.sched_getaffinity(0))
Outcome = tuple[dict[str, Any], npt.NDArray[np.float64]]
"""The chosen point, and the log-loss of every point on every inner fold, shape (points, folds)."""

Contestant = Callable[[str, TrainPart, dict[str, list[Any]]], Outcome]


def ours(method: str) -> Contestant:
    """Return the search of a training job by a method, with as many threads as cores."""

    def search(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Outcome:
        settings = TrainingSettings(backend, SEED, CORES, "cpu", "none", "log_loss", None, space, method=method)
        module = get_backend(backend)
        result = search_points(part, module, settings)
        refit(part, chosen_point(result, settings, module), module, settings)
        return dict(result.points[result.chosen]), result.metric

    return search


def grid_search_cv(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Outcome:
    """Search with scikit-learn: a process a core, one thread a fit. Its worker pool must be running already."""
    with TemporaryDirectory() as folder:
        search = GridSearchCV(
            _default_classifier(backend, {}, folder),
            space,
            scoring="neg_log_loss",
            cv=PredefinedSplit(part.inner - 1),
            n_jobs=CORES,
            error_score="raise",
        ).fit(part.matrix.values, part.label)
    folds = [-search.cv_results_[f"split{i}_test_score"] for i in range(len(np.unique(part.inner)))]
    return dict(search.best_params_), np.stack(folds, axis=1)


def plain_loop(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Outcome:
    """Fit every point on every inner fold, one after the other, each fit with all cores."""
    points = [dict(point) for point in grid(space)]
    threads = {"thread_count" if backend == "catboost" else "n_jobs": CORES}
    with TemporaryDirectory() as folder:

        def fitted(point: dict[str, Any], rows: TrainPart) -> Any:
            classifier = _default_classifier(backend, point, folder).set_params(**threads)
            return classifier.fit(rows.matrix.values, rows.label)

        def loss(point: dict[str, Any], fold: int) -> float:
            held_out = part.only(fold)
            probability = fitted(point, part.without(fold)).predict_proba(held_out.matrix.values)[:, 1]
            return log_loss(held_out.label, probability)

        losses = np.array([[loss(point, fold) for fold in (1, 2, 3)] for point in points])
        chosen = points[int(losses.mean(axis=1).argmin())]
        fitted(chosen, part)
    return chosen, losses


def _default_classifier(backend: str, params: dict[str, Any], folder: str) -> Any:
    """Return a silent classifier with its defaults otherwise: CatBoost writes files of every fit, to ``folder``."""
    classifier = wrappers.classifier(backend, params, SEED)
    if backend == "catboost":
        classifier.set_params(allow_writing_files=True, train_dir=folder)
    return classifier


def trees_alone(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> float:
    """Return the CPU seconds of growing the trees of the exact search, and of nothing else."""
    module = get_backend(backend)
    fits = plan_fits(grid(space), SPECIFICATIONS[backend].trees, module)
    spent = 0.0

    def grow(fit: Fit, binned: BinnedFold) -> float:
        started = process_time()
        module.fit(binned.train, fit.params, fit.trees, binned.options)
        return process_time() - started

    for fold in np.unique(part.inner):
        spent += sum(InnerFold(part, int(fold), module, FitOptions(SEED)).run(fits, grow))
    return spent
