"""Search over a list of points, one inner fold after the other: all of them on every fold, or as a race.

Without a race the result is the table of GridSearchCV over the same splits, from fewer fits. In a race only the most
promising fits continue after each inner fold (successive halving with inner folds as the budget; Jamieson and
Talwalkar 2016, Non-stochastic best arm identification and hyperparameter optimization, algorithm 1, stages fixed).
"""

import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend, FitOptions
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.search.fits import Fit, InnerFold, TrainPart, plan_fits, shared_threads
from foldwise.search.objective import FoldFit, Objective
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult, best

# Share of the fits that run on the second inner fold, and on every later one.
RACE = (1 / 2, 1 / 4)

# At least so many fits run on every fold: the mean over two folds is too uncertain to choose among fewer.
_FEWEST_RACED = 4


def search_grid(
    points: Sequence[Point],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    objective: Objective,
    race: bool = False,
    processors: int = 1,
) -> SearchResult:
    """Evaluate points on the inner folds and choose the best mean.

    Args:
        points: the points, each with a number of trees.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of the search, device.
        objective: how a fit is evaluated.
        race: whether fits are dropped after an inner fold.
        processors: number of processors that this process may use; the result does not depend on it.

    Raises:
        UserError: for a parameter value that the library refuses.
    """
    fits = plan_fits(points, trees_name, backend)
    threads_per_fit, workers = shared_threads(options.threads, len(fits), processors)
    folds = np.unique(train.inner)
    evaluated: list[list[FoldFit]] = [[] for _ in fits]
    remaining = list(range(len(fits)))
    # The next inner fold starts while the last fits of one are running, so that no processor is idle. Of a table on
    # disk, which is large, only one inner fold is binned at a time.
    overlap = workers if workers > 1 and isinstance(train.matrix, FeatureMatrix) else 0
    running: dict[int, Future[FoldFit]] = {}
    with _thread_pool(workers) as pool:
        for number, fold in enumerate(folds):
            _collect(running, evaluated, overlap)
            kept = _kept(len(fits), number) if race else len(fits)
            print(f"inner fold {number + 1} of {len(folds)}: {kept} of {len(fits)} fits", flush=True)
            inner = InnerFold(train, int(fold), backend, replace(options, threads=threads_per_fit))
            inner.bin_for([fits[i] for i in remaining])
            certain = _certain_to_continue(fits, evaluated, remaining, running.keys(), kept, objective)
            started = {i: inner.submit(pool, fits[i], objective.evaluate) for i in certain}
            _collect(running, evaluated)
            remaining = _certain_to_continue(fits, evaluated, remaining, (), kept, objective)
            running = started | {
                i: inner.submit(pool, fits[i], objective.evaluate) for i in remaining if i not in started
            }
        _collect(running, evaluated)
    return _search_result(points, fits, evaluated, len(folds), objective)


@contextmanager
def _thread_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool; after an exception, waiting fits are cancelled."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(running: dict[int, Future[FoldFit]], evaluated: Sequence[list[FoldFit]], unfinished: int = 0) -> None:
    """Wait until at most the last ``unfinished`` fits are running; move the others' results to ``evaluated``."""
    wait(list(running.values())[: len(running) - unfinished], return_when=FIRST_EXCEPTION)
    for i in [i for i, future in running.items() if future.done()]:
        evaluated[i].append(running.pop(i).result())


def _kept(fits: int, stage: int) -> int:
    """Return how many of all fits run after ``stage`` inner folds."""
    share = RACE[min(stage, len(RACE)) - 1] if stage else 1
    return min(fits, max(_FEWEST_RACED, math.ceil(share * fits)))


def _certain_to_continue(
    fits: Sequence[Fit],
    evaluated: Sequence[Sequence[FoldFit]],
    remaining: Sequence[int],
    running: Collection[int],
    kept: int,
    objective: Objective,
) -> list[int]:
    """Return the fits that continue whatever the running ones result in; of equal ones the first continue.

    Args:
        fits: all fits, the most expensive first.
        evaluated: their results so far.
        remaining: the fits that ran on the last inner fold.
        running: those of them that have not finished.
        kept: how many continue.
        objective: how a fit is evaluated.
    """
    if kept >= len(remaining):
        return list(remaining)
    sign = -1 if objective.greater_is_better else 1

    def best_point(i: int) -> float:
        values = [fold_fit.values for fold_fit in evaluated[i]]
        return min(sign * float(e.metric.mean()) for e in objective.combine(fits[i], values).values())

    finished = sorted((i for i in remaining if i not in running), key=best_point)
    return sorted(finished[: max(0, kept - len(running))])


def _search_result(
    points: Sequence[Point],
    fits: Sequence[Fit],
    evaluated: Sequence[Sequence[FoldFit]],
    folds: int,
    objective: Objective,
) -> SearchResult:
    metric = np.full((len(points), folds), np.nan)
    trees = np.zeros(len(points), np.int32)
    dropped_after = np.zeros(len(points), np.int16)
    fit_of_point = np.zeros(len(points), np.int64)
    for number, (fit, by_fold) in enumerate(zip(fits, evaluated, strict=True)):
        for limit, evaluation in objective.combine(fit, [fold_fit.values for fold_fit in by_fold]).items():
            positions = fit.points[limit]
            metric[positions, : len(by_fold)] = evaluation.metric
            trees[positions] = evaluation.trees
            fit_of_point[positions] = number
            dropped_after[positions] = len(by_fold) if len(by_fold) < folds else 0
    chosen = best(metric, objective.greater_is_better)
    return SearchResult(
        points,
        metric,
        trees,
        _shared(fits, len(points)),
        dropped_after,
        chosen,
        sum(map(len, evaluated)),
        tuple(fold_fit.model for fold_fit in evaluated[fit_of_point[chosen]]),
    )


def _shared(fits: Sequence[Fit], count: int) -> npt.NDArray[np.bool_]:
    """Return for each point, shape (count,), whether it uses the trees of another one."""
    shared = np.ones(count, np.bool_)
    for fit in fits:
        shared[fit.points[fit.trees][0]] = False
    return shared
