"""Runs the fits of a search on one inner fold after the other, in threads, and collects what they result in."""

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


class FoldRunner:
    """The fits that cover some points, and their results on the inner folds so far.

    Fits are named by their position in ``fits``. Every fit runs on the inner folds in their order.

    Attributes:
        fits: the fits, the most expensive first.
        folds: number of inner folds.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        workers: int,
        points: Sequence[Point],
        fits: Sequence[Fit],
        train: TrainPart,
        backend: Backend,
        options: FitOptions,
        objective: Objective,
    ) -> None:
        """Start with no fit; :func:`fold_runner` makes the pool.

        Args:
            pool: runs the fits.
            workers: its number of threads.
            points: the points, each with a number of trees.
            fits: the fits that cover them.
            train: the outer train part with its inner folds.
            backend: the backend's module.
            options: seed, threads of a fit, device.
            objective: how a fit is evaluated.
        """
        self.fits = fits
        self._folds = np.unique(train.inner).tolist()
        self.folds = len(self._folds)
        self._pool, self._points, self._train = pool, points, train
        self._backend, self._options, self._objective = backend, options, objective
        self._evaluated: list[list[FoldFit]] = [[] for _ in fits]
        self._running: dict[int, Future[FoldFit]] = {}
        self._current: tuple[int, InnerFold] | None = None
        # The next inner fold starts while the last fits of one are running, so that no processor is idle. Of a table
        # on disk, which is large, only one inner fold is binned at a time.
        self._overlap = workers if workers > 1 and isinstance(train.matrix, FeatureMatrix) else 0

    def run(self, number: int, among: Sequence[int], kept: int | None = None) -> list[int]:
        """Start the best fits on an inner fold; those that are among them in any case start without a wait.

        Args:
            number: number of the inner fold, from 0.
            among: fits that ran on the inner folds before this one.
            kept: how many of them continue, the best by their mean so far and of equal ones the first; None for all.

        Returns:
            The fits that were started.
        """
        kept = len(among) if kept is None else min(kept, len(among))
        self._collect(self._overlap)
        print(f"inner fold {number + 1} of {self.folds}: {kept} of {len(self.fits)} fits", flush=True)
        inner = self._inner(number)
        inner.bin_for([self.fits[i] for i in among])
        certain = self._certain_to_continue(among, self._running.keys(), kept)
        started = {i: inner.submit(self._pool, self.fits[i], self._objective.evaluate) for i in certain}
        self.wait()
        continuing = self._certain_to_continue(among, (), kept)
        self._running = started | {
            i: inner.submit(self._pool, self.fits[i], self._objective.evaluate) for i in continuing if i not in started
        }
        return continuing

    def wait(self) -> None:
        """Wait until no fit is running."""
        self._collect()

    def losses(self, fits: Sequence[int]) -> list[float]:
        """Return the mean metric over the inner folds so far, at the best number of trees, the less the better.

        Infinity for NaN. No fit of them may be running.
        """
        return [self._loss(i) for i in fits]

    def result(self) -> SearchResult:
        """Wait, and choose the best mean of the points evaluated on all inner folds."""
        self.wait()
        count = len(self._points)
        metric = np.full((count, self.folds), np.nan)
        trees, evaluated = np.zeros(count, np.int32), np.zeros(count, np.int16)
        fit_of_point = np.zeros(count, np.int64)
        for number, (fit, by_fold) in enumerate(zip(self.fits, self._evaluated, strict=True)):
            if not by_fold:
                continue
            for limit, evaluation in self._objective.combine(fit, [fold_fit.values for fold_fit in by_fold]).items():
                positions = fit.points[limit]
                metric[positions, : len(by_fold)] = evaluation.metric
                trees[positions] = evaluation.trees
                fit_of_point[positions] = number
                evaluated[positions] = len(by_fold)
        chosen = best(metric, self._objective.greater_is_better)
        return SearchResult(
            self._points,
            metric,
            trees,
            _shared(self.fits, count),
            evaluated,
            chosen,
            sum(map(len, self._evaluated)),
            tuple(fold_fit.model for fold_fit in self._evaluated[fit_of_point[chosen]]),
        )

    def _inner(self, number: int) -> InnerFold:
        """Return an inner fold; only the last one is kept, with its binned data."""
        if self._current is None or self._current[0] != number:
            inner = InnerFold(self._train, self._folds[number], self._backend, self._options)
            self._current = number, inner
        return self._current[1]

    def _collect(self, unfinished: int = 0) -> None:
        """Wait until at most the last ``unfinished`` fits are running, and keep the results of the others."""
        running = self._running
        wait(list(running.values())[: len(running) - unfinished], return_when=FIRST_EXCEPTION)
        for i in [i for i, future in running.items() if future.done()]:
            self._evaluated[i].append(running.pop(i).result())

    def _certain_to_continue(self, among: Sequence[int], running: Collection[int], kept: int) -> list[int]:
        """Return the fits that continue whatever the running ones result in; of equal ones the first continue.

        Args:
            among: the fits that may continue.
            running: the fits that have not finished, all of them among these.
            kept: how many continue.
        """
        if kept >= len(among):
            return list(among)
        finished = sorted((i for i in among if i not in running), key=self._loss)
        return sorted(finished[: max(0, kept - len(running))])

    def _loss(self, i: int) -> float:
        sign = -1 if self._objective.greater_is_better else 1
        values = [fold_fit.values for fold_fit in self._evaluated[i]]
        losses = [sign * float(e.metric.mean()) for e in self._objective.combine(self.fits[i], values).values()]
        return min((loss for loss in losses if not np.isnan(loss)), default=np.inf)


@contextmanager
def fold_runner(
    points: Sequence[Point],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    objective: Objective,
    processors: int,
) -> Iterator[FoldRunner]:
    """Yield the runner of the fewest fits that cover some points; after an exception, waiting fits are cancelled.

    Args:
        points: the points, each with a number of trees.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of the search, device.
        objective: how a fit is evaluated.
        processors: number of processors that this process may use; the result does not depend on it.
    """
    fits = plan_fits(points, trees_name, backend)
    threads_per_fit, workers = shared_threads(options.threads, len(fits), processors)
    pool = ThreadPoolExecutor(workers)
    try:
        yield FoldRunner(
            pool, workers, points, fits, train, backend, replace(options, threads=threads_per_fit), objective
        )
    finally:
        pool.shutdown(cancel_futures=True)


def _shared(fits: Sequence[Fit], count: int) -> npt.NDArray[np.bool_]:
    """Return for each point, shape (count,), whether it uses the trees of another one."""
    shared = np.ones(count, np.bool_)
    for fit in fits:
        shared[fit.points[fit.trees][0]] = False
    return shared
