"""A search gives the table of GridSearchCV from fewer fits, and uses the rows of the train part alone."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fixtures import wrappers
from fixtures.backend_cases import end_of
from fixtures.small_study import study_space
from fixtures.tables import grouped, inner_folds
from foldwise.backends.base import FitOptions, Fitted
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.search.fits import TrainPart, plan_fits, shared_threads
from foldwise.search.grid import search_grid
from foldwise.search.objective import AtTreeCounts, EarlyStopping, held, tree_count
from foldwise.search.result import SearchResult
from foldwise.search.space import grid, read_space
from foldwise.search.tpe import PointEvaluator
from foldwise.stats.metrics import LOWER_IS_BETTER, search_metric
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, ParameterGrid, PredefinedSplit

SPACES = Path(__file__).parents[3] / "config" / "search"
OPTIONS = FitOptions(7)
LOG_LOSS = AtTreeCounts(search_metric("log_loss"), greater_is_better=False)
PATIENT = EarlyStopping("log_loss", greater_is_better=False, rounds=5)
SPACE: Mapping[str, Mapping[str, list[Any]]] = {
    "xgboost": {"n_estimators": [4, 8], "max_depth": [2, 3], "subsample": [0.5, 1.0], "max_bin": [16]},
    "lightgbm": {"n_estimators": [4, 8], "num_leaves": [3, 5], "subsample": [0.5, 1.0], "min_child_samples": [5, 20]},
    "catboost": {"iterations": [4, 8], "depth": [2, 3], "border_count": [8, 32], "learning_rate": [0.3]},
}
SCORERS = {"log_loss": "neg_log_loss", "auc": "roc_auc", "ap": "average_precision", "accuracy": "accuracy"}


@pytest.fixture(scope="module")
def part() -> TrainPart:
    data = grouped(groups=30, missing=0.05)
    return TrainPart(data.matrix, data.label, None, inner_folds(data))


def _searched(
    name: str, part: TrainPart, metric: str = "log_loss", threads: int = 1, race: bool = False, processors: int = 1
) -> SearchResult:
    objective = AtTreeCounts(search_metric(metric), metric not in LOWER_IS_BETTER)
    options = FitOptions(OPTIONS.seed, threads)
    trees_name = SPECIFICATIONS[name].trees
    return search_grid(grid(SPACE[name]), trees_name, part, get_backend(name), options, objective, race, processors)


@pytest.mark.parametrize("metric", SCORERS)
@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_metrics_and_chosen_point_are_those_of_grid_search_cv(name: str, metric: str, part: TrainPart) -> None:
    expected = GridSearchCV(
        wrappers.classifier(name, {}, OPTIONS.seed),
        dict(SPACE[name]),
        scoring=SCORERS[metric],
        cv=PredefinedSplit(part.inner - 1),
        refit=False,
        error_score="raise",
    ).fit(part.matrix.values, part.label)
    result = _searched(name, part, metric)
    folds = [expected.cv_results_[f"split{i}_test_score"] for i in range(3)]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    assert list(result.points) == list(expected.cv_results_["params"])
    if metric in {"log_loss", "accuracy"}:
        np.testing.assert_array_equal(result.metric, sign * np.stack(folds, axis=1))
    np.testing.assert_allclose(result.metric, sign * np.stack(folds, axis=1), rtol=1e-12)
    assert result.chosen == expected.best_index_


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(), min_size=1, max_size=3), max_size=4))
def test_points_come_in_the_order_of_parameter_grid(space: dict[str, list[int]]) -> None:
    assert grid(space) == list(ParameterGrid(space))


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_the_result_does_not_depend_on_the_number_of_processors(name: str, part: TrainPart) -> None:
    parallel = _searched(name, part, threads=2, processors=2)
    np.testing.assert_array_equal(parallel.metric, _searched(name, part, threads=2, processors=1).metric)


@pytest.mark.parametrize(
    ("threads", "fits", "processors", "expected"),
    [
        pytest.param(1, 32, 8, (1, 1), id="one thread is one fit at a time"),
        pytest.param(8, 32, 8, (1, 8), id="as many fits as threads"),
        pytest.param(8, 32, 2, (1, 2), id="no more fits than processors"),
        pytest.param(8, 3, 8, (2, 4), id="few fits get more threads each"),
        pytest.param(8, 3, 2, (2, 1), id="the threads of a fit do not depend on the processors"),
        pytest.param(8, 1, 1, (8, 1), id="one fit gets all"),
    ],
)
def test_threads_are_shared_among_the_fits(threads: int, fits: int, processors: int, expected: tuple[int, int]) -> None:
    assert shared_threads(threads, fits, processors) == expected


@pytest.mark.parametrize(
    ("name", "overrides", "fits"),
    [
        pytest.param("xgboost", {}, 32, id="xgboost: all numbers of trees from one fit"),
        pytest.param("catboost", {}, 36, id="catboost: all numbers of trees from one fit"),
        pytest.param("lightgbm", {}, 32, id="lightgbm: all numbers of trees from one fit"),
        pytest.param("lightgbm", {"subsample_freq": [0]}, 16, id="lightgbm: subsample has no effect"),
        pytest.param("lightgbm", {"boosting_type": "dart"}, 64, id="lightgbm: dart rescales its trees"),
        pytest.param("catboost", {"langevin": True}, 72, id="catboost: noise depends on the number of trees"),
    ],
)
def test_the_space_of_the_study_needs_this_many_fits(name: str, overrides: dict[str, Any], fits: int) -> None:
    points = grid(read_space(SPACES / f"{name}.yaml", name, study_space(name) | overrides).dimensions)
    planned = plan_fits(points, SPECIFICATIONS[name].trees, get_backend(name))
    covered = sorted(p for fit in planned for positions in fit.points.values() for p in positions)
    assert len(planned) == fits
    assert covered == list(range(len(points)))


def test_fits_of_the_deepest_trees_run_first() -> None:
    planned = plan_fits(grid({"n_estimators": [10], "max_depth": [2, 5, 3]}), "n_estimators", get_backend("xgboost"))
    assert [fit.params["max_depth"] for fit in planned] == [5, 3, 2]


def test_a_point_that_uses_the_trees_of_another_is_marked(part: TrainPart) -> None:
    result = _searched("xgboost", part)
    assert result.fits == 4 * 3
    assert result.shared.tolist() == [p["n_estimators"] == 4 for p in result.points]


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_one_point_of_each_fit_is_not_marked_as_shared(name: str, part: TrainPart) -> None:
    result = _searched(name, part)
    assert np.count_nonzero(~result.shared) * 3 == result.fits


def test_data_are_binned_once_for_each_inner_fold_and_bin_key(part: TrainPart) -> None:
    backend, calls = _fake_backend(key="max_bin")
    points = grid({"trees": [1], "max_bin": [8, 16], "depth": [1, 2, 3]})
    search_grid(points, "trees", part, backend, OPTIONS, LOG_LOSS)
    assert len(calls) == 2 * 3


def test_no_model_is_fitted_on_the_inner_fold_that_it_predicts(part: TrainPart) -> None:
    backend, calls = _fake_backend()
    search_grid([{"trees": 1}], "trees", part, backend, OPTIONS, LOG_LOSS)
    for fold, (fitted, [predicted]) in enumerate(calls, start=1):
        np.testing.assert_array_equal(fitted, part.matrix.values[part.inner != fold])
        np.testing.assert_array_equal(predicted, part.matrix.values[part.inner == fold])


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_trial_evaluates_a_point_as_the_grid_does(name: str, part: TrainPart) -> None:
    result = _searched(name, part)
    evaluator = PointEvaluator(SPECIFICATIONS[name].trees, part, get_backend(name), OPTIONS, LOG_LOSS)
    for position in (0, len(result.points) - 1):
        evaluation, _ = evaluator.evaluate(result.points[position])
        np.testing.assert_array_equal(evaluation.metric, result.metric[position])
        assert evaluation.trees == result.trees[position]


def test_rows_keep_their_weights(part: TrainPart) -> None:
    weighted = TrainPart(part.matrix, part.label, np.arange(len(part.label), dtype=np.float64), part.inner)
    weight = weighted.without(2).weight
    assert weight is not None
    np.testing.assert_array_equal(weight, np.flatnonzero(part.inner != 2))


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_early_stopping_stops_each_fit_on_its_own_curve(name: str, part: TrainPart) -> None:
    backend, trees_name = get_backend(name), SPECIFICATIONS[name].trees
    points = [{"learning_rate": 0.5, trees_name: 40}]
    result = search_grid(points, trees_name, part, backend, OPTIONS, PATIENT)
    curves = []
    for fold in (1, 2, 3):
        fit_part, held_out = part.without(fold), part.only(fold)
        binned = backend.bin_train(fit_part.matrix, fit_part.label, None, points[0], OPTIONS)
        rows = backend.bin_validation(held_out.matrix, held_out.label, binned, OPTIONS)
        model = backend.fit(binned, {"learning_rate": 0.5}, 40, OPTIONS).model
        metric = search_metric("log_loss")
        curves.append([metric(held_out.label, backend.predict(model, rows, k)) for k in range(1, 41)])
    stopped = [np.array(curve[: end_of(curve, 5)]) for curve in curves]
    assert max(map(len, stopped)) < 40
    expected = tree_count(held(stopped), greater_is_better=False)
    assert result.models is not None
    assert [backend.trees(model) for model in result.models] == list(map(len, stopped))
    assert result.trees.tolist() == [expected]
    np.testing.assert_allclose(result.metric[0], held(stopped)[:, expected - 1], rtol=1e-5)


def test_early_stopping_uses_the_rows_of_the_train_part_alone(part: TrainPart) -> None:
    backend, calls = _fake_backend()
    search_grid([{"trees": 3}], "trees", part, backend, OPTIONS, PATIENT)
    used = np.concatenate([rows for fitted, predicted in calls for rows in (fitted, *predicted)])
    assert {row.tobytes() for row in used} == {row.tobytes() for row in part.matrix.values}


def _fake_backend(key: str = "") -> tuple[Any, list[tuple[Any, list[Any]]]]:
    """Return a backend that learns nothing, and the rows of each of its fits: fitted, and lists of predicted ones."""
    calls: list[tuple[Any, list[Any]]] = []

    def bin_train(matrix: Any, *_: Any) -> int:
        calls.append((matrix.values, []))
        return len(calls) - 1

    def bin_validation(matrix: Any, label: Any, train: int, *_: Any) -> Any:
        calls[train][1].append(matrix.values)
        return matrix.values

    def fit(_: Any, __: Any, trees: int, *___: Any, eval_sets: Any = (), metrics: Any = (), **____: Any) -> Fitted:
        return Fitted(None, {(name, metric): np.ones(trees) for name, _ in eval_sets for metric in metrics})

    backend = SimpleNamespace(
        canonical=dict,
        bin_key=lambda params: params.get(key),
        trees_are_nested=lambda _: True,
        bin_train=bin_train,
        bin_validation=bin_validation,
        fit=fit,
        predict=lambda _, rows, __=None: np.full(len(rows), 0.5),
        detached=lambda model: model,
    )
    return backend, calls
