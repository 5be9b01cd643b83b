"""How a fit on an inner fold is scored: at the numbers of trees that its points ask for, or along its curve."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from foldwise.search.fits import Binned, Fit


def stop(curve: npt.NDArray[np.float64], rounds: int, greater_is_better: bool) -> int:
    """Return the number of trees, from 1, at which a curve was best when patience ran out.

    Args:
        curve: shape (trees,), the score after each tree.
        rounds: trees without a gain after which to stop.
        greater_is_better: direction of the score.
    """
    ordered = -curve if greater_is_better else curve
    best_so_far = 0
    for tree in range(1, len(ordered)):
        if ordered[tree] < ordered[best_so_far]:
            best_so_far = tree
        elif tree - best_so_far >= rounds:
            break
    return best_so_far + 1


Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What the points of one number of trees reach.

    Attributes:
        scores: shape (folds,), the metric on each inner fold that was fitted.
        trees: the number of trees that the scores rest on.
    """

    scores: Values
    trees: int


class Measure(Protocol):
    """A way to score a fit on one inner fold and to read its points' scores off all of them."""

    @property
    def greater_is_better(self) -> bool:
        """Direction of the metric."""

    def score(self, fit: Fit, binned: Binned) -> Values:
        """Fit and return the metric on the held-out rows, by number of trees."""

    def read(self, fit: Fit, found: Sequence[Values]) -> Mapping[int, Scored]:
        """Return, by the number of trees of the points, what they reach; ``found`` has one entry an inner fold."""


@dataclass(frozen=True)
class AtPoints:
    """Scores at exactly the numbers of trees that the points ask for: those of a fit of each point alone.

    Attributes:
        metric: score of labels and probabilities.
        greater_is_better: its direction.
    """

    metric: Callable[[npt.NDArray[np.int8], npt.NDArray[Any]], float]
    greater_is_better: bool

    def score(self, fit: Fit, binned: Binned) -> Values:
        """Return the metric at each number of trees in ``fit.points``, in their order."""
        backend, label = binned.backend, binned.held_out.label
        model = backend.fit(binned.train, fit.params, fit.trees, binned.options).model
        return np.array([self.metric(label, backend.predict(model, binned.validation, t)) for t in fit.points])

    def read(self, fit: Fit, found: Sequence[Values]) -> Mapping[int, Scored]:
        """Return the scores of every number of trees."""
        by_fold = np.stack(found)
        return {trees: Scored(by_fold[:, i], trees) for i, trees in enumerate(fit.points)}


@dataclass(frozen=True)
class AlongCurve:
    """Scores at the number of trees where the mean curve of the inner folds is best: early stopping.

    No scored row decides when to stop. The trees of a point are the limit; its number of trees is where the
    mean of the inner folds' curves is best before ``rounds`` trees in a row bring no gain.

    Attributes:
        metric: ``log_loss`` or ``auc``, which the libraries evaluate after every tree.
        greater_is_better: its direction.
        rounds: patience, in trees.
    """

    metric: str
    greater_is_better: bool
    rounds: int

    def score(self, fit: Fit, binned: Binned) -> Values:
        """Return the curve of the held-out rows, shape (trees,)."""
        watched = [("validation", binned.validation)]
        fitted = binned.backend.fit(
            binned.train, fit.params, fit.trees, binned.options, watch=watched, metrics=(self.metric,)
        )
        return fitted.curves["validation", self.metric]

    def read(self, fit: Fit, found: Sequence[Values]) -> Mapping[int, Scored]:
        """Stop the mean curve within the limit of each number of trees."""
        by_fold = np.stack(found)
        scored = {}
        for limit in fit.points:
            trees = stop(by_fold[:, :limit].mean(axis=0), self.rounds, self.greater_is_better)
            scored[limit] = Scored(by_fold[:, trees - 1], trees)
        return scored
