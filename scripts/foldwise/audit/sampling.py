"""Which rows of a large table a check looks at: whole groups, drawn with a fixed seed."""

import numpy as np
import numpy.typing as npt

from foldwise.audit.material import Integers, Material

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
