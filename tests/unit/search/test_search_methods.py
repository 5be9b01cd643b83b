"""Every search method in a training job: independent of test rows, repeatable, on a share of the groups, resumable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import Grouped, grouped, write_dataset
from fixtures.trained import TABLES, TRAIN_SIDE, bytes_of, settings_of, train_in, write_inputs
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan, read_folds
from foldwise.io.files import read_table
from foldwise.results.load import read_params
from foldwise.search.objective import Evaluation
from foldwise.search.parameters import Dimension, Point
from foldwise.search.settings import TrainingSettings
from foldwise.search.space import grid
from foldwise.search.tpe import PointEvaluator
from foldwise.training.train import TrainOutputs

METHODS = ("grid", "race", "screen", "random", "optuna")
DATA = grouped(groups=36, missing=0.1)
LISTS: Mapping[str, Mapping[str, Dimension]] = {
    "xgboost": {"n_estimators": [3, 6], "max_depth": [2, 3], "learning_rate": [0.1, 0.3]},
    "lightgbm": {"n_estimators": [3, 6], "num_leaves": [3, 5], "learning_rate": [0.1, 0.3]},
    "catboost": {"iterations": [3, 6], "depth": [2, 3], "learning_rate": [0.1, 0.3]},
}
RATE: Dimension = {"low": 0.01, "high": 0.5, "log": True}
RANGES: Mapping[str, Mapping[str, Dimension]] = {
    "xgboost": {
        "n_estimators": {"low": 2, "high": 6},
        "learning_rate": RATE,
        "grow_policy": ["depthwise", "lossguide"],
        "max_leaves": {"values": [3, 5], "when": {"grow_policy": ["lossguide"]}},
    },
    "lightgbm": {"n_estimators": {"low": 2, "high": 6}, "learning_rate": RATE, "num_leaves": {"low": 3, "high": 8}},
    "catboost": {
        "iterations": {"low": 2, "high": 6},
        "learning_rate": RATE,
        "bootstrap_type": ["Bayesian", "No"],
        "bagging_temperature": {"low": 0.0, "high": 2.0, "when": {"bootstrap_type": ["Bayesian"]}},
    },
}
ENUMERATING = ("grid", "race", "screen")


def settings(backend: str, method: str, **changed: Any) -> TrainingSettings:
    """Return settings of all points of lists, or of 14 trials from ranges."""
    if method in ENUMERATING:
        return settings_of(backend, LISTS[backend], method=method, **changed)
    return settings_of(backend, RANGES[backend], method=method, **{"n_trials": 14, **changed})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the paths of a table and its folds."""
    return write_inputs(tmp_path_factory.mktemp("data"), DATA, Plan(4, 1, 3, 42))


def same_bytes(one: TrainOutputs, other: TrainOutputs, names: tuple[str, ...]) -> bool:
    return all(bytes_of(one, name) == bytes_of(other, name) for name in names)


each_search = pytest.mark.parametrize(("backend", "method"), [(b, m) for b in SPECIFICATIONS for m in METHODS])


@each_search
def test_test_rows_do_not_change_the_search(backend: str, method: str, inputs: dict[str, str], tmp_path: Path) -> None:
    test = read_folds(inputs["folds"], only=1).is_test(1)
    values, label = DATA.matrix.values.copy(), DATA.label.copy()
    values[test], label[test] = 5 - 3 * values[test], 1 - label[test]
    (tmp_path / "changed").mkdir()
    changed = write_dataset(tmp_path / "changed", Grouped(FeatureMatrix(values, DATA.matrix.names), label, DATA.group))
    first = train_in(tmp_path / "first", inputs, settings(backend, method))
    second = train_in(tmp_path / "second", {**inputs, **changed}, settings(backend, method))
    assert same_bytes(first, second, TRAIN_SIDE)
    assert not same_bytes(first, second, ("predictions",))


