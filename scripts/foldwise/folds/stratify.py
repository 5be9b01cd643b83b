"""Whole groups dealt to parts of equal class balance: scikit-learn's assignment, fast enough for a million groups."""

from math import inf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

# Those of np.isclose, by which scikit-learn tells whether two parts suit a group alike.
_ABSOLUTE, _RELATIVE = 1e-8, 1e-5


def stratified_group_parts(
    label: npt.NDArray[np.int8], group: npt.NDArray[np.integer[Any]], parts: int, seed: int
) -> npt.NDArray[np.int16]:
    """Return the part, 1..parts, of each row, shape (n,); no group is parted and the classes are balanced.

    The parts are the test folds of ``StratifiedGroupKFold(parts, shuffle=True, random_state=seed)`` of scikit-learn
    1.9: the groups are shuffled and put in order of how one-sided their labels are, and each goes to the part with
    which the shares of the classes vary least over the parts; where that is close, to the smallest of these. The
    algorithm is that of https://www.kaggle.com/jakubwasikowski/stratified-group-k-fold-cross-validation, as
    scikit-learn's source says. Close calls rest on how sums are rounded: they are taken here in the order in which
    numpy takes them there.

    Args:
        label: shape (n,), 0 or 1, both present.
        group: shape (n,), group of each row.
        parts: 2 or more.
        seed: of the shuffle.

    Raises:
        ValueError: when there are fewer groups than parts.
    """
    names, code = np.unique(group, return_inverse=True)
    if len(names) < parts:
        raise ValueError(f"{len(names)} groups cannot be dealt to {parts} parts")
    counts = np.stack([np.bincount(code[label == value], minlength=len(names)) for value in (0, 1)], axis=1)
    order = np.arange(len(names))
    np.random.RandomState(seed).shuffle(order)
    order = order[np.argsort(-np.std(counts[order].astype(float), axis=1), kind="stable")]
    part = np.empty(len(names), np.int16)
    part[order] = _deal(counts[order], parts)
    return part[code] + np.int16(1)


def _deal(counts: npt.NDArray[np.int64], parts: int) -> npt.NDArray[np.int16]:
    """Return the part, from 0, of each group, shape (groups,).

    Args:
        counts: shape (groups, 2), rows of either class, in the order in which the groups are dealt.
        parts: how many.
    """
    # Plain floats: for the few sums that a group takes, one call of numpy costs more.
    negatives, positives = (_Class(rows, parts) for rows in counts.sum(axis=0).tolist())
    found = np.empty(len(counts), np.int16)
    for place, (negative, positive) in enumerate(zip(*counts.T.tolist(), strict=True)):
        spreads = zip(negatives.spreads(negative), positives.spreads(positive), strict=True)
        best, least, fewest = 0, inf, inf
        for part, (a, b) in enumerate(spreads):
            spread, rows = (a + b) / 2, negatives.held[part] + positives.held[part]
            if spread < least or (spread - least <= _ABSOLUTE + _RELATIVE * least and rows < fewest):
                best, least, fewest = part, spread, rows
        negatives.add(best, negative)
        positives.add(best, positive)
        found[place] = best
    return found


class _Class:
    """The rows of one class, as they are dealt to the parts."""

    def __init__(self, rows: int, parts: int) -> None:
        self.rows = float(rows)
        self.held = [0.0] * parts
        self.shares = [0.0] * parts

    def spreads(self, added: int) -> list[float]:
        """Return the standard deviation of the parts' shares, with ``added`` rows in each part in turn."""
        shares = self.shares
        if not added:
            return [_spread(shares)] * len(shares)
        found, more, whole = [], float(added), self.rows
        for part, held in enumerate(self.held):
            before = shares[part]
            shares[part] = (held + more) / whole
            found.append(_spread(shares))
            shares[part] = before
        return found

    def add(self, part: int, rows: int) -> None:
        if rows:
            self.held[part] += rows
            self.shares[part] = self.held[part] / self.rows


def _spread(shares: list[float]) -> float:
    total = squares = 0.0
    for share in shares:
        total += share
    mean = total / len(shares)
    for share in shares:
        deviation = share - mean
        squares += deviation * deviation
    return sqrt(squares / len(shares))
