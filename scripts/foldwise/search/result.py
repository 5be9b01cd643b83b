"""The result of a search: every point's metric on the inner folds, the chosen point, and their table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.io.files import write_table
from foldwise.search.parameters import Point


@dataclass(frozen=True)
class SearchResult:
    """The q points of a search and their metric on k inner folds.

    Attributes:
        points: the points, length q.
        metric: shape (q, k): the metric of each point on each inner fold, NaN where it was not evaluated.
        trees: shape (q,): number of trees that the metric was computed with, 0 for a point that was never fitted.
        shared: shape (q,): whether a point uses the trees of another one.
        evaluated: shape (q,): on how many inner folds, from the first, a point was evaluated; k for a point that was
            never dropped, 0 for one that was never fitted.
        chosen: position of the best mean; of equal ones the first.
        fits: number of fits on inner folds.
        models: the models of the chosen point, one an inner fold, fitted on the rows outside it; None where another
            job fitted them.
    """

    points: Sequence[Point]
    metric: npt.NDArray[np.float64]
    trees: npt.NDArray[np.int32]
    shared: npt.NDArray[np.bool_]
    evaluated: npt.NDArray[np.int16]
    chosen: int
    fits: int
    models: tuple[Any, ...] | None = None


def best(metric: npt.NDArray[np.float64], greater_is_better: bool) -> int:
    """Return the position of the best mean among the points evaluated on all folds, the first of equal ones.

    Args:
        metric: shape (q, k), NaN where a point was not evaluated.
        greater_is_better: direction of the metric.
    """
    means = metric.mean(axis=1)
    return int(np.nanargmax(means) if greater_is_better else np.nanargmin(means))


def write_search(path: str, result: SearchResult, metric: str, greater_is_better: bool) -> None:
    """Write ``search.parquet``: one row a point, its parameters as columns ``param_<name>``.

    Values that a point does not have are null: the metric after it was dropped, with its mean and rank, the number of
    trees of one that was never fitted (``dropped_after`` 0), and parameters that only other points have.

    Args:
        path: path of the table.
        result: the result of the search.
        metric: name of the metric.
        greater_is_better: its direction.
    """
    means, folds = result.metric.mean(axis=1), result.metric.shape[1]
    dropped = result.evaluated < folds
    columns: dict[str, Any] = {"point": np.arange(len(means), dtype=np.int32)}
    columns["trees"] = pa.array(result.trees, mask=result.evaluated == 0)
    columns |= {f"score_{i + 1}": _nullable(result.metric[:, i]) for i in range(folds)}
    columns |= {"mean_score": _nullable(means), "std_score": _nullable(result.metric.std(axis=1, ddof=1))}
    ascending = -means if greater_is_better else means
    rank = np.array([1 + np.count_nonzero(ascending < value) for value in ascending], np.int32)
    columns["rank"] = pa.array(rank, mask=dropped)
    columns["chosen"] = np.arange(len(means)) == result.chosen
    columns["shared"] = result.shared
    columns["dropped_after"] = pa.array(result.evaluated, mask=~dropped)
    names = dict.fromkeys(name for point in result.points for name in point)
    columns |= {f"param_{name}": [point.get(name) for point in result.points] for name in names}
    write_table(path, pa.table(columns), {"metric": metric, "greater_is_better": str(greater_is_better).lower()})


def _nullable(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
