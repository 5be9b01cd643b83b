"""A search split over shards gives the result of one job."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import grouped, inner_folds
from fixtures.trained import TABLES, bytes_of, outputs_in, settings_of, train_in, write_inputs
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.folds.assignment import Plan
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.objective import AtTreeCounts
from foldwise.search.result import SearchResult
from foldwise.search.space import grid
from foldwise.stats.metrics import search_metric
from foldwise.training.shards import collect_shards, positions_of_shard, search_shard, write_shard
from foldwise.training.train import train

SPACE = {"n_estimators": [4, 8], "max_depth": [2, 3], "learning_rate": [0.1, 0.3, 0.5]}
POINTS = grid(SPACE)
OBJECTIVE = AtTreeCounts(search_metric("log_loss"), greater_is_better=False)
TREES = SPECIFICATIONS["xgboost"].trees


def _searched(positions: list[int]) -> SearchResult:
    data = grouped(groups=30)
    part = TrainPart(data.matrix, data.label, None, inner_folds(data))
    return search_grid([POINTS[p] for p in positions], TREES, part, get_backend("xgboost"), FitOptions(1), OBJECTIVE)


@pytest.mark.parametrize("shards", [1, 2, 5, 9])
def test_shards_give_the_result_of_one_job(shards: int, tmp_path: Path) -> None:
    expected = _searched(list(range(len(POINTS))))
    paths = [tmp_path / f"shard_{shard}.parquet" for shard in range(1, shards + 1)]
    for shard, path in enumerate(paths, start=1):
        positions = positions_of_shard(POINTS, TREES, get_backend("xgboost"), shard, shards)
        write_shard(path, positions, _searched(positions) if positions else None)
    collected = collect_shards(paths, POINTS, greater_is_better=False)
    for name in ("metric", "trees", "shared", "evaluated"):
        np.testing.assert_array_equal(getattr(collected, name), getattr(expected, name))
        assert getattr(collected, name).dtype == getattr(expected, name).dtype
    assert (collected.chosen, collected.fits) == (expected.chosen, expected.fits)


def _same_bytes_from_shards(folder: Path, backend: str, space: dict[str, Any], **changed: Any) -> None:
    inputs = write_inputs(folder, grouped(groups=24), Plan(4, 1, 2, 42))
    depth = "depth" if backend == "catboost" else "max_depth"
    settings = settings_of(backend, {depth: [2, 3], **space}, **changed)
    one_job = train_in(folder / "one", inputs, settings)
    outputs = outputs_in(folder / "sharded", backend)
    shards = [str(folder / "sharded" / f"shard_{shard}.parquet") for shard in (1, 2)]
    for shard, path in enumerate(shards, start=1):
        search_shard(**inputs, fold=1, settings=settings, shard=shard, shards=2, output=path)
    train(**inputs, fold=1, settings=settings, outputs=outputs, shards=shards)
    for name in (*TABLES, "model"):
        assert bytes_of(one_job, name) == bytes_of(outputs, name), name


@pytest.mark.parametrize(
    ("trees", "changed"),
    [
        ([4, 12], {"fraction": 0.8, "class_weight": "balanced"}),
        ([12], {}),
        ([12], {"class_weight": "balanced"}),
        ([40], {"early_stopping_rounds": 3}),
        ([40], {"early_stopping_rounds": 3, "class_weight": "balanced"}),
        ([40], {"early_stopping_rounds": 3, "fraction": 0.8}),
    ],
    ids=str,
)
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_the_jobs_of_shards_and_one_job_write_the_same_bytes(
    backend: str, trees: list[int], changed: dict[str, Any], tmp_path: Path
) -> None:
    space = {SPECIFICATIONS[backend].trees: trees, "learning_rate": [0.1, 0.3, 0.5]}
    _same_bytes_from_shards(tmp_path, backend, space, **changed)


@pytest.mark.parametrize("rounds", [None, 30], ids=["trees of the point", "early stopping"])
def test_shards_give_the_curve_of_one_job_where_the_chosen_point_shares_its_fit(
    rounds: int | None, tmp_path: Path
) -> None:
    # Twelve trees with these rates are worse than four, so that the chosen point has fewer trees than its fit.
    space = {"n_estimators": [4, 12], "learning_rate": [0.9, 0.95, 1.0]}
    _same_bytes_from_shards(tmp_path, "xgboost", space, early_stopping_rounds=rounds)


def test_points_that_share_a_fit_are_in_the_same_shard() -> None:
    by_shard = [positions_of_shard(POINTS, TREES, get_backend("xgboost"), shard, 3) for shard in (1, 2, 3)]
    assert sorted(p for positions in by_shard for p in positions) == list(range(len(POINTS)))
    for positions in by_shard:
        fits = {(POINTS[p]["max_depth"], POINTS[p]["learning_rate"]) for p in positions}
        assert len(positions) == 2 * len(fits) == 4


def test_a_missing_shard_is_an_error(tmp_path: Path) -> None:
    positions = positions_of_shard(POINTS, TREES, get_backend("xgboost"), 1, 2)
    write_shard(tmp_path / "shard_1.parquet", positions, _searched(positions))
    with pytest.raises(ValueError, match="6 points of a search of 12"):
        collect_shards([tmp_path / "shard_1.parquet"], POINTS, greater_is_better=False)
