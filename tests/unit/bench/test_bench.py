"""The measurements compare equal work, and say how many runs a figure is computed on."""

from pathlib import Path

import numpy as np
import pytest
from bench import scoring
from bench.contestants import grid_search_cv, ours, plain_loop, trees_alone
from bench.printing import Spread, spread, table
from bench.rows import write_rows
from bench.search import CONTESTANTS, ON_THE_FIRST_FOLD_ONLY, outer_folds, show, study_space, summary
from fixtures.tables import grouped, inner_folds
from foldwise.io.files import read_table
from foldwise.search.fits import TrainPart

SPACE = {"n_estimators": [4, 8], "max_depth": [2, 3], "learning_rate": [0.3]}


@pytest.fixture(scope="module")
def part() -> TrainPart:
    data = grouped(groups=30)
    return TrainPart(data.matrix, data.label, None, inner_folds(data))


def test_all_searches_choose_the_same_point_by_the_same_losses(part: TrainPart) -> None:
    (first, expected), *others = [run("xgboost", part, SPACE) for run in (ours("grid"), grid_search_cv, plain_loop)]
    for pick, losses in others:
        assert pick == first
        np.testing.assert_array_equal(losses, expected)


def test_the_trees_alone_take_time(part: TrainPart) -> None:
    assert trees_alone("xgboost", part, SPACE) > 0


def test_the_searches_are_those_of_the_study() -> None:
    parts = list(outer_folds())
    assert [len(part.label) for part, _ in parts] == pytest.approx([2622] * 5, abs=15)
    assert {len(part.label) + len(test.label) for part, test in parts} == {3278}
    assert {part.matrix.values.shape[1] for part, _ in parts} == {26}
    for backend, points in (("xgboost", 64), ("lightgbm", 64), ("catboost", 72)):
        assert np.prod([len(values) for values in study_space(backend).values()]) == points


def test_a_spread_has_median_range_and_number_of_measurements() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert str(spread([3.0, 1.0, 2.0])) == "2.00 (1.00 to 3.00)"
    assert str(spread([3.0])) == "3.00"


def test_the_summary_compares_searches_on_the_same_outer_fold() -> None:
    seconds = {"grid": 2.0, "race": 1.0, "screen": 0.5, "GridSearchCV": 6.0, "plain loop": 8.0}
    assert set(seconds) == set(CONTESTANTS)
    rows = [
        {"repeat": 1, "backend": backend, "outer_fold": fold, "contestant": name, "seconds": value, "cpu_seconds": 1.1}
        | {"same_pick": name != "race" or fold > 1, "same_scores": True, "outer_difference": 0.002 * (fold - 1)}
        for backend in ("xgboost", "lightgbm", "catboost")
        for fold in (1, 2)
        for name, value in seconds.items()
        if fold == 1 or name not in ON_THE_FIRST_FOLD_ONLY
    ]
    rows += [{**row, "contestant": "trees alone", "cpu_seconds": 1.0} for row in rows if row["contestant"] == "grid"]
    [race] = [r for r in summary(rows) if r["backend"] == "xgboost" and r["contestant"] == "race"]
    assert (race["speed_up"], race["seconds"].median) == (Spread(6.0, 6.0, 6.0, 2), 1.0)
    assert (race["same_picks"], race["searches"]) == (1, 2)
    assert (race["outer_mean"], race["outer_worst"]) == (0.001, 0.002)
    assert "1 of 2" in show(rows)
    assert "+0.0010 (+0.0020)" in show(rows)
    assert "xgboost 1.10" in show(rows)


def test_a_table_is_aligned() -> None:
    assert table(["a", "long"], [["wide one", 1]]).splitlines() == [
        "| a        | long |",
        "|----------|------|",
        "| wide one | 1    |",
    ]


def test_predicting_is_compared_with_a_script_by_hand_in_cpu_seconds() -> None:
    ours = {"seconds": 4.0, "cpu_seconds": 3.0, "predicting": 1.0, "drift": 0.5, "peak_mb": 200.0}
    theirs = {"seconds": 9.0, "cpu_seconds": 2.0, "predicting": 2.0, "peak_mb": 900.0}
    rows = [
        {"repeat": 1, "backend": backend, "contestant": name, "rows": 1000, **figures}
        for backend in ("xgboost", "lightgbm", "catboost")
        for name, figures in (("foldwise", ours), ("by hand", theirs))
    ]
    xgboost = scoring.summary(rows)[0]
    medians = {key: value.median for key, value in xgboost.items() if key != "backend"}
    ratios = {"predicting_over_predict": 0.5, "without_drift_over_by_hand": 1.25, "whole_over_by_hand": 1.5}
    assert medians == {"rows_a_second": 250.0, **ratios, "peak_mb": 200.0, "peak_mb_by_hand": 900.0}
    assert "| 0.50 " in scoring.show(rows)


def test_simulated_rows_depend_on_the_seed_and_share_videos_only_within_it(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_rows({str(tmp_path / name): ["sample", "video", "label", "f01"]}, 120, columns=8, seed=seed, missing=0.2)
    a, b, c = (read_table(tmp_path / name).to_pandas() for name in "abc")
    assert a.equals(b)
    assert a["video"].value_counts().tolist() == [50, 50, 20]
    assert 0 < a["f01"].isna().sum() < 60
    assert not set(a["video"]) & set(c["video"])
    assert not set(a["sample"]) & set(c["sample"])
