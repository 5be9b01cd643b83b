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

    def evaluate(self, fit: Fit, binned: BinnedFold) -> Values:
        """Fit, and return values of the metric on the held-out rows."""

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each number of trees in ``fit.points``.

        Args:
            fit: the fit.
            by_fold: what :meth:`evaluate` returned, one array an inner fold.
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

    def evaluate(self, fit: Fit, binned: BinnedFold) -> Values:
        """Return the metric at each number of trees in ``fit.points``, in their order."""
        backend, label = binned.backend, binned.held_out.label
        model = backend.fit(binned.train, fit.params, fit.trees, binned.options).model
        return np.array([self.metric(label, backend.predict(model, binned.validation, t)) for t in fit.points])

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each number of trees in ``fit.points``."""
        values = np.stack(by_fold)
        return {trees: Evaluation(values[:, i], trees) for i, trees in enumerate(fit.points)}


@dataclass(frozen=True)
class EarlyStopping:
    """Evaluates where the mean curve of the inner folds is best before ``rounds`` trees in a row bring no gain.

    The number of trees of a point is the limit of its curve.

    Attributes:
        metric: ``log_loss`` or ``auc``, which the libraries evaluate after every tree.
        greater_is_better: its direction.
        rounds: patience, in trees.
    """

    metric: str
    greater_is_better: bool
    rounds: int

    def evaluate(self, fit: Fit, binned: BinnedFold) -> Values:
        """Return the curve of the held-out rows, shape (trees,)."""
        eval_sets: list[tuple[str, Any]] = [("validation", binned.validation)]
        fitted = binned.backend.fit(
            binned.train, fit.params, fit.trees, binned.options, eval_sets=eval_sets, metrics=(self.metric,)
        )
        return fitted.curves["validation", self.metric]

    def combine(self, fit: Fit, by_fold: Sequence[Values]) -> Mapping[int, Evaluation]:
        """Return the result for each limit in ``fit.points``: the stopping tree of the mean curve up to it."""
        curves = np.stack(by_fold)
        evaluations = {}
        for limit in fit.points:
            trees = stopping_tree(curves[:, :limit].mean(axis=0), self.rounds, self.greater_is_better)
            evaluations[limit] = Evaluation(curves[:, trees - 1], trees)
        return evaluations


def stopping_tree(curve: Values, rounds: int, greater_is_better: bool) -> int:
    """Return the number of trees, from 1, at which a curve was best when patience ran out.

    Args:
        curve: shape (trees,), the metric after each tree.
        rounds: trees without a gain after which to stop.
        greater_is_better: direction of the metric.
    """
    ascending = -curve if greater_is_better else curve
    best = 0
    for tree in range(1, len(ascending)):
        if ascending[tree] < ascending[best]:
            best = tree
        elif tree - best >= rounds:
            break
    return best + 1
