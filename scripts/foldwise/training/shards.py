"""A search split over several jobs: each evaluates some of the points, and the training job collects them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.backends.base import Backend
from foldwise.backends.registry import check_device, get_backend
from foldwise.folds.assignment import Fold
from foldwise.io.files import read_table, write_table
from foldwise.search.fits import plan_fits
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult, best
from foldwise.search.run_search import search_listed
from foldwise.search.settings import TrainingSettings
from foldwise.training.train_data import read_data


def search_shard(
    *,
    table: str,
    contract: str,
    folds: str,
    fold: Fold,
    settings: TrainingSettings,
    shard: int,
    shards: int,
    output: str,
) -> None:
    """Evaluate the points of one shard on the inner folds and write their results.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        fold: number of the outer fold, or ``final``.
        settings: what the configuration says.
        shard: number of the shard, from 1.
        shards: number of shards.
        output: path of the shard's results.

    Raises:
        UserError: for a missing device, before anything is read, or a parameter value that the library refuses.
    """
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    data = read_data(table=table, contract=contract, folds=folds, fold=fold, folder=Path(output).parent)
    settings = settings.for_rows(int((data.part > 0).sum()))
    points = settings.points()
    positions = positions_of_shard(points, settings.trees_name, backend, shard, shards)
    result = None
    if positions:
        result = search_listed([points[p] for p in positions], data.searched(settings), backend, settings)
    write_shard(output, positions, result)


def positions_of_shard(
    points: Sequence[Point], trees_name: str, backend: Backend, shard: int, shards: int
) -> list[int]:
    """Return the positions of the points that a shard evaluates; points that share a fit are in the same shard.

    The fits are assigned in turn, the most expensive first, so that the shards take about the same time. With more
    shards than fits some get none.

    Args:
        points: the points of the whole search.
        trees_name: name of the parameter for the number of trees.
        backend: the backend's module.
        shard: number of the shard, from 1.
        shards: number of shards.
    """
    fits = plan_fits(points, trees_name, backend)[shard - 1 :: shards]
    return sorted(p for fit in fits for positions in fit.points.values() for p in positions)


def write_shard(path: str | Path, positions: Sequence[int], result: SearchResult | None) -> None:
    """Write the results of a shard, one row a point; ``result`` is None for a shard without points."""
    columns: dict[str, Any] = {"point": pa.array(positions, pa.int32())}
    if result is not None:
        columns |= {"trees": result.trees, "shared": result.shared}
        columns |= {f"score_{i + 1}": of_fold for i, of_fold in enumerate(result.metric.T)}
    write_table(path, pa.table(columns), {"fits": str(0 if result is None else result.fits)})


def collect_shards(paths: Sequence[str | Path], points: Sequence[Point], greater_is_better: bool) -> SearchResult:
    """Put the shards of a search together; the result equals that of the search in one job.

    Args:
        paths: files of :func:`write_shard`, those of all shards.
        points: the points of the whole search.
        greater_is_better: direction of the metric.

    Raises:
        ValueError: when points are missing or appear more than once.
    """
    tables = [table for table in map(read_table, paths) if table.num_rows]
    rows = pa.concat_tables(tables).sort_by("point")
    if rows.column("point").to_pylist() != list(range(len(points))):
        raise ValueError(f"the shards contain {rows.num_rows} points of a search of {len(points)}")
    names = [name for name in rows.column_names if name.startswith("score_")]
    metric: npt.NDArray[np.float64] = np.stack([rows.column(name).to_numpy() for name in names], axis=1)
    return SearchResult(
        points=points,
        metric=metric,
        trees=rows.column("trees").to_numpy(),
        shared=rows.column("shared").to_numpy(zero_copy_only=False),
        evaluated=np.full(len(points), len(names), np.int16),
        chosen=best(metric, greater_is_better),
        fits=sum(int(table.schema.metadata[b"fits"]) for table in tables),
    )
