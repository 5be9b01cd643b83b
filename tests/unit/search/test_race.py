"""Racing gives fits up after an inner fold, and says which and when."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from foldwise.backends.base import FitOptions, Fitted
from foldwise.errors import UserError
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.objective import AlongCurve, AtPoints
from foldwise.search.result import Choice
from foldwise.search.space import grid
from tables import grouped, inner_folds

POINTS = grid({"quality": [float(q) for q in range(16)], "trees": [1, 2]})


@pytest.fixture(scope="module")
def part() -> TrainPart:
    data = grouped(groups=30)
    return TrainPart(data.matrix, data.label, None, inner_folds(data))


def _raced(
    part: TrainPart,
    greater: bool = True,
    race: bool = True,
    points: Any = POINTS,
    threads: int = 1,
    pause: Callable[[], float] = lambda: 0.0,
) -> tuple[Choice, list[Any]]:
    """Race points whose score is their quality, and a little more with the second tree; list what was fitted."""
    fitted: list[Any] = []

    def fit(_: Any, params: Mapping[str, Any], trees: int, *__: Any, **___: Any) -> Fitted:
        time.sleep(pause())
        fitted.append((params["quality"], trees))
        return Fitted(params["quality"])

    backend: Any = SimpleNamespace(
        Refusal=ValueError,
        canonical=dict,
        bin_key=lambda _: None,
        trees_are_nested=lambda _: True,
        bin_train=lambda *_: None,
        bin_validation=lambda *_: None,
        fit=fit,
        predict=lambda quality, _, trees: np.array([quality + trees / 10]),
    )
    measure = AtPoints(lambda _, score: float(score[0]), greater)
    options = FitOptions(1, threads)
    return search_grid(points, "trees", part, backend, options, measure, race, affinity=threads), fitted


def test_half_of_the_fits_run_on_the_second_inner_fold_and_a_quarter_on_the_third(part: TrainPart) -> None:
    choice, fitted = _raced(part)
    assert [len(fitted[:16]), len(fitted[16:24]), len(fitted[24:])] == [16, 8, 4]
    assert {quality for quality, _ in fitted[24:]} == {12, 13, 14, 15}
    assert choice.fits == 28


@pytest.mark.parametrize("greater", [True, False])
def test_the_best_point_of_those_with_all_scores_is_chosen(part: TrainPart, greater: bool) -> None:
    choice, _ = _raced(part, greater)
    assert choice.points[choice.chosen] == ({"quality": 15, "trees": 2} if greater else {"quality": 0, "trees": 1})


def test_a_point_that_was_given_up_tells_when_and_keeps_the_scores_it_has(part: TrainPart) -> None:
    choice, _ = _raced(part)
    quality = np.array([p["quality"] for p in choice.points])
    expected = np.where(quality < 8, 1, np.where(quality < 12, 2, 0))
    np.testing.assert_array_equal(choice.dropped_after, expected)
    scored = np.isfinite(choice.scores).sum(axis=1)
    np.testing.assert_array_equal(scored, np.where(expected == 0, 3, expected))


def test_without_a_race_nothing_is_given_up(part: TrainPart) -> None:
    choice, _ = _raced(part, race=False)
    assert np.isfinite(choice.scores).all()
    assert not choice.dropped_after.any()


def test_a_handful_of_fits_is_not_raced(part: TrainPart) -> None:
    choice, fitted = _raced(part, points=grid({"quality": [1.0, 2.0, 3.0, 4.0], "trees": [1]}))
    assert len(fitted) == 4 * 3
    assert not choice.dropped_after.any()


def test_of_equal_fits_the_first_go_on(part: TrainPart) -> None:
    points = grid({"other": list(range(16)), "quality": [1.0], "trees": [1]})
    choice, _ = _raced(part, points=points)
    assert np.flatnonzero(choice.dropped_after == 0).tolist() == [0, 1, 2, 3]
    assert choice.chosen == 0


@pytest.mark.parametrize("race", [True, False])
def test_the_outcome_does_not_depend_on_which_fit_ends_first(part: TrainPart, race: bool) -> None:
    shuffled = np.random.default_rng(3).permutation(16).astype(float).tolist()
    points = grid({"quality": shuffled, "trees": [1]})
    alone, fitted = _raced(part, race=race, points=points)
    for seed in range(10):
        pause = partial(np.random.default_rng(seed).uniform, 0, 0.004)
        beside, also = _raced(part, True, race, points, threads=4, pause=pause)
        assert sorted(also) == sorted(fitted)
        np.testing.assert_array_equal(beside.scores, alone.scores)
        np.testing.assert_array_equal(beside.dropped_after, alone.dropped_after)


def test_once_a_fit_is_refused_the_fits_that_wait_are_not_begun(part: TrainPart) -> None:
    begun: list[float] = []

    def refuse_the_first() -> float:
        begun.append(0.01)
        if len(begun) == 1:
            raise ValueError("refused")
        return begun[-1]

    with pytest.raises(UserError, match="refused"):
        _raced(part, threads=2, pause=refuse_the_first)
    assert len(begun) < 16


def test_curves_are_raced_too(part: TrainPart) -> None:
    def fit(_: Any, params: Mapping[str, Any], trees: int, *__: Any, **___: Any) -> Fitted:
        return Fitted(None, {("validation", "auc"): np.linspace(0, params["quality"], trees)})

    backend: Any = SimpleNamespace(
        canonical=dict,
        bin_key=lambda _: None,
        trees_are_nested=lambda _: True,
        bin_train=lambda *_: None,
        bin_validation=lambda *_: None,
        fit=fit,
    )
    points = grid({"quality": [float(q) for q in range(8)], "trees": [5]})
    choice = search_grid(points, "trees", part, backend, FitOptions(1), AlongCurve("auc", True, 2), race=True)
    assert choice.points[choice.chosen]["quality"] == 7
    assert np.count_nonzero(choice.dropped_after) == 4
