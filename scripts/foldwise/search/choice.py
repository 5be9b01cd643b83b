"""The outcome of a search: every point's scores, and the one that won."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Choice:
    """The points of a search with their scores.

    Attributes:
        points: the parameters of every point, q of them.
        scores: shape (q, k): the metric of each point on each inner fold, NaN where it was given up before.
        trees: shape (q,): number of trees that the scores rest on.
        shared: shape (q,): whether a point was scored from the trees of another.
        dropped_after: shape (q,): inner folds after which a point was given up, 0 for a point with all scores.
        chosen: position of the best mean; of equal ones the first.
        fits: number of fits on inner folds.
    """

    points: Sequence[Mapping[str, Any]]
    scores: npt.NDArray[np.float64]
    trees: npt.NDArray[np.int32]
    shared: npt.NDArray[np.bool_]
    dropped_after: npt.NDArray[np.int16]
    chosen: int
    fits: int


def best(scores: npt.NDArray[np.float64], greater_is_better: bool) -> int:
    """Return the position of the best mean of the points with all scores, the first of equal ones.

    Args:
        scores: shape (q, k), NaN where a point has no score.
        greater_is_better: direction of the score.
    """
    means = scores.mean(axis=1)
    return int(np.nanargmax(means) if greater_is_better else np.nanargmin(means))
