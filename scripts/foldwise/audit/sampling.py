"""Which rows of a large table a check looks at: whole groups, drawn with a fixed seed."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from foldwise.audit.data import Integers, Material

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


_FEWEST_GROUPS = 20


def sample_groups(group: Integers, limit: int, random: np.random.Generator) -> Integers:
    """Return the positions of about ``limit`` rows, in their order: all of them where there are no more.

    Groups are drawn whole. Where fewer than 20 whole groups fit, 20 are drawn and each keeps
    ``limit / 20`` rows at most, drawn at random.

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


def sampled(whole: Material, part: Material) -> str:
    """Return the words that say over which rows a check ran."""
    counted = f"{len(part.rows)} rows in {_count(part.group)} groups"
    if len(part.rows) == len(whole.rows):
        return counted
    return f"a sample by groups of {counted}, out of {len(whole.rows)} rows in {_count(whole.group)}"


def _count(group: npt.NDArray[np.int64]) -> int:
    return len(np.unique(group))