@each_search
def test_a_search_can_use_a_fraction_of_the_groups(
    backend: str, method: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    half = train_in(tmp_path / "half", inputs, settings(backend, method, fraction=0.5))
    full = train_in(tmp_path / "full", inputs, settings(backend, method))
    [of_half], [of_full] = read_params(half.params), read_params(full.params)
    assert of_half.searched_rows < 0.7 * of_full.searched_rows
    assert of_half.rows == of_full.rows
    assert not same_bytes(half, full, ("search",))
    again = train_in(tmp_path / "again", inputs, settings(backend, method, fraction=0.5))
    assert same_bytes(half, again, (*TABLES, "model"))


def test_a_random_search_evaluates_the_points_that_it_drew() -> None:
    assert len(settings("xgboost", "random", n_trials=5).points()) == 5
    assert settings("xgboost", "grid").points() == grid(LISTS["xgboost"])


@pytest.mark.parametrize(("metric", "best"), [("log_loss", "idxmin"), ("auc", "idxmax")])
def test_the_point_with_the_best_mean_of_the_metric_is_chosen(
    metric: str, best: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    outputs = train_in(tmp_path, inputs, settings("xgboost", "grid", metric=metric))
    table = read_table(outputs.search).to_pandas()
    assert table["chosen"].idxmax() == getattr(table["mean_score"], best)()


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_a_search_of_ranges_has_one_row_a_trial(method: str, inputs: dict[str, str], tmp_path: Path) -> None:
    outputs = train_in(tmp_path, inputs, settings("xgboost", method))
    table = read_table(outputs.search).to_pandas()
    assert len(table) == 14
    assert table["param_learning_rate"].between(0.01, 0.5).all()
    assert table["param_max_leaves"].isna().tolist() == (table["param_grow_policy"] == "depthwise").tolist()
    assert table["param_n_estimators"].tolist() == table["trees"].tolist()
    best = table.sort_values("mean_score").iloc[0]
    assert bool(best["chosen"])
    assert read_params(outputs.params)[0].chosen["learning_rate"] == best["param_learning_rate"]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """Return the list of the points that are evaluated from now on."""
    points: list[Point] = []
    evaluate = PointEvaluator.evaluate

    def noted(self: PointEvaluator, point: Point) -> Evaluation:
        evaluation = evaluate(self, point)
        points.append(point)
        return evaluation

    monkeypatch.setattr(PointEvaluator, "evaluate", noted)
    return points


@pytest.mark.parametrize("rounds", [None, 2], ids=["trees of the point", "early stopping"])
@pytest.mark.parametrize("after", [1, 11])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_an_interrupted_job_continues_from_its_trials(
    backend: str,
    after: int,
    rounds: int | None,
    inputs: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    evaluated: list[Point],
) -> None:
    by_optuna = settings(backend, "optuna", early_stopping_rounds=rounds)
    uninterrupted = train_in(tmp_path / "uninterrupted", inputs, by_optuna)
    different = len(evaluated)
    evaluated.clear()
    evaluate = PointEvaluator.evaluate

    def interrupt(self: PointEvaluator, point: Point) -> Evaluation:
        if len(evaluated) == after:
            raise KeyboardInterrupt
        return evaluate(self, point)

    with monkeypatch.context() as patched:
        patched.setattr(PointEvaluator, "evaluate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_in(tmp_path / "interrupted", inputs, by_optuna)
    assert [p.name for p in (tmp_path / "interrupted").iterdir()] == ["trials.jsonl"]
    continued = train_in(tmp_path / "interrupted", inputs, by_optuna)
    assert same_bytes(uninterrupted, continued, (*TABLES, "model"))
    assert len(evaluated) == different
    assert not (tmp_path / "interrupted" / "trials.jsonl").exists()


def _interrupt_after_the_search(
    folder: Path, inputs: Mapping[str, str], by_optuna: TrainingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("foldwise.training.train.chosen_point", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_in(folder, inputs, by_optuna)


@pytest.mark.parametrize(
    "changed", [{"seed": 8}, {"metric": "auc"}, {"fraction": 0.5}, {"code": "other"}, {"class_weight": "balanced"}]
)
def test_trials_of_another_search_are_not_used(
    changed: dict[str, Any], inputs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupt_after_the_search(tmp_path / "a", inputs, settings("xgboost", "optuna"), monkeypatch)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/trials.jsonl").write_bytes((tmp_path / "a/trials.jsonl").read_bytes())
    other = settings("xgboost", "optuna", **changed)
    with_log, fresh = (train_in(tmp_path / name, inputs, other) for name in ("b", "fresh"))
    assert same_bytes(with_log, fresh, (*TABLES, "model"))


def test_a_search_with_more_trials_continues_from_one_with_fewer(
    inputs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluated: list[Point]
) -> None:
    _interrupt_after_the_search(tmp_path, inputs, settings("xgboost", "optuna"), monkeypatch)
    evaluated.clear()
    outputs = train_in(tmp_path, inputs, settings("xgboost", "optuna", n_trials=16))
    assert len(evaluated) <= 2
    assert len(np.unique(read_table(outputs.search)["point"])) == 16
