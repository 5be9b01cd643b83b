"""The measurements compare like with like, and say over how many runs a figure is."""

import numpy as np
import pytest
from bench.contestants import grid_search_cv, ours, plain_loop, trees_alone
from bench.printing import Spread, spread, table
from bench.search import CONTESTANTS, ON_THE_FIRST_FOLD_ONLY, outer_folds, show, study_space, summary
from foldwise.search.train_part import TrainPart
from tables import grouped, inner_folds

SPACE = {"n_estimators": [4, 8], "max_depth": [2, 3], "learning_rate": [0.3]}


@pytest.fixture(scope="module")
def part() -> TrainPart:
    data = grouped(groups=30)
    return TrainPart(data.matrix, data.label, None, inner_folds(data))


def test_all_contestants_pick_the_same_point_by_the_same_scores(part: TrainPart) -> None:
    found = [search("xgboost", part, SPACE) for search in (ours("grid"), grid_search_cv, plain_loop)]
    for pick, scores in found:
        assert pick == found[0][0]
        np.testing.assert_array_equal(scores, found[0][1])


def test_the_trees_alone_take_time(part: TrainPart) -> None:
    assert trees_alone("xgboost", part, SPACE) > 0


def test_the_searches_are_those_of_the_study() -> None:
    parts = list(outer_folds())
    assert [len(p.label) for p in parts] == pytest.approx([2622] * 5, abs=15)
    assert {p.matrix.values.shape[1] for p in parts} == {26}
    for backend, points in (("xgboost", 64), ("lightgbm", 64), ("catboost", 72)):
        assert np.prod([len(values) for values in study_space(backend).values()]) == points


def test_a_spread_names_its_median_its_range_and_their_number() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert str(spread([3.0, 1.0, 2.0])) == "2.00 (1.00 to 3.00)"
    assert str(spread([3.0])) == "3.00"


def test_the_summary_holds_each_search_against_the_other_on_the_same_outer_fold() -> None:
    seconds = {"grid": 2.0, "race": 1.0, "GridSearchCV": 6.0, "plain loop": 8.0}
    assert set(seconds) == set(CONTESTANTS)
    rows = [
        {"repeat": 1, "backend": backend, "outer_fold": fold, "contestant": name, "seconds": value, "cpu_seconds": 1.1}
        | {"same_pick": name != "race" or fold > 1, "same_scores": True}
        for backend in ("xgboost", "lightgbm", "catboost")
        for fold in (1, 2)
        for name, value in seconds.items()
        if fold == 1 or name not in ON_THE_FIRST_FOLD_ONLY
    ]
    rows += [{**row, "contestant": "trees alone", "cpu_seconds": 1.0} for row in rows if row["contestant"] == "grid"]
    [race] = [r for r in summary(rows) if r["backend"] == "xgboost" and r["contestant"] == "race"]
    assert (race["speed_up"], race["seconds"].median) == (Spread(6.0, 6.0, 6.0, 2), 1.0)
    assert (race["same_picks"], race["searches"]) == (1, 2)
    assert "1 of 2" in show(rows)
    assert "xgboost 1.10" in show(rows)


def test_a_table_is_aligned() -> None:
    assert table(["a", "long"], [["wide one", 1]]).splitlines() == [
        "| a        | long |",
        "|----------|------|",
        "| wide one | 1    |",
    ]
