"""Drawn points are different, within their bounds, distributed as the space says, and the same for the same seed."""

from collections import Counter

import numpy as np
import pytest
from foldwise.search.space import Space, draw, grid

LISTS: Space = {"max_depth": [2, 3, 4], "n_estimators": [5, 10, 15, 20]}
MIXED: Space = {
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "subsample": {"low": 0.5, "high": 1.0},
    "colsample_bytree": {"low": 0.5, "high": 1.0, "step": 0.25},
    "max_depth": {"low": 2, "high": 9},
    "max_bin": {"low": 2, "high": 512, "log": True},
    "grow_policy": ["depthwise", "lossguide"],
    "max_leaves": {"low": 4, "high": 64, "when": {"grow_policy": ["lossguide"]}},
    "n_estimators": [100],
}


def test_points_of_lists_keep_their_order_and_follow_the_seed() -> None:
    points = grid(LISTS)
    some = draw(LISTS, 5, seed=1)
    assert [points.index(p) for p in some] == sorted(points.index(p) for p in some)
    assert len(some) == 5
    assert some == draw(LISTS, 5, seed=1)
    assert some != draw(LISTS, 5, seed=2)


def test_points_of_lists_are_drawn_without_replacement() -> None:
    kept = np.random.default_rng(7).choice(12, 5, replace=False)
    assert draw(LISTS, 5, seed=7) == [grid(LISTS)[i] for i in sorted(kept)]


@pytest.mark.parametrize("n_trials", [12, 100])
def test_no_more_points_are_drawn_than_exist(n_trials: int) -> None:
    assert draw(LISTS, n_trials, seed=1) == grid(LISTS)


def test_all_whole_numbers_of_a_range_are_drawn() -> None:
    space: Space = {"max_depth": {"low": 2, "high": 9}, "n_estimators": [5]}
    assert [p["max_depth"] for p in draw(space, 50, seed=1)] == list(range(2, 10))


def test_drawing_from_a_small_logarithmic_space_stops_without_a_repeat() -> None:
    space: Space = {"max_bin": {"low": 2, "high": 5, "log": True}}
    assert sorted(p["max_bin"] for p in draw(space, 100, seed=1)) == [2, 3, 4, 5]


def test_points_of_ranges_are_different_and_within_bounds() -> None:
    points = draw(MIXED, 300, seed=3)
    assert len({tuple(p.items()) for p in points}) == 300
    for point in points:
        assert 0.001 <= point["learning_rate"] <= 1
        assert 0.5 <= point["subsample"] <= 1
        assert point["colsample_bytree"] in (0.5, 0.75, 1.0)
        assert type(point["max_depth"]) is int
        assert 2 <= point["max_depth"] <= 9
        assert type(point["max_bin"]) is int
        assert 2 <= point["max_bin"] <= 512
        assert ("max_leaves" in point) == (point["grow_policy"] == "lossguide")
        assert list(point) == sorted(point)


def test_ranges_are_drawn_uniformly_and_logarithmic_ones_uniformly_in_the_logarithm() -> None:
    points = draw(MIXED, 3000, seed=4)
    below = np.mean([p["learning_rate"] < 0.0316 for p in points])
    low_half = np.mean([p["subsample"] < 0.75 for p in points])
    few_bins = np.mean([p["max_bin"] < 32 for p in points])
    # Four standard errors of a share of one half over 3,000 points are 0.037.
    assert below == pytest.approx(0.5, abs=0.037)
    assert low_half == pytest.approx(0.5, abs=0.037)
    assert few_bins == pytest.approx(np.log(31.5 / 1.5) / np.log(512.5 / 1.5), abs=0.037)
    depths = Counter(p["max_depth"] for p in points)
    assert min(depths.values()) > 0.7 * max(depths.values())


def test_the_seed_determines_the_points_and_more_trials_start_with_the_same_ones() -> None:
    assert draw(MIXED, 20, seed=5) == draw(MIXED, 40, seed=5)[:20]
    assert draw(MIXED, 20, seed=5) != draw(MIXED, 20, seed=6)


def test_drawing_from_a_range_that_rounds_to_few_numbers_stops() -> None:
    space: Space = {"gamma": {"low": 1.0, "high": 1.0 + 1e-9}}
    assert len(draw(space, 10, seed=1)) < 10
