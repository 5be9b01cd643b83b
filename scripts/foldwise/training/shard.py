"""One shard of a search: a job that scores some of the points."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.backends.devices import check_device
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.search.result import positions_of_shard, write_shard
from foldwise.search.run_search import points_of, search_listed
from foldwise.search.settings import Settings
from foldwise.training.train_data import read_data


def search_shard(
    inputs: Mapping[str, Any], column: str, settings: Settings, shard: int, shards: int, output: str
) -> None:
    """Score the points of one shard on the inner folds and write what they reach.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        column: the column of ``folds.parquet`` to use.
        settings: what the configuration says.
        shard: number of the shard, from 1.
        shards: their number.
        output: path of the shard's scores.

    Raises:
        UserError: for a missing device, before anything is fitted.
    """
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    points = points_of(settings)
    positions = positions_of_shard(points, SPECIFICATIONS[settings.backend].trees, backend, shard, shards)
    choice = None
    if positions:
        part = read_data(inputs, column, Path(output).parent).searched(settings)
        choice = search_listed([points[p] for p in positions], part, backend, settings)
    write_shard(output, positions, choice)
