"""Ways to search the same points on the same inner folds, each with its refit on the whole train part."""

import os
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
import wrappers
from foldwise.backends import SPECIFICATIONS, get_backend
from foldwise.backends.contract import FitOptions
from foldwise.metrics import log_loss
from foldwise.search.inner_fold import Binned, InnerFold
from foldwise.search.plan import Fit, plan_fits
from foldwise.search.space import grid
from foldwise.search.train_part import TrainPart
from foldwise.tuning import Settings, chosen_fit, refit, search_points
from sklearn.model_selection import GridSearchCV, PredefinedSplit

SEED = 42
CORES = len(os.sched_getaffinity(0))
Found = tuple[dict[str, Any], npt.NDArray[np.float64]]
Contestant = Callable[[str, TrainPart, dict[str, list[Any]]], Found]


def ours(method: str) -> Contestant:
    """Return the search of a training job, by method, with as many threads as there are cores."""

    def search(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Found:
        settings = Settings(backend, SEED, CORES, "cpu", "none", "log_loss", None, space, method=method)
        module = get_backend(backend)
        choice = search_points(part, module, settings)
        refit(part, chosen_fit(choice, settings, module), module, settings)
        return dict(choice.points[choice.chosen]), choice.scores

    return search


def grid_search_cv(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Found:
    """Let scikit-learn search: a process a core, one thread a fit. The pool must have been warmed up."""
    found = GridSearchCV(
        wrappers.classifier(backend, {}, SEED),
        space,
        scoring="neg_log_loss",
        cv=PredefinedSplit(part.inner - 1),
        n_jobs=CORES,
        error_score="raise",
    ).fit(part.matrix.values, part.label)
    folds = [-found.cv_results_[f"split{i}_test_score"] for i in range(len(np.unique(part.inner)))]
    return dict(found.best_params_), np.stack(folds, axis=1)


def plain_loop(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> Found:
    """Fit every point on every inner fold, one after the other, each fit with all cores."""
    points = grid(space)
    scores = np.array([[_fit_and_score(backend, point, part, fold) for fold in (1, 2, 3)] for point in points])
    chosen = points[int(scores.mean(axis=1).argmin())]
    _threaded(backend, chosen).fit(part.matrix.values, part.label)
    return chosen, scores


def _fit_and_score(backend: str, point: dict[str, Any], part: TrainPart, fold: int) -> float:
    fitted, held_out = part.without(fold), part.only(fold)
    model = _threaded(backend, point).fit(fitted.matrix.values, fitted.label)
    return log_loss(held_out.label, model.predict_proba(held_out.matrix.values)[:, 1])


def _threaded(backend: str, point: dict[str, Any]) -> Any:
    threads = "thread_count" if backend == "catboost" else "n_jobs"
    return wrappers.classifier(backend, point, SEED).set_params(**{threads: CORES})


def trees_alone(backend: str, part: TrainPart, space: dict[str, list[Any]]) -> float:
    """Return the CPU seconds of nothing but growing the trees that the exact search needs."""
    module = get_backend(backend)
    fits = plan_fits(grid(space), SPECIFICATIONS[backend].trees, module)
    spent = 0.0

    def grow(fit: Fit, binned: Binned) -> float:
        started = process_time()
        module.fit(binned.train, fit.params, fit.trees, binned.options)
        return process_time() - started

    for fold in np.unique(part.inner):
        spent += sum(InnerFold(part, int(fold), module, FitOptions(SEED)).run(fits, grow))
    return spent
