"""Fits on inner folds: the fewest fits that cover all points, and the binned data that they share."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from foldwise.backends.base import Backend, FitOptions, Labels, Parameters, Predictions, Weights
from foldwise.data.feature_matrix import Matrix
from foldwise.errors import UserError
from foldwise.search.parameters import Point


@dataclass(frozen=True)
class Fit:
    """One fit that evaluates one or more points.

    Attributes:
        params: the parameters without the number of trees.
        points: number of trees -> positions of the points that use that many leading trees.
        bin_key: the parameters that its binned data depend on.
    """

    params: Parameters
    points: dict[int, list[int]]
    bin_key: Hashable

    @property
    def trees(self) -> int:
        """Number of trees to fit."""
        return max(self.points)


def plan_fits(points: Sequence[Point], trees_name: str, backend: Backend) -> list[Fit]:
    """Group points into as few fits as give the results of fitting every point on its own.

    Points that differ only in the number of trees share a fit, because the first k of n trees are the trees of a fit
    with k. So do points that are equal once parameters without effect are removed.

    Args:
        points: the points, each with a number of trees.
        trees_name: name of that parameter.
        backend: the backend's module.

    Returns:
        The fits, the most expensive first, so that parallel workers finish at about the same time.
    """
    fits: dict[Hashable, Fit] = {}
    for position, point in enumerate(points):
        trees = int(point[trees_name])
        params = backend.canonical({k: v for k, v in point.items() if k != trees_name})
        nested = backend.trees_are_nested(params)
        key = (tuple(sorted((k, repr(v)) for k, v in params.items())), None if nested else trees)
        fit = fits.setdefault(key, Fit(params, {}, backend.bin_key(params)))
        fit.points.setdefault(trees, []).append(position)
    return sorted(fits.values(), key=lambda fit: -_cost(fit))


def _cost(fit: Fit) -> float:
    depth = float(fit.params.get("max_depth") or fit.params.get("depth") or 6)
    return fit.trees * (depth if depth > 0 else 6)


def shared_threads(threads: int, fits: int, processors: int) -> tuple[int, int]:
    """Return the threads of one fit and the number of fits that run at the same time.

    The threads of a fit depend on the configuration alone, because CatBoost's model depends on them; the number of
    parallel fits is limited by the processors.

    Args:
        threads: threads of the whole search.
        fits: number of independent fits.
        processors: number of processors that this process may use.
    """
    per_fit = max(1, threads // max(1, fits))
    return per_fit, max(1, min(threads // per_fit, processors // per_fit))


@dataclass(frozen=True)
class TrainPart:
    """The rows of an outer train part.

    Attributes:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        weight: shape (n,), or None when all rows have the same weight.
        inner: shape (n,), the inner fold, 1..k, of each row.
        classes_weighted: whether the weights change the share of the classes, as those of ``balanced`` do.
    """

    matrix: Matrix
    label: Labels
    weight: Weights | None
    inner: npt.NDArray[np.int16]
    classes_weighted: bool = False

    @property
    def offset(self) -> float:
        """What a model's log-odds lack because of the class weights: the logarithm of the ratio of the class odds.

        Source: Elkan (2001), The foundations of cost-sensitive learning, theorem 2.
        """
        if self.weight is None or not self.classes_weighted:
            return 0.0
        positive = self.label == 1
        rows = np.log(positive.sum() / (~positive).sum())
        return float(rows - np.log(self.weight[positive].sum() / self.weight[~positive].sum()))

    def without(self, fold: int) -> "TrainPart":
        """Return the rows outside an inner fold."""
        return self.rows(self.inner != fold)

    def some(self, count: int) -> "TrainPart":
        """Return at most ``count`` rows, evenly spaced."""
        mask = np.zeros(len(self.label), np.bool_)
        mask[np.linspace(0, len(mask) - 1, min(count, len(mask))).astype(np.int64)] = True
        return self.rows(mask)

    def unweighted(self, prediction: Predictions) -> Predictions:
        """Return predictions of a model fitted on these rows without what the class weights add to them."""
        return np.asarray(expit(logit(prediction) + self.offset), prediction.dtype) if self.offset else prediction

    def only(self, fold: int) -> "TrainPart":
        """Return the rows of an inner fold."""
        return self.rows(self.inner == fold)

    def rows(self, mask: npt.NDArray[np.bool_]) -> "TrainPart":
        """Return the rows where ``mask``, shape (n,), is true."""
        weight = None if self.weight is None else self.weight[mask]
        return TrainPart(self.matrix.rows(mask), self.label[mask], weight, self.inner[mask], self.classes_weighted)


Result = TypeVar("Result")


@dataclass(frozen=True)
class BinnedFold:
    """An inner fold, binned for one or more fits.

    Attributes:
        fit_part: the rows outside the inner fold.
        held_out: the rows of the inner fold.
        train: ``fit_part`` as the backend fits it.
        validation: ``held_out`` as the backend predicts it.
        backend: the backend's module.
        options: seed, threads of a fit, device.
    """

    fit_part: TrainPart
    held_out: TrainPart
    train: Any
    validation: Any
    backend: Backend
    options: FitOptions


class InnerFold:
    """An inner fold: the rows outside it, binned for fits, and its own rows, prepared for predictions."""

    def __init__(self, train: TrainPart, fold: int, backend: Backend, options: FitOptions) -> None:
        """Select the rows.

        Args:
            train: the outer train part.
            fold: the inner fold that is held out.
            backend: the backend's module.
            options: seed, threads of a fit, device.
        """
        self._fit_part, self._held_out = train.without(fold), train.only(fold)
        self._backend, self._options = backend, replace(options, kept=False)
        self._binned: dict[Hashable, BinnedFold] = {}

    def run(self, fits: Sequence[Fit], evaluate: Callable[[Fit, BinnedFold], Result]) -> list[Result]:
        """Call ``evaluate`` for one fit after the other, each with the rows binned for it."""
        self.bin_for(fits)
        return [self._evaluate(fit, evaluate) for fit in fits]

    def submit(self, pool: Executor, fit: Fit, evaluate: Callable[[Fit, BinnedFold], Result]) -> Future[Result]:
        """Call ``evaluate`` in a thread of ``pool``, for a fit that :meth:`bin_for` was called with.

        Threads, not processes: the libraries release the GIL, and XGBoost deadlocks in a process forked after a fit.
        """
        return pool.submit(self._evaluate, fit, evaluate)

    def bin_for(self, fits: Sequence[Fit]) -> None:
        """Bin the rows for these fits, and free the binned data that none of them uses."""
        needed = {fit.bin_key: fit for fit in fits}
        self._binned = {key: data for key, data in self._binned.items() if key in needed}
        for key, fit in needed.items():
            if key not in self._binned:
                with _library_errors_as_user_errors(self._backend, fit):
                    self._binned[key] = self._bin(fit)

    def _evaluate(self, fit: Fit, evaluate: Callable[[Fit, BinnedFold], Result]) -> Result:
        with _library_errors_as_user_errors(self._backend, fit):
            return evaluate(fit, self._binned[fit.bin_key])

    def _bin(self, fit: Fit) -> BinnedFold:
        part, held_out, backend, options = self._fit_part, self._held_out, self._backend, self._options
        train = backend.bin_train(part.matrix, part.label, part.weight, fit.params, options)
        # Early stopping watches the held-out rows with the weights that the fit has.
        weight = held_out.weight if held_out.classes_weighted else None
        validation = backend.bin_validation(held_out.matrix, held_out.label, train, options, weight)
        return BinnedFold(part, held_out, train, validation, backend, options)


@contextmanager
def _library_errors_as_user_errors(backend: Backend, fit: Fit) -> Iterator[None]:
    """Raise a :class:`UserError` for a parameter value that the library refuses."""
    try:
        yield
    except backend.LibraryError as error:
        reason = " ".join(str(error).split("Stack trace")[0].split())[:300]
        raise UserError(f"search.space: the library refuses {dict(fit.params)}: {reason}: change the value") from None
