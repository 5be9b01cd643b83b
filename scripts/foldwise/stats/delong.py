"""Intervals and differences of AUCs where rows of one group depend on each other.

Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53, 567-578: the
variance of DeLong, DeLong and Clarke-Pearson (1988) with sums over groups in place of rows. With one
row a group, the two agree.

The AUC here is the mean of the placements that the variance needs anyway; it equals that of
:func:`foldwise.stats.metrics.auc` except in the last bits.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from foldwise.stats.metrics import Labels

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NormalInterval:
    """An estimate with a normal interval."""

    estimate: float
    low: float
    high: float
    confidence: float
    se: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers."""
        return asdict(self)


@dataclass(frozen=True)
class _Components:
    """An AUC, or a difference of two, as contributions of groups.

    Attributes:
        auc: the AUC.
        positive: shape (groups,), sum of the placements of a group's positive rows, each minus the AUC.
        negative: shape (groups,), the same for its negative rows.
        positives: shape (groups,), number of positive rows.
        negatives: shape (groups,), number of negative rows.
    """

    auc: float
    positive: Floats
    negative: Floats
    positives: npt.NDArray[np.int64]
    negatives: npt.NDArray[np.int64]


def clustered_delong(label: Labels, prediction: Floats, group: npt.NDArray[Any], confidence: float) -> NormalInterval:
    """Return the AUC with a normal interval that allows for dependence between the rows of a group.

    Args:
        label: shape (n,), 0 or 1; each class in two groups or more.
        prediction: shape (n,), float64, larger for the positive class.
        group: shape (n,), the group of each row; a group may have rows of both classes.
        confidence: such as 0.95.

    Example:
        >>> label = np.tile([0, 1], 20).astype(np.int8)
        >>> prediction = np.where(np.arange(40) % 10 < 8, label, 1 - label).astype(np.float64)
        >>> interval = clustered_delong(label, prediction, np.arange(40), confidence=0.95)
        >>> round(interval.low, 3), round(interval.estimate, 3), round(interval.high, 3)
        (0.673, 0.8, 0.927)
    """
    return _interval(_components(label, prediction, group), confidence)


def clustered_delong_difference(
    label: Labels, first: Floats, second: Floats, group: npt.NDArray[Any], confidence: float
) -> tuple[NormalInterval, float]:
    """Return the AUC of the first predictions minus that of the second on the same rows, and p against zero.

    Args:
        label: shape (n,), 0 or 1; each class in two groups or more.
        first: shape (n,), float64.
        second: shape (n,), float64, predictions of the same rows.
        group: shape (n,), the group of each row.
        confidence: such as 0.95.
    """
    a, b = _components(label, first, group), _components(label, second, group)
    difference = _Components(a.auc - b.auc, a.positive - b.positive, a.negative - b.negative, a.positives, a.negatives)
    interval = _interval(difference, confidence)
    if interval.estimate == 0:
        return interval, 1.0
    with np.errstate(divide="ignore"):
        z = np.divide(abs(interval.estimate), interval.se)
    return interval, float(2 * stats.norm.sf(z))


def _interval(parts: _Components, confidence: float) -> NormalInterval:
    se = float(np.sqrt(_variance(parts)))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * se
    return NormalInterval(parts.auc, parts.auc - half, parts.auc + half, confidence, se)


def _components(label: Labels, prediction: Floats, group: npt.NDArray[Any]) -> _Components:
    _, index = np.unique(group, return_inverse=True)
    groups = int(index.max()) + 1
    positive = label == 1
    above, below = np.sort(prediction[positive]), np.sort(prediction[~positive])
    beaten = _share_below(below, prediction[positive])
    beating = 1 - _share_below(above, prediction[~positive])
    area = float(beaten.mean())
    return _Components(
        auc=area,
        positive=_summed(index[positive], beaten - area, groups),
        negative=_summed(index[~positive], beating - area, groups),
        positives=np.bincount(index[positive], minlength=groups),
        negatives=np.bincount(index[~positive], minlength=groups),
    )


def _summed(index: npt.NDArray[np.intp], values: Floats, groups: int) -> Floats:
    return np.asarray(np.bincount(index, values, groups), np.float64)


def _share_below(ordered: Floats, predictions: Floats) -> Floats:
    """Return for each prediction the share of the ordered ones below it, equal ones counting half (its placement)."""
    below, up_to = (np.searchsorted(ordered, predictions, side=side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(ordered)), np.float64)


def _variance(parts: _Components) -> float:
    """Return the variance of the AUC: Obuchowski 1997, section 3.

    Between groups of positive rows, between groups of negative rows, and twice the covariance of groups with rows of
    both classes.
    """
    m, n = int(parts.positives.sum()), int(parts.negatives.sum())
    of_positives = _inflated(parts.positives > 0) * float(np.square(parts.positive).sum()) / m**2
    of_negatives = _inflated(parts.negatives > 0) * float(np.square(parts.negative).sum()) / n**2
    shared = float((parts.positive * parts.negative).sum())
    both = _inflated(np.ones(len(parts.positives), bool)) * shared / (m * n)
    return max(0.0, of_positives + of_negatives + 2 * both)


def _inflated(has_rows: npt.NDArray[np.bool_]) -> float:
    """Return I / (I - 1) for the I groups that have rows."""
    groups = int(has_rows.sum())
    return groups / (groups - 1)
