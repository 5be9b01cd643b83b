"""False-alarm limits for small samples, and samples of whole groups of a large table."""

from math import sqrt
from statistics import NormalDist

import numpy as np

from foldwise.audit.data import AuditData, Integers
from foldwise.audit.findings import FALSE_ALARMS

_FEWEST_GROUPS = 20


def auc_by_chance(positives: int, negatives: int, looks: int, share: float = FALSE_ALARMS) -> float:
    """Return the AUC that the best of several uninformative columns exceeds in a given share of tables.

    The spread is that of the Mann-Whitney statistic of independent cases, so pass numbers of groups, not of rows
    that resemble each other.

    Args:
        positives: number of positive groups.
        negatives: number of negative groups.
        looks: number of columns.
        share: share of tables (Bonferroni over the columns).
    """
    if not positives or not negatives:
        return 1.0
    return 0.5 + _z(looks, share) * auc_spread(positives, negatives)


def auc_spread(positives: int, negatives: int) -> float:
    """Return the standard deviation of the AUC of an uninformative column (Mann-Whitney, without ties)."""
    return sqrt((positives + negatives + 1) / (12 * positives * negatives))


def share_by_chance(expected: float, cases: int, share: float = FALSE_ALARMS) -> float:
    """Return the limit that an expected share of ``cases`` exceeds by chance in a given share of tables."""
    return expected + _z(1, share) * sqrt(expected * (1 - expected) / cases)


def _z(looks: int, share: float) -> float:
    return NormalDist().inv_cdf(1 - share / max(looks, 1))


def sample_groups(group: Integers, limit: int, random: np.random.Generator) -> Integers:
    """Return the positions of about ``limit`` rows, ascending; all rows where there are no more.

    Whole groups are drawn. Where fewer than 20 of them fit, 20 are drawn, and each keeps at most ``limit / 20`` random
    rows.

    Args:
        group: shape (n,).
        limit: number of rows.
        random: generator of the draw.
    """
    if len(group) <= limit:
        return np.arange(len(group))
    names, code, size = np.unique(group, return_inverse=True, return_counts=True)
    drawn = random.permutation(len(names))
    whole = int(np.searchsorted(np.cumsum(size[drawn]), limit, side="right"))
    if whole >= min(_FEWEST_GROUPS, len(names)):
        return np.flatnonzero(np.isin(code, drawn[:whole]))
    few = drawn[:_FEWEST_GROUPS]
    most = max(limit // len(few), 1)
    kept = [_thinned(np.flatnonzero(code == g), most, random) for g in few]
    return np.sort(np.concatenate(kept))


def _thinned(rows: Integers, most: int, random: np.random.Generator) -> Integers:
    return rows if len(rows) <= most else random.choice(rows, most, replace=False)


def sampled(data: AuditData, sample: AuditData) -> str:
    """Return the words that say on which rows a check was computed."""
    size = f"{len(sample.rows)} rows in {_count(sample.group)} groups"
    if len(sample.rows) == len(data.rows):
        return size
    return f"a sample by groups of {size}, out of {len(data.rows)} rows in {_count(data.group)}"


def _count(group: Integers) -> int:
    return len(np.unique(group))
