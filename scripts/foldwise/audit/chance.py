"""How large a value becomes by chance alone, so that a small table does not cry wolf."""

from math import sqrt
from statistics import NormalDist

FALSE_ALARMS = 0.01


def auc_by_chance(positives: int, negatives: int, looks: int, share: float = FALSE_ALARMS) -> float:
    """Return the AUC that the best of ``looks`` scores without information passes in ``share`` of all tables.

    The spread is that of the Mann-Whitney statistic between independent cases, so pass numbers of
    groups, not of rows that resemble each other.
    """
    if not positives or not negatives:
        return 1.0
    return 0.5 + _z(looks, share) * auc_spread(positives, negatives)


def auc_spread(positives: int, negatives: int) -> float:
    """Return the standard deviation of the AUC of a score without information."""
    return sqrt((positives + negatives + 1) / (12 * positives * negatives))


def share_by_chance(expected: float, cases: int, share: float = FALSE_ALARMS) -> float:
    """Return the share of ``cases`` that passes for chance where ``expected`` of them are expected."""
    return expected + _z(1, share) * sqrt(expected * (1 - expected) / cases)


def _z(looks: int, share: float) -> float:
    return NormalDist().inv_cdf(1 - share / max(looks, 1))
