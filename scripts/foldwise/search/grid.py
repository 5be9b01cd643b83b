"""Search over points that are known beforehand, inner fold by inner fold: exact, or raced.

Exact: the table that GridSearchCV over the same splits would give, with fewer fits. Raced: after an inner
fold only the most promising fits go on to the next (successive halving over folds instead of a budget of
samples; Jamieson and Talwalkar 2016, algorithm 1, with its stages fixed beforehand).
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend, FitOptions
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.search.fits import Fit, InnerFold, TrainPart, plan_fits, shared_threads
from foldwise.search.objective import Measure, Values
from foldwise.search.result import Choice, best

# Share of the fits that run on the second inner fold, and on every later one.
RACE = (1 / 2, 1 / 4)

# With so few fits nothing is worth giving up: the mean over two folds is too uncertain to choose by.
_FEWEST_RACED = 4


def search_grid(
    points: Sequence[Mapping[str, Any]],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    measure: Measure,
    race: bool = False,
    affinity: int = 1,
) -> Choice:
    """Score points on the inner folds and choose the best mean.

    Args:
        points: parameter values, the number of trees among them.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of the search, device.
        measure: how a fit is scored.
        race: whether fits are given up after an inner fold.
        affinity: processors at hand; the outcome does not depend on it.
    """
    fits = plan_fits(points, trees_name, backend)
    each, workers = shared_threads(options.threads, len(fits), affinity)
    folds = np.unique(train.inner)
    found: list[list[Values]] = [[] for _ in fits]
    alive = list(range(len(fits)))
    # The next inner fold begins while the last fits of one still run, so that no processor waits. A table on disk is
    # a large one: of it one inner fold is binned at a time.
    overlap = workers if workers > 1 and isinstance(train.matrix, FeatureMatrix) else 0
    running: dict[int, Future[Values]] = {}
    with _threads(workers) as pool:
        for number, fold in enumerate(folds):
            _keep_ended(running, found, overlap)
            kept = _kept(len(fits), number) if race else len(fits)
            print(f"inner fold {number + 1} of {len(folds)}: {kept} of {len(fits)} fits", flush=True)
            inner = InnerFold(train, int(fold), backend, replace(options, threads=each))
            inner.bin_for([fits[i] for i in alive])
            sure = _sure_to_go_on(fits, found, alive, running.keys(), kept, measure)
            begun = {i: inner.submit(pool, fits[i], measure.score) for i in sure}
            _keep_ended(running, found)
            alive = _sure_to_go_on(fits, found, alive, (), kept, measure)
            running = begun | {i: inner.submit(pool, fits[i], measure.score) for i in alive if i not in begun}
        _keep_ended(running, found)
    return _choice(points, fits, found, len(folds), measure)


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool; once anything is wrong, what waits in it is not begun."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _keep_ended(running: dict[int, Future[Values]], found: Sequence[list[Values]], unfinished: int = 0) -> None:
    """Wait until only the last ``unfinished`` fits are under way; move the scores of the others to ``found``."""
    wait(list(running.values())[: len(running) - unfinished], return_when=FIRST_EXCEPTION)
    for i in [i for i, future in running.items() if future.done()]:
        found[i].append(running.pop(i).result())


def _kept(fits: int, stage: int) -> int:
    """Return how many of all fits run after ``stage`` inner folds."""
    share = RACE[min(stage, len(RACE)) - 1] if stage else 1
    return min(fits, max(_FEWEST_RACED, math.ceil(share * fits)))


def _sure_to_go_on(
    fits: Sequence[Fit],
    found: Sequence[Sequence[Values]],
    alive: Sequence[int],
    running: Collection[int],
    kept: int,
    measure: Measure,
) -> list[int]:
    """Return the fits that go on, however those that still run end; of equal ones the first go on.

    Args:
        fits: all fits, the largest first.
        found: their scores so far.
        alive: those that ran on the last inner fold.
        running: those of them whose scores are still to come.
        kept: how many go on.
        measure: how scores are read.
    """
    if kept >= len(alive):
        return list(alive)
    sign = -1 if measure.greater_is_better else 1

    def best_point(i: int) -> float:
        return min(sign * float(s.scores.mean()) for s in measure.read(fits[i], found[i]).values())

    ended = sorted((i for i in alive if i not in running), key=best_point)
    return sorted(ended[: max(0, kept - len(running))])


def _choice(
    points: Sequence[Mapping[str, Any]],
    fits: Sequence[Fit],
    found: Sequence[Sequence[Values]],
    folds: int,
    measure: Measure,
) -> Choice:
    scores = np.full((len(points), folds), np.nan)
    trees = np.zeros(len(points), np.int32)
    dropped_after = np.zeros(len(points), np.int16)
    for fit, values in zip(fits, found, strict=True):
        for limit, scored in measure.read(fit, values).items():
            positions = fit.points[limit]
            scores[positions, : len(values)] = scored.scores
            trees[positions] = scored.trees
            dropped_after[positions] = len(values) if len(values) < folds else 0
    chosen = best(scores, measure.greater_is_better)
    return Choice(points, scores, trees, _shared(fits, len(points)), dropped_after, chosen, sum(map(len, found)))


def _shared(fits: Sequence[Fit], count: int) -> npt.NDArray[np.bool_]:
    """Tell for each point whether another one paid for its trees."""
    shared = np.ones(count, np.bool_)
    for fit in fits:
        shared[fit.points[fit.trees][0]] = False
    return shared
