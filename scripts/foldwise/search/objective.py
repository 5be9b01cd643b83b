"""How a fit on an inner fold is evaluated: at its points' own numbers of trees, or with early stopping."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Labels, Predictions
from foldwise.search.fits import BinnedFold, Fit

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FoldFit:
    """A fit on the rows outside an inner fold, evaluated on the rows of that fold.

    Attributes:
        values: values of the metric; what they belong to depends on the objective.
        model: the model, which keeps no rows.
    """

    values: Values
    model: Any


@dataclass(frozen=True)
class Evaluation:
    """The result of the points with one number of trees.

    Attributes:
        metric: shape (folds,), the metric on each inner fold that was fitted.
        trees: number of trees that the metric was computed with.
    """

    metric: Values
    trees: int


class Objective(Protocol):
    """A way to evaluate a fit on one inner fold, and to derive its points' results from all inner folds."""

    @property
    def greater_is_better(self) -> bool:
        """Direction of the metric."""

    def evaluate(self, fit: Fit, binned: BinnedFold) -> FoldFit:
        """Fit, and evaluate the metric on the held-out rows."""

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each number of trees in ``fit.points``.

        Args:
            fit: the fit.
            by_fold: the values that :meth:`evaluate` returned, one array an inner fold.
        """


@dataclass(frozen=True)
class AtTreeCounts:
    """Evaluates at exactly the numbers of trees of the points, as fitting each point on its own would.

    Attributes:
        metric: function of labels and probabilities.
        greater_is_better: its direction.
    """

    metric: Callable[[Labels, Predictions], float]
    greater_is_better: bool

    def evaluate(self, fit: Fit, binned: BinnedFold) -> FoldFit:
        """Return the metric at each number of trees in ``fit.points``, in their order."""
        backend, label = binned.backend, binned.held_out.label
        model = backend.fit(binned.train, fit.params, fit.trees, binned.options).model
        predictions = (backend.predict(model, binned.validation, trees) for trees in fit.points)
        values = np.array([self.metric(label, binned.fit_part.unweighted(prediction)) for prediction in predictions])
        return FoldFit(values, backend.detached(model))

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each number of trees in ``fit.points``."""
        values = np.stack(by_fold)
        return {trees: Evaluation(values[:, i], trees) for i, trees in enumerate(fit.points)}


@dataclass(frozen=True)
class EarlyStopping:
    """Grows each fit until ``rounds`` trees in a row do not improve the metric on its own held-out rows.

    The number of trees of a point is the limit of its fit. Where the first trees of a fit are not those of a smaller
    one, as with DART, the fit has that many trees and does not stop.

    Attributes:
        metric: ``log_loss`` or ``auc``, which the libraries evaluate after every tree.
        greater_is_better: its direction.
        rounds: patience, in trees.
    """

    metric: str
    greater_is_better: bool
    rounds: int

    def evaluate(self, fit: Fit, binned: BinnedFold) -> FoldFit:
        """Return the curve of the held-out rows, shape (trees,)."""
        backend = binned.backend
        fitted = backend.fit(
            binned.train,
            fit.params,
            fit.trees,
            binned.options,
            eval_sets=[("validation", binned.validation)],
            metrics=(self.metric,),
            patience=self.rounds if backend.trees_are_nested(fit.params) else None,
        )
        return FoldFit(fitted.curves["validation", self.metric], backend.detached(fitted.model))

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each limit in ``fit.points``, at the number of trees of :func:`tree_count`."""
        evaluations = {}
        for limit in fit.points:
            curves = held([curve[:limit] for curve in by_fold])
            trees = tree_count(curves, self.greater_is_better)
            evaluations[limit] = Evaluation(curves[:, trees - 1], trees)
        return evaluations


def held(curves: Sequence[Values]) -> Values:
    """Return curves of different lengths as rows of one array, each continued with its last value.

    Args:
        curves: one array an inner fold, the metric after each tree.
    """
    longest = max(map(len, curves))
    return np.stack([np.pad(curve, (0, longest - len(curve)), mode="edge") for curve in curves])


def tree_count(curves: Values, greater_is_better: bool) -> int:
    """Return the geometric mean, rounded, of the numbers of trees, from 1, at which the curves are best.

    Neither the minimum of the mean curve nor the arithmetic mean is safe with few groups: one inner fold with large
    losses decides the first, and one whose curve falls to the end the second (docs/search.md has the measurements).

    Args:
        curves: shape (folds, trees), the metric after each tree.
        greater_is_better: direction of the metric.

    Example:
        >>> tree_count(np.array([[0.6, 0.5, 0.4, 0.4], [0.6, 0.5, 0.6, 0.7]]), greater_is_better=False)
        2
    """
    ascending = -curves if greater_is_better else curves
    return round(float(np.exp(np.log(ascending.argmin(axis=1) + 1).mean())))
