"""Racing gives fits up after an inner fold, and says which and when."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from foldwise.backends.contract import FitOptions, Fitted
from foldwise.search.choice import Choice
from foldwise.search.grid import search_grid
from foldwise.search.measure import AlongCurve, AtPoints
from foldwise.search.space import grid
from foldwise.search.train_part import TrainPart
from tables import grouped, inner_folds

POINTS = grid({"quality": [float(q) for q in range(16)], "trees": [1, 2]})


@pytest.fixture(scope="module")
def part() -> TrainPart:
    data = grouped(groups=30)
    return TrainPart(data.matrix, data.label, None, inner_folds(data))


def _raced(part: TrainPart, greater: bool = True, race: bool = True, points: Any = POINTS) -> tuple[Choice, list[Any]]:
    """Race points whose score is their quality, and a little more with the second tree; list what was fitted."""
    fitted: list[Any] = []

    def fit(_: Any, params: Mapping[str, Any], trees: int, *__: Any, **___: Any) -> Fitted:
        fitted.append((params["quality"], trees))
        return Fitted(params["quality"])

    backend: Any = SimpleNamespace(
        canonical=dict,
        bin_key=lambda _: None,
        trees_are_nested=lambda _: True,
        bin_train=lambda *_: None,
        bin_validation=lambda *_: None,
        fit=fit,
        predict=lambda quality, _, trees: np.array([quality + trees / 10]),
    )
    measure = AtPoints(lambda _, score: float(score[0]), greater)
    return search_grid(points, "trees", part, backend, FitOptions(1), measure, race), fitted


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
