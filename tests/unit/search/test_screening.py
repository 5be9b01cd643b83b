"""Screening fits a balanced third of a grid, predicts the rest by main effects, and completes the most promising."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import grouped, inner_folds
from foldwise.backends.base import FitOptions, Fitted
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.io.files import read_table
from foldwise.search.fits import TrainPart, plan_fits
from foldwise.search.grid import search_grid
from foldwise.search.objective import AtTreeCounts, EarlyStopping
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult, write_search
from foldwise.search.screening import indicators, search_screen
from foldwise.search.space import grid
from foldwise.stats.metrics import search_metric

POINTS = grid({"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0], "c": [0.0, 1.0], "d": ["x", "y", "z"], "trees": [1, 2]})
EFFECT = {"x": 0.3, "y": 0.0, "z": -0.7}
Quality = Callable[[Mapping[str, Any], int], float]
"""The metric of parameters on an inner fold."""


def additive(params: Mapping[str, Any], fold: int) -> float:
    """Return a quality without interactions, different for every fit, the same order on every inner fold."""
    return 0.5 * params["a"] + 1.1 * params["b"] - 0.35 * params["c"] + EFFECT[params["d"]] + 0.01 * fold


@pytest.fixture(scope="module")
def part() -> TrainPart:
    """Return rows whose only feature is the number of their inner fold."""
    return _part(3)


def _part(folds: int) -> TrainPart:
    data = grouped(groups=40)
    inner = inner_folds(data, folds)
    return TrainPart(FeatureMatrix(inner[:, None].astype(np.float32), ("fold",)), data.label, None, inner)


Fitting = tuple[int, tuple[tuple[str, Any], ...]]
"""A fit: its inner fold and its parameters."""


class Counting:
    """A backend whose models are their parameters, and that keeps which fits it made on which inner fold."""

    LibraryError = ValueError

    def __init__(self, quality: Quality, pause: Callable[[], float] = lambda: 0.0) -> None:
        self.fitted: list[Fitting] = []
        self._quality, self._pause = quality, pause
        self.canonical, self.detached = dict, lambda model: model
        self.bin_key = lambda params: params.get("b")
        self.trees_are_nested = lambda params: True

    def bin_train(self, matrix: Any, *_: Any) -> int:
        present = set(matrix.values[:, 0].astype(int))
        return min(set(range(1, 5)) - present)

    def bin_validation(self, matrix: Any, *_: Any) -> int:
        return int(matrix.values[0, 0])

    def fit(self, binned: int, params: Mapping[str, Any], trees: int, *_: Any, **__: Any) -> Fitted:
        time.sleep(self._pause())
        self.fitted.append((binned, tuple(sorted(params.items()))))
        curve = np.linspace(0, self._quality(params, binned), trees + 1)[1:]
        return Fitted((binned, params), {("validation", "auc"): curve})

    def predict(self, model: tuple[int, Mapping[str, Any]], fold: int, trees: int) -> Any:
        return np.array([self._quality(model[1], fold) + trees / 10])


def _screened(
    part: TrainPart,
    quality: Quality = additive,
    points: Sequence[Point] = POINTS,
    greater: bool = True,
    threads: int = 1,
    pause: Callable[[], float] = lambda: 0.0,
    seed: int = 1,
) -> tuple[SearchResult, list[Fitting]]:
    """Screen points whose metric is their quality, plus 0.1 a tree; return the result and the fits in order."""
    backend: Any = Counting(quality, pause)
    objective = AtTreeCounts(lambda _, prediction: float(prediction[0]), greater)
    options = FitOptions(seed, threads)
    return search_screen(points, "trees", part, backend, options, objective, processors=threads), backend.fitted


def _on_each_fold(fitted: Sequence[Fitting]) -> list[int]:
    """Return the number of fits on inner fold 1, 2, ..."""
    return [count for _, count in sorted(Counter(fold for fold, _ in fitted).items())]


def test_a_third_then_at_most_six_more_on_the_first_inner_fold_six_on_the_second_three_on_the_third(
    part: TrainPart,
) -> None:
    result, fitted = _screened(part)
    first, *later = _on_each_fold(fitted)
    assert 12 < first <= 12 + 6
    assert later == [6, 3]
    assert result.fits == len(fitted) == first + 9


def test_three_fits_run_on_every_later_inner_fold() -> None:
    _, fitted = _screened(_part(4))
    assert _on_each_fold(fitted)[1:] == [6, 3, 3]


def test_no_fit_runs_twice_on_an_inner_fold(part: TrainPart) -> None:
    _, fitted = _screened(part)
    assert len(set(fitted)) == len(fitted)


@pytest.mark.parametrize("greater", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_where_effects_are_additive_the_choice_is_that_of_the_grid(part: TrainPart, greater: bool, seed: int) -> None:
    backend: Any = Counting(additive)
    objective = AtTreeCounts(lambda _, prediction: float(prediction[0]), greater)
    whole = search_grid(POINTS, "trees", part, backend, FitOptions(1), objective)
    result, _ = _screened(part, greater=greater, seed=seed)
    assert result.chosen == whole.chosen
    assert result.points[result.chosen]["trees"] == (2 if greater else 1)
    evaluated = np.isfinite(result.metric)
    np.testing.assert_array_equal(result.metric[evaluated], whole.metric[evaluated])


def test_the_models_are_those_of_the_chosen_point(part: TrainPart) -> None:
    result, _ = _screened(part)
    params = {k: v for k, v in result.points[result.chosen].items() if k != "trees"}
    assert result.models == tuple((fold, params) for fold in (1, 2, 3))


def test_the_result_does_not_depend_on_threads_or_on_which_fit_finishes_first(part: TrainPart) -> None:
    alone, fitted = _screened(part)
    for seed in range(8):
        random = np.random.default_rng(seed)
        parallel, also_fitted = _screened(part, threads=2, pause=lambda r=random: float(r.uniform(0, 0.004)))
        assert sorted(also_fitted) == sorted(fitted)
        np.testing.assert_array_equal(parallel.metric, alone.metric)
        np.testing.assert_array_equal(parallel.evaluated, alone.evaluated)
        assert parallel.chosen == alone.chosen


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_the_values_are_those_of_the_grid_with_any_number_of_processors(name: str) -> None:
    data = grouped(groups=24, missing=0.05)
    part = TrainPart(data.matrix, data.label, None, inner_folds(data))
    depth = {"xgboost": "max_depth", "lightgbm": "num_leaves", "catboost": "depth"}[name]
    trees = SPECIFICATIONS[name].trees
    points = grid({trees: [2, 4], depth: [2, 3, 4], "learning_rate": [0.1, 0.3, 0.5], "reg_lambda": [1.0, 2.0, 4.0]})
    if name == "catboost":
        points = [{k if k != "reg_lambda" else "l2_leaf_reg": v for k, v in point.items()} for point in points]
    arguments = (points, trees, part, get_backend(name), FitOptions(7, 2))
    objective = AtTreeCounts(search_metric("log_loss"), greater_is_better=False)
    one, two = (search_screen(*arguments, objective, processors=p) for p in (1, 2))
    np.testing.assert_array_equal(one.metric, two.metric)
    whole = search_grid(*arguments, objective)
    evaluated = np.isfinite(one.metric)
    np.testing.assert_array_equal(one.metric[evaluated], whole.metric[evaluated])
    assert one.fits < whole.fits / 2


def test_a_metric_that_is_nan_is_never_chosen(part: TrainPart) -> None:
    def broken(params: Mapping[str, Any], fold: int) -> float:
        return np.nan if params["b"] == 1 or (fold == 3 and params["a"] == 2) else additive(params, fold)

    result, _ = _screened(part, broken)
    assert np.isfinite(result.metric[result.chosen]).all()
    assert result.points[result.chosen]["b"] == 0
    # What is NaN on the first inner fold does not continue where others can.
    continued = [point for point, folds in zip(result.points, result.evaluated, strict=True) if folds > 1]
    assert {point["b"] for point in continued} == {0}


@pytest.mark.parametrize(("values", "expected"), [(1, [1, 1, 1]), (4, [4, 4, 3]), (10, [10, 6, 3])])
def test_a_space_of_one_dimension_is_evaluated_as_a_whole_on_the_first_inner_fold(
    part: TrainPart, values: int, expected: list[int]
) -> None:
    points = grid({"a": [float(a) for a in range(values)], "trees": [1, 2]})
    result, fitted = _screened(part, lambda params, _: params["a"], points)
    assert _on_each_fold(fitted) == expected
    assert (result.evaluated > 0).all()
    assert result.points[result.chosen] == {"a": values - 1, "trees": 2}


def test_few_fits_are_all_evaluated_on_the_first_inner_fold(part: TrainPart) -> None:
    points = grid({"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0], "c": [0.0, 1.0], "d": ["x"], "trees": [1]})
    _, fitted = _screened(part, points=points)
    assert _on_each_fold(fitted) == [12, 6, 3]


def test_not_to_have_a_parameter_is_a_value_of_its_own(part: TrainPart) -> None:
    space = {
        "kind": ["p", "q"],
        "a": {"values": [0.0, 1.0, 2.0], "when": {"kind": ["p"]}},
        "b": [0.0, 1.0, 2.0],
        "c": [0.0, 1.0, 2.0],
        "trees": [1],
    }
    points = grid(space)
    columns = indicators(plan_fits(points, "trees", Counting(additive)))  # type: ignore[arg-type]
    # Intercept; a: 0, 1, 2 or none; b: 3; c: 3; kind: 2.
    assert columns.shape == (36, 1 + 4 + 3 + 3 + 2)
    for best, without in (("p", -1.0), ("q", 9.0)):

        def quality(params: Mapping[str, Any], _: int, without: float = without) -> float:
            return float(params.get("a", without) + 0.4 * params["b"] - 0.3 * params["c"])

        result, fitted = _screened(part, quality, points)
        assert result.points[result.chosen]["kind"] == best
        assert _on_each_fold(fitted)[0] < 36


def test_curves_are_screened_by_their_best_value(part: TrainPart) -> None:
    backend: Any = Counting(additive)
    points = [point for point in POINTS if point["trees"] == 2]
    objective = EarlyStopping("auc", True, 2)
    result = search_screen(points, "trees", part, backend, FitOptions(1), objective)
    whole = search_grid(points, "trees", part, backend, FitOptions(1), objective)
    assert result.chosen == whole.chosen
    assert result.fits < whole.fits / 3


def test_a_point_that_was_never_fitted_has_no_values_in_the_table(part: TrainPart, tmp_path: Path) -> None:
    result, _ = _screened(part)
    path = tmp_path / "search.parquet"
    write_search(str(path), result, "auc", greater_is_better=True)
    table = read_table(path).to_pandas()
    folds = table[["score_1", "score_2", "score_3"]].notna().sum(axis=1)
    assert set(folds) == {0, 1, 2, 3}
    assert table["dropped_after"].fillna(3).tolist() == folds.tolist()
    never = table[table["dropped_after"] == 0]
    assert never[["trees", "score_1", "mean_score", "std_score", "rank"]].isna().all(axis=None)
    assert table.loc[folds > 0, "trees"].notna().all()
    assert table["rank"].notna().sum() == (folds == 3).sum() == 3 * 2


def test_the_library_s_refusal_ends_the_search(part: TrainPart) -> None:
    def refuse(params: Mapping[str, Any], fold: int) -> float:
        raise ValueError("refused")

    with pytest.raises(UserError, match=r"the library refuses .* refused"):
        _screened(part, refuse)
