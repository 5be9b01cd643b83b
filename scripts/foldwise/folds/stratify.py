"""Stratified assignment of groups to parts: that of scikit-learn, fast enough for a million groups."""

from math import inf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

# The tolerances of np.isclose, with which scikit-learn decides whether two parts suit a group equally well.
_ABSOLUTE, _RELATIVE = 1e-8, 1e-5


def stratified_group_parts(
    label: npt.NDArray[np.int8], group: npt.NDArray[np.integer[Any]], parts: int, seed: int
) -> npt.NDArray[np.int16]:
    """Return the part, 1..parts, of each row, shape (n,); no group is split and the classes are balanced.

    The parts are the test folds of ``StratifiedGroupKFold(parts, shuffle=True, random_state=seed)`` of scikit-learn
    1.9: the groups are shuffled and sorted by the spread of their class counts, and each is assigned to the part that
    makes the shares of the classes vary least over the parts; among equally good parts, to the smallest. The algorithm
    is that of https://www.kaggle.com/jakubwasikowski/stratified-group-k-fold-cross-validation, as scikit-learn's
    source says. Ties depend on rounding, so sums are computed in the same order as by numpy there.

    Args:
        label: shape (n,), 0 or 1, both present.
        group: shape (n,), group of each row.
        parts: 2 or more.
        seed: of the shuffle.

    Raises:
        ValueError: when there are fewer groups than parts.

    Example:
        >>> label = np.array([0, 0, 1, 1, 0, 0, 1, 1])
        >>> stratified_group_parts(label, group=np.array([0, 0, 1, 1, 2, 2, 3, 3]), parts=2, seed=0)
        array([2, 2, 1, 1, 1, 1, 2, 2], dtype=int16)
    """
    names, code = np.unique(group, return_inverse=True)
    if len(names) < parts:
        raise ValueError(f"{len(names)} groups cannot be assigned to {parts} parts")
    counts = np.stack([np.bincount(code[label == value], minlength=len(names)) for value in (0, 1)], axis=1)
    order = np.arange(len(names))
    np.random.RandomState(seed).shuffle(order)
    order = order[np.argsort(-np.std(counts[order].astype(float), axis=1), kind="stable")]
    part = np.empty(len(names), np.int16)
    part[order] = _assign_in_order(counts[order], parts)
    return part[code] + np.int16(1)


def _assign_in_order(counts: npt.NDArray[np.int64], parts: int) -> npt.NDArray[np.int16]:
    """Return the part, from 0, of each group, shape (groups,).

    Args:
        counts: shape (groups, 2), rows of either class, in the order in which the groups are assigned.
        parts: how many.
    """
    # Python floats: for the few sums of one group, a call of numpy takes longer.
    negatives, positives = (_Class(rows, parts) for rows in counts.sum(axis=0).tolist())
    part_of_group = np.empty(len(counts), np.int16)
    for position, (negative, positive) in enumerate(zip(*counts.T.tolist(), strict=True)):
        spreads = zip(negatives.spreads(negative), positives.spreads(positive), strict=True)
        best, least, fewest = 0, inf, inf
        for part, (a, b) in enumerate(spreads):
            spread, rows = (a + b) / 2, negatives.rows_of_part[part] + positives.rows_of_part[part]
            if spread < least or (spread - least <= _ABSOLUTE + _RELATIVE * least and rows < fewest):
                best, least, fewest = part, spread, rows
        negatives.add(best, negative)
        positives.add(best, positive)
        part_of_group[position] = best
    return part_of_group


class _Class:
    """How many rows of one class each part has, while groups are assigned."""

    def __init__(self, rows: int, parts: int) -> None:
        self.rows = float(rows)
        self.rows_of_part = [0.0] * parts
        self.shares = [0.0] * parts

    def spreads(self, added: int) -> list[float]:
        """Return the standard deviation of the parts' shares, with ``added`` rows in each part in turn."""
        shares = self.shares
        if not added:
            return [_spread(shares)] * len(shares)
        spreads = []
        for part, rows in enumerate(self.rows_of_part):
            before = shares[part]
            shares[part] = (rows + float(added)) / self.rows
            spreads.append(_spread(shares))
            shares[part] = before
        return spreads

    def add(self, part: int, rows: int) -> None:
        """Add the rows of a group to a part."""
        if rows:
            self.rows_of_part[part] += rows
            self.shares[part] = self.rows_of_part[part] / self.rows


def _spread(shares: list[float]) -> float:
    total = squares = 0.0
    for share in shares:
        total += share
    mean = total / len(shares)
    for share in shares:
        deviation = share - mean
        squares += deviation * deviation
    return sqrt(squares / len(shares))
