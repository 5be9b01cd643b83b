"""One point at a time, for a search that asks for the next point once it has seen the last."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from foldwise.backends.contract import Backend, FitOptions
from foldwise.search.inner_fold import InnerFold
from foldwise.search.measure import Measure, Scored
from foldwise.search.plan import plan_fits
from foldwise.search.threads import shared_threads
from foldwise.search.train_part import TrainPart


class Trials:
    """The inner folds of a train part, kept binned from one trial to the next."""

    def __init__(
        self,
        trees_name: str,
        train: TrainPart,
        backend: Backend,
        options: FitOptions,
        measure: Measure,
        affinity: int = 1,
    ) -> None:
        """Part the rows by inner fold.

        Args:
            trees_name: name of the parameter that holds the number of trees.
            train: the outer train part with its inner folds.
            backend: the backend's module.
            options: seed, threads of the search, device.
            measure: how a fit is scored.
            affinity: processors at hand; the outcome does not depend on it.
        """
        folds: Sequence[int] = np.unique(train.inner).tolist()
        each, self._workers = shared_threads(options.threads, len(folds), affinity)
        self._folds = [InnerFold(train, fold, backend, replace(options, threads=each)) for fold in folds]
        self._trees_name, self._backend, self._measure = trees_name, backend, measure

    def score(self, point: Mapping[str, Any]) -> Scored:
        """Return the scores of one point on every inner fold."""
        [fit] = plan_fits([point], self._trees_name, self._backend)
        with ThreadPoolExecutor(self._workers) as pool:
            found = list(pool.map(lambda inner: inner.run([fit], self._measure.score)[0], self._folds))
        return self._measure.read(fit, found)[fit.trees]
