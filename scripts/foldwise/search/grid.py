"""The exact grid search: the table that GridSearchCV over the same splits would give, with fewer fits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from foldwise.backends.contract import Backend, FitOptions
from foldwise.errors import UserError
from foldwise.matrix import FeatureMatrix
from foldwise.search.plan import Fit, plan_fits

Outcome = TypeVar("Outcome")
Metric = Callable[[npt.NDArray[np.int8], npt.NDArray[Any]], float]


@dataclass(frozen=True)
class TrainPart:
    """The rows of an outer train part.

    Attributes:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        weight: shape (n,), or None when every row counts alike.
        inner: shape (n,), the inner fold, 1..k, of each row.
    """

    matrix: FeatureMatrix
    label: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float64] | None
    inner: npt.NDArray[np.int16]

    def without(self, fold: int) -> "TrainPart":
        """Return the rows outside an inner fold."""
        return self.rows(self.inner != fold)

    def only(self, fold: int) -> "TrainPart":
        """Return the rows of an inner fold."""
        return self.rows(self.inner == fold)

    def rows(self, mask: npt.NDArray[np.bool_]) -> "TrainPart":
        """Return the rows where ``mask``, shape (n,), is true."""
        weight = None if self.weight is None else self.weight[mask]
        return TrainPart(self.matrix.rows(mask), self.label[mask], weight, self.inner[mask])


@dataclass(frozen=True)
class Choice:
    """The outcome of a search.

    Attributes:
        points: the parameters of every point, shape (q,).
        scores: shape (q, k): the metric of each point on each inner fold.
        trees: shape (q,): number of trees that each score rests on.
        shared: shape (q,): whether a point was scored from the trees of another.
        chosen: position of the best point; of equal ones the first.
        fits: number of fits on each inner fold.
    """

    points: Sequence[Mapping[str, Any]]
    scores: npt.NDArray[np.float64]
    trees: npt.NDArray[np.int32]
    shared: npt.NDArray[np.bool_]
    chosen: int
    fits: int


def search_grid(
    points: Sequence[Mapping[str, Any]],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    metric: Metric,
    greater_is_better: bool,
    workers: int = 1,
) -> Choice:
    """Score every point on every inner fold and choose the best mean.

    Args:
        points: parameter values, the number of trees among them.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of a fit, device.
        metric: score of labels and probabilities.
        greater_is_better: whether the largest mean wins.
        workers: fits that run at a time; the outcome does not depend on it.
    """
    fits = plan_fits(points, trees_name, backend)
    folds = np.unique(train.inner)
    scores = np.full((len(points), len(folds)), np.nan)

    def score(fit: Fit, data: Any, validation: Any, held_out: TrainPart) -> list[tuple[int, float]]:
        model = backend.fit(data, fit.params, fit.trees, options).model
        found = []
        for trees, positions in fit.points.items():
            value = metric(held_out.label, backend.predict(model, validation, trees))
            found += [(position, value) for position in positions]
        return found

    for column, fold in enumerate(folds):
        print(f"inner fold {column + 1} of {len(folds)}: {len(fits)} fits for {len(points)} points", flush=True)
        for found in run_fits(fits, train, int(fold), backend, options, workers, score):
            for position, value in found:
                scores[position, column] = value
    trees = np.array([int(p[trees_name]) for p in points], np.int32)
    return Choice(points, scores, trees, shared_points(fits, len(points)), best(scores, greater_is_better), len(fits))


def run_fits(
    fits: Sequence[Fit],
    train: TrainPart,
    fold: int,
    backend: Backend,
    options: FitOptions,
    workers: int,
    run: Callable[[Fit, Any, Any, TrainPart], Outcome],
) -> list[Outcome]:
    """Bin the rows outside one inner fold once and call ``run`` for every fit on them.

    Args:
        fits: what to fit.
        train: the outer train part.
        fold: the inner fold that is held out.
        backend: the backend's module.
        options: seed, threads of a fit, device.
        workers: calls that run at a time.
        run: gets the fit, the binned train rows, the prepared held-out rows and the held-out rows themselves.
    """
    fit_part, held_out = train.without(fold), train.only(fold)
    binned = {}
    for fit in fits:
        if fit.bin_key not in binned:
            with _refusals_told(backend, fit):
                data = backend.bin_train(fit_part.matrix, fit_part.label, fit_part.weight, fit.params, options)
                binned[fit.bin_key] = data, backend.bin_validation(held_out.matrix, held_out.label, data, options)

    def run_told(fit: Fit) -> Outcome:
        with _refusals_told(backend, fit):
            return run(fit, *binned[fit.bin_key], held_out)

    # Threads, not processes: the libraries release the GIL, and XGBoost deadlocks in a process forked after a fit.
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run_told, fits))


@contextmanager
def _refusals_told(backend: Backend, fit: Fit) -> Iterator[None]:
    """Turn what the library raises for a value that it does not take into the user's mistake."""
    try:
        yield
    except backend.Refusal as refusal:
        reason = " ".join(str(refusal).split("Stack trace")[0].split())[:300]
        raise UserError(f"search.space: the library refuses {dict(fit.params)}: {reason}: change the value") from None


def best(scores: npt.NDArray[np.float64], greater_is_better: bool) -> int:
    """Return the position of the best mean score, the first of equal ones; scores of shape (q, k)."""
    means = scores.mean(axis=1)
    return int(np.argmax(means) if greater_is_better else np.argmin(means))


def shared_points(fits: Sequence[Fit], count: int) -> npt.NDArray[np.bool_]:
    """Tell for each point whether another one paid for its trees."""
    shared = np.ones(count, np.bool_)
    for fit in fits:
        shared[fit.points[fit.trees][0]] = False
    return shared
