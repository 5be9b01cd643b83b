"""The outcome of a search: every point's scores, and the one that won."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.backends.base import Backend
from foldwise.io.files import read_table, write_table
from foldwise.search.fits import plan_fits


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


def positions_of_shard(
    points: Sequence[Mapping[str, Any]], trees_name: str, backend: Backend, shard: int, shards: int
) -> list[int]:
    """Return the positions of the points that a shard scores; points that share a fit stay together.

    The fits are dealt out in turn, the largest first, so that the shards take alike long. With more shards than
    fits some get none.

    Args:
        points: the points of the whole search.
        trees_name: name of the parameter that holds the number of trees.
        backend: the backend's module.
        shard: number of the shard, from 1.
        shards: their number.
    """
    fits = plan_fits(points, trees_name, backend)[shard - 1 :: shards]
    return sorted(p for fit in fits for positions in fit.points.values() for p in positions)


def write_shard(path: str | Path, positions: Sequence[int], choice: Choice | None) -> None:
    """Write what a shard found, one row a point; ``choice`` is None for a shard without points."""
    columns: dict[str, Any] = {"point": pa.array(positions, pa.int32())}
    if choice is not None:
        columns |= {"trees": choice.trees, "shared": choice.shared}
        columns |= {f"score_{i + 1}": scores for i, scores in enumerate(choice.scores.T)}
    write_table(path, pa.table(columns), {"fits": str(0 if choice is None else choice.fits)})


def gather_shards(paths: Sequence[str | Path], points: Sequence[Mapping[str, Any]], greater_is_better: bool) -> Choice:
    """Put the shards of a search together: the outcome is that of the search in one job.

    Args:
        paths: files of :func:`write_shard`, those of all shards.
        points: the points of the whole search.
        greater_is_better: direction of the metric.
    """
    tables = [table for table in map(read_table, paths) if table.num_rows]
    found = pa.concat_tables(tables).sort_by("point")
    if found.column("point").to_pylist() != list(range(len(points))):
        raise ValueError(f"the shards hold {found.num_rows} points of a search of {len(points)}")
    names = [name for name in found.column_names if name.startswith("score_")]
    scores: npt.NDArray[np.float64] = np.stack([found.column(name).to_numpy() for name in names], axis=1)
    return Choice(
        points=points,
        scores=scores,
        trees=found.column("trees").to_numpy(),
        shared=found.column("shared").to_numpy(zero_copy_only=False),
        dropped_after=np.zeros(len(points), np.int16),
        chosen=best(scores, greater_is_better),
        fits=sum(int(table.schema.metadata[b"fits"]) for table in tables),
    )
