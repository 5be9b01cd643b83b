"""A search split over shards gives what it gives in one job."""

from pathlib import Path

import numpy as np
import pytest
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.objective import AtPoints
from foldwise.search.result import Choice, gather_shards, positions_of_shard, write_shard
from foldwise.search.space import grid
from foldwise.stats.metrics import search_metric
from tables import grouped, inner_folds

POINTS = grid({"n_estimators": [4, 8], "max_depth": [2, 3], "learning_rate": [0.1, 0.3, 0.5]})
MEASURE = AtPoints(search_metric("log_loss"), greater_is_better=False)
TREES = SPECIFICATIONS["xgboost"].trees


def _searched(positions: list[int]) -> Choice:
    data = grouped(groups=30)
    part = TrainPart(data.matrix, data.label, None, inner_folds(data))
    return search_grid([POINTS[p] for p in positions], TREES, part, get_backend("xgboost"), FitOptions(1), MEASURE)


@pytest.mark.parametrize("shards", [1, 2, 5, 9])
def test_shards_give_the_outcome_of_one_job(shards: int, tmp_path: Path) -> None:
    whole = _searched(list(range(len(POINTS))))
    paths = [tmp_path / f"shard_{shard}.parquet" for shard in range(1, shards + 1)]
    for shard, path in enumerate(paths, start=1):
        positions = positions_of_shard(POINTS, TREES, get_backend("xgboost"), shard, shards)
        write_shard(path, positions, _searched(positions) if positions else None)
    found = gather_shards(paths, POINTS, greater_is_better=False)
    for name in ("scores", "trees", "shared", "dropped_after"):
        expected = getattr(whole, name)
        np.testing.assert_array_equal(getattr(found, name), expected)
        assert getattr(found, name).dtype == expected.dtype
    assert (found.chosen, found.fits) == (whole.chosen, whole.fits)


def test_points_that_share_a_fit_stay_together() -> None:
    found = [positions_of_shard(POINTS, TREES, get_backend("xgboost"), shard, 3) for shard in (1, 2, 3)]
    assert sorted(p for positions in found for p in positions) == list(range(len(POINTS)))
    for positions in found:
        kept = {(POINTS[p]["max_depth"], POINTS[p]["learning_rate"]) for p in positions}
        assert len(positions) == 2 * len(kept) == 4


def test_a_missing_shard_is_noticed(tmp_path: Path) -> None:
    positions = positions_of_shard(POINTS, TREES, get_backend("xgboost"), 1, 2)
    write_shard(tmp_path / "shard_1.parquet", positions, _searched(positions))
    with pytest.raises(ValueError, match="6 points of a search of 12"):
        gather_shards([tmp_path / "shard_1.parquet"], POINTS, greater_is_better=False)
