"""How much every group contributes to a metric: its influence, the derivative by the weight of the group's rows.

The variance of a metric of grouped rows is the sum of the squared influences of the groups:
Obuchowski (1997), Biometrics 53, 567-578, for the AUC; LeDell, Petersen and van der Laan (2015), Electronic Journal of
Statistics 9, 1583-1607, for the AUC over folds; Bayle, Bayle, Janson and Mackey (2020), arXiv 2007.12671, for losses
over folds. :mod:`foldwise.stats.influence_interval` makes intervals of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.stats.metrics import Labels, row_log_loss

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int32]


@dataclass(frozen=True)
class PredictedRows:
    """The predictions of n rows: of the test rows of a fold, or of the train rows by the inner models.

    Attributes:
        label: shape (n,), int8, 0 or 1.
        prediction: shape (n,), float64, the probability of class 1.
        group: shape (n,), int32, the group of each row, from 0 to G - 1 over the whole table.
        threshold: a row is called positive if its prediction is at least this; one value, or one a row, shape (n,).
    """

    label: Labels
    prediction: Floats
    group: Groups
    threshold: float | Floats = 0.5

    @property
    def called(self) -> npt.NDArray[np.bool_]:
        """Which rows are called positive, shape (n,)."""
        return np.asarray(self.prediction >= self.threshold, np.bool_)


@dataclass(frozen=True)
class Contributions:
    """A metric of some rows, and what each of G groups contributes to it.

    AUC and average precision have two parts, that of the negative rows and that of the positive rows, because a study
    has its own number of groups in each class; the other metrics have one.

    Attributes:
        value: the metric; NaN where it is not defined.
        influence: shape (parts, G), float64, centred at ``value``: the sum over all groups is 0. Zero for a group
            without rows.
        share: shape (parts, G), float64, the group's share of what the metric is a mean over, such as of the positive
            rows; by it a mean over folds counts the deviation of a fold.
        has_rows: shape (parts, G), whether the group has rows in the part.
    """

    value: float
    influence: Floats
    share: Floats
    has_rows: npt.NDArray[np.bool_]

    def centred_at(self, centre: float) -> Floats:
        """Return the contributions to the difference between the metric and ``centre``, shape (parts, G)."""
        return self.influence + (self.value - centre) * self.share


def contributions(metric: str, rows: PredictedRows, groups: int) -> Contributions:
    """Return a metric and the influence of every group on it.

    The influence of a group is the derivative of the metric by the weight of the group's rows: with every row counted
    50 times and those of one group 51 times, the metric changes by about 1/50 of it.

    Args:
        metric: one of :data:`METRICS`.
        rows: n rows, n >= 1.
        groups: G, the number of groups of the whole table.

    Example:
        >>> rows = PredictedRows(np.array([0, 1, 1], np.int8), np.array([0.2, 0.7, 0.4]), np.array([0, 1, 2], np.int32))
        >>> accuracy = contributions("accuracy", rows, groups=3)
        >>> round(accuracy.value, 3), accuracy.influence.round(3)
        (0.667, array([[ 0.111,  0.111, -0.222]]))
    """
    if metric in _RANKING:
        return _RANKING[metric](_rank(rows), groups)
    return _ratio(*_RATIOS[metric](rows), rows.group, groups)


@dataclass(frozen=True)
class _Ranking:
    """Rows from the highest prediction to the lowest, in runs of equal predictions.

    Attributes:
        positive: shape (n,), whether the row is positive.
        group: shape (n,), its group.
        run: shape (n,), its run, from 0.
        positives: shape (runs,), float64, number of positive rows in the run.
        negatives: shape (runs,), float64, number of negative rows.
    """

    positive: npt.NDArray[np.bool_]
    group: Groups
    run: npt.NDArray[np.int64]
    positives: Floats
    negatives: Floats

    def by_class(self, of_negatives: Floats, of_positives: Floats, groups: int) -> Floats:
        """Return sums over the rows of each class and group, shape (2, G), of values that a run has, shape (runs,)."""
        sums = np.empty((2, groups))
        for part, (rows, values) in enumerate(((~self.positive, of_negatives), (self.positive, of_positives))):
            sums[part] = np.bincount(self.group[rows], values[self.run[rows]], groups)
        return sums


def _rank(rows: PredictedRows) -> _Ranking:
    order = np.argsort(-rows.prediction, kind="stable")
    ranked, positive = rows.prediction[order], rows.label[order] == 1
    run = np.zeros(len(order), np.int64)
    np.cumsum(ranked[1:] != ranked[:-1], out=run[1:])
    positives, negatives = (np.bincount(run, kept).astype(np.float64) for kept in (positive, ~positive))
    return _Ranking(positive, rows.group[order], run, positives, negatives)


def _auc(ranking: _Ranking, groups: int) -> Contributions:
    """Return the AUC, the mean of the placements of DeLong, DeLong and Clarke-Pearson (1988), and its influences."""
    positives, negatives = ranking.positives, ranking.negatives
    n_positive, n_negative = float(positives.sum()), float(negatives.sum())
    if not n_positive or not n_negative:
        return _undefined(2, groups)
    beaten = (n_negative - np.cumsum(negatives) + negatives / 2) / n_negative
    beating = (np.cumsum(positives) - positives / 2) / n_positive
    area = float(positives @ beaten / n_positive)
    influence = ranking.by_class((beating - area) / n_negative, (beaten - area) / n_positive, groups)
    one = np.ones_like(positives)
    share = ranking.by_class(one / n_negative, one / n_positive, groups)
    return Contributions(area, influence, share, share > 0)


def _average_precision(ranking: _Ranking, groups: int) -> Contributions:
    """Return the average precision and its influences.

    With weights it is the sum over runs of positives * hit / called, divided by the sum of positives, where ``hit`` and
    ``called`` are the positive rows and all rows up to the run. A row adds to ``called`` of its own and every later
    run, a positive one to ``hit`` too.
    """
    positives = ranking.positives
    n_positive = float(positives.sum())
    if not n_positive:
        return _undefined(2, groups)
    called, hit = np.cumsum(positives + ranking.negatives), np.cumsum(positives)
    value = float(positives @ (hit / called) / n_positive)
    of_negative = -_sums_from(positives * hit / called**2)
    of_positive = hit / called + _sums_from(positives / called) + of_negative - value
    influence = ranking.by_class(of_negative / n_positive, of_positive / n_positive, groups)
    one = np.ones_like(positives)
    rows = ranking.by_class(one, one, groups)
    share = np.stack([np.zeros(groups), rows[1] / n_positive])
    return Contributions(value, influence, share, rows > 0)


def _sums_from(values: Floats) -> Floats:
    """Return the sum of each value and all later ones."""
    return np.asarray(np.cumsum(values[::-1])[::-1], np.float64)


_Row = npt.NDArray[np.bool_] | Floats
_Parts = tuple[_Row, _Row, npt.NDArray[np.bool_] | None]


def _ratio(
    numerator: _Row, denominator: _Row, counted: npt.NDArray[np.bool_] | None, group: Groups, groups: int
) -> Contributions:
    """Return the ratio of two sums over rows, and its influences.

    Args:
        numerator: shape (n,), what each row adds to the numerator.
        denominator: shape (n,), what it adds to the denominator.
        counted: shape (n,), the rows whose groups the metric is about, None for all; it is not defined without any.
        group: shape (n,).
        groups: G.
    """
    rows = np.bincount(group if counted is None else group[counted], minlength=groups).astype(np.float64)
    if not rows.any():
        return _undefined(1, groups)
    above = np.bincount(group, numerator, groups)
    below = np.bincount(group, denominator, groups)
    total = float(below.sum())
    if total:
        value = float(above.sum()) / total
        influence, share = (above - value * below) / total, below / total
    else:
        # Nothing is called positive: the metric is 0, as everywhere else. The fold still counts in a mean over folds.
        value, influence, share = 0.0, np.zeros(groups), rows / rows.sum()
    return Contributions(value, influence[np.newaxis], share[np.newaxis], rows[np.newaxis] > 0)


def _undefined(parts: int, groups: int) -> Contributions:
    nothing = np.zeros((parts, groups))
    return Contributions(float("nan"), nothing, nothing, nothing > 0)


def _log_loss(rows: PredictedRows) -> _Parts:
    return np.asarray(row_log_loss(rows.label, rows.prediction), np.float64), np.ones(len(rows.label)), None


def _brier(rows: PredictedRows) -> _Parts:
    return np.square(rows.prediction - rows.label), np.ones(len(rows.label)), None


def _accuracy(rows: PredictedRows) -> _Parts:
    return rows.called == (rows.label == 1), np.ones(len(rows.label)), None


def _f1(rows: PredictedRows) -> _Parts:
    # Without a positive row F1 and precision are not defined; with one, every group counts in them.
    positive = rows.label == 1
    every_row = None if positive.any() else positive
    return 2.0 * (rows.called & positive), rows.called.astype(np.float64) + positive, every_row


def _precision(rows: PredictedRows) -> _Parts:
    positive = rows.label == 1
    return rows.called & positive, rows.called, None if positive.any() else positive


def _recall(rows: PredictedRows) -> _Parts:
    positive = rows.label == 1
    return rows.called & positive, positive, positive


def _fpr(rows: PredictedRows) -> _Parts:
    negative = rows.label == 0
    return rows.called & negative, negative, negative


_RANKING: dict[str, Callable[[_Ranking, int], Contributions]] = {"auc": _auc, "ap": _average_precision}
_RATIOS: dict[str, Callable[[PredictedRows], _Parts]] = {
    "f1": _f1,
    "accuracy": _accuracy,
    "precision": _precision,
    "recall": _recall,
    "tpr": _recall,
    "fpr": _fpr,
    "log_loss": _log_loss,
    "brier": _brier,
}

METRICS = (*_RANKING, *_RATIOS)
"""The metrics that have influences; ``tpr`` is another name of ``recall``."""
