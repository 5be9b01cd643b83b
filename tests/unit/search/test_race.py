"""In a race, fits are dropped after an inner fold, and the result says which and when."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fixtures.tables import grouped, inner_folds
from foldwise.backends.base import FitOptions, Fitted
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.search.fits import TrainPart
from foldwise.search.grid import search_grid
from foldwise.search.objective import AtTreeCounts, EarlyStopping
from foldwise.search.result import SearchResult
from foldwise.search.space import grid

POINTS = grid({"quality": [float(q) for q in range(16)], "trees": [1, 2]})


@pytest.fixture(scope="module")
def part() -> TrainPart:
    """Return rows whose only feature is the number of their inner fold."""
    data = grouped(groups=30)
    inner = inner_folds(data)
    return TrainPart(FeatureMatrix(inner[:, None].astype(np.float32), ("fold",)), data.label, None, inner)


def _backend(fit: Callable[..., Fitted], predict: Callable[..., Any] = lambda *_: None) -> Any:
    """Return a backend whose validation data are the number of their inner fold."""
    return SimpleNamespace(
        LibraryError=ValueError,
        canonical=dict,
        bin_key=lambda _: None,
        trees_are_nested=lambda _: True,
        bin_train=lambda *_: None,
        bin_validation=lambda matrix, *_: int(matrix.values[0, 0]),
        fit=fit,
        predict=predict,
        detached=lambda model: model,
    )


def _raced(
    part: TrainPart,
    greater: bool = True,
    race: bool = True,
    points: Any = POINTS,
    threads: int = 1,
    pause: Callable[[], float] = lambda: 0.0,
    change: Callable[[float, int], float] = lambda quality, _: quality,
) -> tuple[SearchResult, list[Any]]:
    """Race points whose metric is their quality, plus 0.1 a tree; ``change`` makes it another one on an inner fold.

    Returns:
        The result, and quality and trees of every fit in order.
    """
    fitted: list[Any] = []

    def fit(_: Any, params: Mapping[str, Any], trees: int, *__: Any, **___: Any) -> Fitted:
        time.sleep(pause())
        fitted.append((params["quality"], trees))
        return Fitted(params["quality"])

    backend = _backend(fit, lambda quality, fold, trees: np.array([change(quality, fold) + trees / 10]))
    objective = AtTreeCounts(lambda _, prediction: float(prediction[0]), greater)
    options = FitOptions(1, threads)
    result = search_grid(points, "trees", part, backend, options, objective, race, processors=threads)
    return result, fitted


def test_half_of_the_fits_run_on_the_second_inner_fold_and_a_quarter_on_the_third(part: TrainPart) -> None:
    result, fitted = _raced(part)
    assert [len(fitted[:16]), len(fitted[16:24]), len(fitted[24:])] == [16, 8, 4]
    assert {quality for quality, _ in fitted[24:]} == {12, 13, 14, 15}
    assert result.fits == 28


def test_of_nine_fits_five_run_on_the_second_inner_fold_and_four_on_the_third(part: TrainPart) -> None:
    result, fitted = _raced(part, points=grid({"quality": [float(q) for q in range(9)], "trees": [1]}))
    assert (result.fits, len(fitted)) == (9 + 5 + 4, 18)
    assert result.evaluated.tolist() == [1, 1, 1, 1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize("greater", [True, False])
def test_the_best_point_of_those_evaluated_on_all_folds_is_chosen(part: TrainPart, greater: bool) -> None:
    result, _ = _raced(part, greater)
    assert result.points[result.chosen] == ({"quality": 15, "trees": 2} if greater else {"quality": 0, "trees": 1})


@pytest.mark.parametrize("sign", [1, -1])
def test_a_dropped_point_does_not_win_where_the_inner_folds_disagree(part: TrainPart, sign: int) -> None:
    # The half that is best on the first fold is far worse on the others, the more so the better it was.
    result, _ = _raced(part, sign > 0, change=lambda q, fold: sign * (q if fold == 1 else -100 - 2 * q))
    quality = np.array([p["quality"] for p in result.points])
    np.testing.assert_array_equal(result.evaluated, np.where(quality < 8, 1, np.where(quality > 11, 2, 3)))
    assert quality[result.chosen] == 8


def test_a_dropped_point_says_when_and_keeps_the_values_that_it_has(part: TrainPart) -> None:
    result, _ = _raced(part)
    quality = np.array([p["quality"] for p in result.points])
    expected = np.where(quality < 8, 1, np.where(quality < 12, 2, 3))
    np.testing.assert_array_equal(result.evaluated, expected)
    np.testing.assert_array_equal(np.isfinite(result.metric).sum(axis=1), expected)


def test_without_a_race_no_point_is_dropped(part: TrainPart) -> None:
    result, _ = _raced(part, race=False)
    assert np.isfinite(result.metric).all()
    assert (result.evaluated == 3).all()


def test_four_fits_are_not_raced(part: TrainPart) -> None:
    result, fitted = _raced(part, points=grid({"quality": [1.0, 2.0, 3.0, 4.0], "trees": [1]}))
    assert len(fitted) == 4 * 3
    assert (result.evaluated == 3).all()


def test_of_equal_fits_the_first_continue(part: TrainPart) -> None:
    points = grid({"other": list(range(16)), "quality": [1.0], "trees": [1]})
    result, _ = _raced(part, points=points)
    assert np.flatnonzero(result.evaluated == 3).tolist() == [0, 1, 2, 3]
    assert result.chosen == 0


@pytest.mark.parametrize("race", [True, False])
def test_the_result_does_not_depend_on_which_fit_finishes_first(part: TrainPart, race: bool) -> None:
    shuffled = np.random.default_rng(3).permutation(16).astype(float).tolist()
    points = grid({"quality": shuffled, "trees": [1]})
    alone, fitted = _raced(part, race=race, points=points)
    for seed in range(10):
        pause = partial(np.random.default_rng(seed).uniform, 0, 0.004)
        parallel, also_fitted = _raced(part, True, race, points, threads=4, pause=pause)
        assert sorted(also_fitted) == sorted(fitted)
        np.testing.assert_array_equal(parallel.metric, alone.metric)
        np.testing.assert_array_equal(parallel.evaluated, alone.evaluated)


def test_after_a_refused_fit_the_waiting_ones_are_not_started(part: TrainPart) -> None:
    started: list[float] = []

    def refuse_the_first() -> float:
        started.append(0.01)
        if len(started) == 1:
            raise ValueError("refused")
        return started[-1]

    with pytest.raises(UserError, match="refused"):
        _raced(part, threads=2, pause=refuse_the_first)
    before = len(started)
    time.sleep(0.1)
    assert len(started) == before < 16


@pytest.mark.parametrize("disagree", [False, True])
def test_curves_are_raced_by_their_best_mean_so_far(part: TrainPart, disagree: bool) -> None:
    # Curves rise to their quality; on the second and third fold of those that disagree they fall from it instead.
    def fit(_: Any, params: Mapping[str, Any], trees: int, *__: Any, eval_sets: Any, **___: Any) -> Fitted:
        [(name, fold)] = eval_sets
        curve = np.linspace(0, params["quality"], trees)
        return Fitted(None, {(name, "auc"): curve if fold == 1 or not disagree else 10 - 2 * curve})

    points = grid({"quality": [float(q) for q in range(8)], "trees": [5]})
    objective = EarlyStopping("auc", True, 2)
    result = search_grid(points, "trees", part, _backend(fit), FitOptions(1), objective, race=True)
    assert np.count_nonzero(result.evaluated < 3) == 4
    assert (result.evaluated[:4] == 1).all()
    if disagree:
        # Best after 5, 1 and 1 trees, of which the geometric mean is 1.7: there, after the first step, the finalists
        # have a mean of (quality / 4 + 2 * (10 - quality / 2)) / 3, so that the smallest is best.
        assert (result.points[result.chosen]["quality"], result.trees[result.chosen]) == (4, 2)
        assert result.metric[result.chosen].tolist() == [1, 8, 8]
    else:
        assert (result.points[result.chosen]["quality"], result.trees[result.chosen]) == (7, 5)
