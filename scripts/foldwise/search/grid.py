"""Search over points that are known beforehand, inner fold by inner fold: exact, or raced.

Exact: the table that GridSearchCV over the same splits would give, with fewer fits. Raced: after an inner
fold only the most promising fits go on to the next (successive halving over folds instead of a budget of
samples; Jamieson and Talwalkar 2016, algorithm 1, with its stages fixed beforehand).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.backends.contract import Backend, FitOptions
from foldwise.search.choice import Choice, best
from foldwise.search.inner_fold import InnerFold
from foldwise.search.measure import Measure, Values
from foldwise.search.plan import Fit, plan_fits
from foldwise.search.threads import shared_threads
from foldwise.search.train_part import TrainPart

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
    for number, fold in enumerate(folds):
        if race and number:
            alive = _survivors(fits, found, alive, number, measure)
        print(f"inner fold {number + 1} of {len(folds)}: {len(alive)} of {len(fits)} fits", flush=True)
        inner = InnerFold(train, int(fold), backend, replace(options, threads=each))
        scored = inner.run([fits[i] for i in alive], workers, measure.score)
        for position, values in zip(alive, scored, strict=True):
            found[position].append(values)
    return _choice(points, fits, found, len(folds), measure)


def _survivors(
    fits: Sequence[Fit], found: Sequence[Sequence[Values]], alive: Sequence[int], stage: int, measure: Measure
) -> list[int]:
    """Return the fits that go on after ``stage`` inner folds: those with the best point; of equal ones the first."""
    kept = max(_FEWEST_RACED, math.ceil(RACE[min(stage, len(RACE)) - 1] * len(fits)))
    sign = -1 if measure.greater_is_better else 1

    def best_point(i: int) -> float:
        return min(sign * float(s.scores.mean()) for s in measure.read(fits[i], found[i]).values())

    return sorted(sorted(alive, key=best_point)[:kept])


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
