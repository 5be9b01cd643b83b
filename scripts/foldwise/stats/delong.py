"""Intervals and differences of AUCs whose rows come in groups; nothing here knows of models.

Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53, 567-578: the
variance of DeLong, DeLong and Clarke-Pearson (1988) with sums over groups in place of rows. With one
row a group, the two agree.
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
    """An AUC, or a difference of two, in parts that belong to groups.

    Attributes:
        auc: the AUC.
        positive: shape (groups,), what the positive rows of a group add, minus their number times the AUC.
        negative: the same of the negative rows.
        positives: shape (groups,), number of positive rows.
        negatives: shape (groups,), number of negative rows.
    """

    auc: float
    positive: Floats
    negative: Floats
    positives: npt.NDArray[np.int64]
    negatives: npt.NDArray[np.int64]


def clustered_delong(label: Labels, score: Floats, group: npt.NDArray[Any], confidence: float) -> NormalInterval:
    """Return the AUC with an interval in which rows of one group may depend on each other.

    Args:
        label: shape (n,), 0 or 1; two groups or more with a row of either class.
        score: shape (n,), larger for what is rather positive.
        group: shape (n,), the group of each row; a group may hold rows of both classes.
        confidence: such as 0.95.
    """
    return _interval(_components(label, score, group), confidence)


def clustered_delong_difference(
    label: Labels, first: Floats, second: Floats, group: npt.NDArray[Any], confidence: float
) -> tuple[NormalInterval, float]:
    """Return the AUC of the first scores minus that of the second on the same rows, and p against zero.

    Args:
        label: shape (n,), 0 or 1; two groups or more with a row of either class.
        first: shape (n,).
        second: shape (n,), scores of the same rows.
        group: shape (n,), the group of each row.
        confidence: such as 0.95.
    """
    a, b = _components(label, first, group), _components(label, second, group)
    apart = _Components(a.auc - b.auc, a.positive - b.positive, a.negative - b.negative, a.positives, a.negatives)
    interval = _interval(apart, confidence)
    if interval.estimate == 0:
        return interval, 1.0
    with np.errstate(divide="ignore"):
        z = np.divide(abs(interval.estimate), interval.se)
    return interval, float(2 * stats.norm.sf(z))


def _interval(parts: _Components, confidence: float) -> NormalInterval:
    se = float(np.sqrt(_variance(parts)))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * se
    return NormalInterval(parts.auc, parts.auc - half, parts.auc + half, confidence, se)


def _components(label: Labels, score: Floats, group: npt.NDArray[Any]) -> _Components:
    _, index = np.unique(group, return_inverse=True)
    groups = int(index.max()) + 1
    positive = label == 1
    above, below = np.sort(score[positive]), np.sort(score[~positive])
    beaten = _share_below(below, score[positive])
    beating = 1 - _share_below(above, score[~positive])
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


def _share_below(ordered: Floats, score: Floats) -> Floats:
    """Return for each score the share of the ordered ones below it, equal ones counting half."""
    below, up_to = (np.searchsorted(ordered, score, side=side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * len(ordered)), np.float64)


def _variance(parts: _Components) -> float:
    """Return the variance of the AUC: Obuchowski 1997, section 3.

    Between groups of positive rows, between groups of negative rows, and twice the covariance that
    groups with rows of both classes bring in.
    """
    m, n = int(parts.positives.sum()), int(parts.negatives.sum())
    of_positives = _inflated(parts.positives > 0) * float(np.square(parts.positive).sum()) / m**2
    of_negatives = _inflated(parts.negatives > 0) * float(np.square(parts.negative).sum()) / n**2
    shared = float((parts.positive * parts.negative).sum())
    both = _inflated(np.ones(len(parts.positives), bool)) * shared / (m * n)
    return max(0.0, of_positives + of_negatives + 2 * both)


def _inflated(counted: npt.NDArray[np.bool_]) -> float:
    """Return I / (I - 1) for the I groups that count."""
    groups = int(counted.sum())
    return groups / (groups - 1)
