"""Groups of samples that must never be split: connected components over the group columns."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def connected_groups(columns: Sequence[npt.ArrayLike], rows: int) -> npt.NDArray[np.int32]:
    """Number the groups of rows that share a value in any column, directly or through other rows.

    Rows are in one group if a chain of shared values connects them: a fake video shares one identity with its source
    and another with its target.

    Args:
        columns: sequences of n values each; without any column every row is its own group.
        rows: n.

    Returns:
        Shape (n,): the group of each row, numbered from 0 in order of first appearance.

    Example:
        >>> connected_groups([["a", "b", "c", "d"], ["x", "x", "y", "z"]], rows=4)
        array([0, 0, 1, 2], dtype=int32)
    """
    if not columns:
        return np.arange(rows, dtype=np.int32)
    starts, ends, nodes = [], [], rows
    for column in columns:
        values, codes = np.unique(np.asarray(column, dtype=object).astype(str), return_inverse=True)
        starts.append(np.arange(rows))
        ends.append(nodes + codes)
        nodes += len(values)
    start, end = np.concatenate(starts), np.concatenate(ends)
    graph = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(nodes, nodes))
    _, component = connected_components(graph, directed=False)
    return by_first_appearance(component[:rows])


def by_first_appearance(labels: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
    """Renumber labels from 0 in the order of their first appearance, shape (n,)."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
