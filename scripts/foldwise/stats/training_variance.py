"""How much a metric over folds would vary with other train rows, from predictions that a run has anyway.

The squared influences of the groups on their test folds miss a part of the variance: the models share train rows, and
what they learned from them is the same in all folds. No unbiased estimate of it from one cross-validation exists
(Bengio and Grandvalet 2004, JMLR 5, 1089-1105). The estimate here is our own derivation, without a published source
or review; docs/intervals.md shows by simulation how well it does.

With h_ab the effect that training on group b has on the metric of group a, the missed part is the mean product
h_ab * h_ba of pairs of groups (Hoeffding's decomposition, second order), which is at most the mean square of h_ab. That
mean square shows where models with other train rows predict the same groups: the inner models of the other outer
folds, and the models of another repeat.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SplitShares:
    """How the groups of one repeat are split.

    Attributes:
        trained: q, the share of groups in an outer train part.
        inner_trained: m, the share of groups in the train part of an inner model.
        varies: w, the mean over pairs of groups (a, b) of the variance, over the outer folds that train on a, of
            whether b is in the train part of the inner model that predicts a (ddof 1). NaN below 3 outer folds.
    """

    trained: float
    inner_trained: float
    varies: float

    @property
    def inner_factor(self) -> float:
        """What the variance over inner models is multiplied by, as these have fewer train groups: m^2 / (q w)."""
        return float(np.divide(self.inner_trained**2, self.trained * self.varies))

    @classmethod
    def equal(cls, n_splits: int, inner_splits: int) -> "SplitShares":
        """Return the shares of folds of equal size.

        Args:
            n_splits: K, outer folds.
            inner_splits: k, inner folds.

        Example:
            >>> round(SplitShares.equal(5, 3).inner_factor, 3)
            1.333
        """
        trained, kept, others = 1 - 1 / n_splits, 1 - 1 / inner_splits, n_splits - 1
        if others < 2:
            return cls(trained, trained * kept, float("nan"))
        apart = (others - 1) / others * kept * (1 - kept) + kept**2 / others
        return cls(trained, trained * kept, trained * apart + kept * (1 - kept) / n_splits)

    @classmethod
    def of_folds(cls, inner_fold: npt.NDArray[np.int16]) -> "SplitShares":
        """Return the shares of folds as they are.

        Args:
            inner_fold: shape (K, G), the inner fold of each group in every outer fold, from 1; 0 or less where the
                group is not in the train part.
        """
        trains = inner_fold > 0
        folds, groups = inner_fold.shape
        times = trains.sum(axis=0)
        # Of the inner models that predict a group: how many were trained on each other group, its sum and sum of
        # squares over these others. A pair of outer folds at a time, by the table of the inner folds in both.
        once, squared = np.zeros(groups), np.zeros(groups)
        for i in range(folds):
            for j in range(folds):
                both = np.flatnonzero(trains[i] & trains[j])
                size = int(inner_fold.max()) + 1
                table = np.bincount(
                    inner_fold[i, both].astype(np.int64) * size + inner_fold[j, both], minlength=size**2
                )
                table = table.reshape(size, size)
                neither = table.sum() - table.sum(axis=1, keepdims=True) - table.sum(axis=0) + table
                counted = neither[inner_fold[i, both], inner_fold[j, both]]
                squared[both] += counted
                if i == j:
                    once[both] += counted
        several = times > 1
        varies = float("nan")
        if several.any():
            variance = (once - squared / np.maximum(times, 1))[several] / (times[several] - 1)
            varies = float(variance.sum() / (several.sum() * (groups - 1)))
        return cls(float(trains.mean()), float(once.sum() / (times.sum() * (groups - 1))), varies)


def variance_over_inner_models(influence: Floats, repeat: npt.NDArray[np.int64], shares: SplitShares) -> float | None:
    """Return the training part of the variance, from the inner out-of-fold predictions; None below 3 outer folds.

    Args:
        influence: shape (J, G), what each group contributes to the metric of the inner out-of-fold predictions of
            each outer fold, times the share of all rows that are in that train part; NaN where the group is not in it.
        repeat: shape (J,), the repeat of each outer fold.
        shares: how the groups of a repeat are split.
    """
    if not shares.inner_factor > 0:
        return None
    repeats = np.unique(repeat)
    sums = []
    for number in repeats:
        part = influence[repeat == number]
        several = np.isfinite(part).sum(axis=0) > 1
        sums.append(float(np.nanvar(part[:, several], axis=0, ddof=1).sum()))
    trained = shares.trained
    return shares.inner_factor * float(np.mean(sums)) * (trained + (1 - trained) / len(repeats))


def variance_over_repeats(influence: Floats, shares: SplitShares) -> float | None:
    """Return the training part of the variance, from several repeats of the outer folds; None for one.

    Args:
        influence: shape (R, G), what each group contributes to the metric of the pooled out-of-fold predictions of
            each repeat.
        shares: how the groups of a repeat are split.
    """
    repeats = len(influence)
    if repeats < 2:
        return None
    spread = float(influence.var(axis=0, ddof=1).sum())
    return (shares.trained / (1 - shares.trained) + 1 / repeats) * spread
