"""The table of a search ranks the points that were evaluated on every inner fold, and the best of them is chosen."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.io.files import read_note, read_table
from foldwise.search.result import SearchResult, best, write_search

METRIC = np.array([[0.6, 0.8], [0.9, np.nan], [0.5, 0.5], [0.7, 0.7], [0.8, 0.9]])


def _table(folder: Path, greater_is_better: bool) -> tuple[Any, dict[str, str]]:
    result = SearchResult(
        points=[{"depth": 2}, {"depth": 3}, {"depth": 4, "rate": 0.1}, {"depth": 5}, {"depth": 6, "rate": 0.2}],
        metric=METRIC,
        trees=np.array([10, 20, 30, 40, 50], np.int32),
        shared=np.array([False, True, False, False, False]),
        evaluated=np.array([2, 1, 2, 2, 2], np.int16),
        chosen=best(METRIC, greater_is_better),
        fits=9,
    )
    write_search(str(folder / "search.parquet"), result, "auc", greater_is_better)
    return read_table(folder / "search.parquet").to_pandas(), read_note(folder / "search.parquet")


@pytest.mark.parametrize(
    ("greater_is_better", "rank", "chosen"), [(True, [2, None, 4, 2, 1], 4), (False, [2, None, 1, 2, 4], 2)]
)
def test_points_are_ranked_in_the_direction_of_the_metric(
    greater_is_better: bool, rank: list[int | None], chosen: int, tmp_path: Path
) -> None:
    table, note = _table(tmp_path, greater_is_better)
    assert [None if pd.isna(r) else int(r) for r in table["rank"]] == rank
    assert np.flatnonzero(table["chosen"]).tolist() == [chosen]
    assert note == {"metric": "auc", "greater_is_better": str(greater_is_better).lower()}


def test_a_dropped_point_has_the_values_until_then_and_no_mean_or_rank(tmp_path: Path) -> None:
    dropped = _table(tmp_path, True)[0].iloc[1]
    assert (dropped["score_1"], dropped["dropped_after"], dropped["trees"]) == (0.9, 1, 20)
    assert dropped[["score_2", "mean_score", "std_score", "rank"]].isna().all()


def test_means_and_standard_deviations_are_over_the_inner_folds(tmp_path: Path) -> None:
    table = _table(tmp_path, True)[0]
    np.testing.assert_allclose(table["mean_score"], METRIC.mean(axis=1))
    np.testing.assert_allclose(table["std_score"], METRIC.std(axis=1, ddof=1))
    assert table["dropped_after"].isna().tolist() == [True, False, True, True, True]


def test_parameters_that_a_point_does_not_have_are_null(tmp_path: Path) -> None:
    table = _table(tmp_path, True)[0]
    assert table["param_depth"].tolist() == [2, 3, 4, 5, 6]
    assert table["param_rate"].isna().tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(("greater_is_better", "first"), [(True, 0.95), (False, 0.05)])
def test_a_dropped_point_is_never_chosen(greater_is_better: bool, first: float) -> None:
    metric = np.array([[first, np.nan], [0.5, 0.5], [0.4, 0.4]])
    assert best(metric, greater_is_better) == (1 if greater_is_better else 2)


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_of_equal_points_the_first_is_chosen(greater_is_better: bool) -> None:
    metric = np.array([[0.5, 0.5], [0.2, 0.2], [0.8, 0.8], [0.9, 0.7], [0.1, 0.3]])
    assert best(metric, greater_is_better) == (2 if greater_is_better else 1)
