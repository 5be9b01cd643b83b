"""Every search method in a whole training job: blind to test rows, repeatable, on a share of the groups, resumable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_table
from foldwise.search.parameters import Dimension
from foldwise.search.settings import Settings
from foldwise.search.tpe import Trials
from foldwise.training.train import train
from tables import Grouped, grouped, write_dataset

METHODS = ("grid", "race", "random", "optuna")
TABLES = ("search", "curve", "importance", "inner_predictions", "predictions")
TRAIN_SIDE = ("search", "curve", "inner_predictions", "model")
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
ENUMERATING = ("grid", "race")


def settings_of(backend: str, method: str, **changed: Any) -> Settings:
    space = LISTS[backend] if method in ENUMERATING else RANGES[backend]
    plain = {"seed": 7, "threads": 1, "device": "cpu", "class_weight": "none", "metric": "log_loss"}
    plain |= {"early_stopping_rounds": None, "n_trials": None if method in ENUMERATING else 14}
    return Settings(**{"backend": backend, "method": method, "space": space, **plain, **changed})


def write(folder: Path, data: Grouped) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    return write_dataset(folder, data)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the paths of a table and its folds."""
    folder = tmp_path_factory.mktemp("data")
    paths = write(folder, DATA)
    make_folds(**paths, plan=Plan(4, 1, 3, 42), output=folder / "folds.parquet")
    return {**paths, "folds": str(folder / "folds.parquet")}


def outputs_in(folder: Path, backend: str) -> dict[str, str]:
    tables = {name: str(folder / f"{name}.parquet") for name in TABLES}
    return {**tables, "model": str(folder / SPECIFICATIONS[backend].model_file), "params": str(folder / "params.json")}


def trained(folder: Path, inputs: Mapping[str, str], settings: Settings) -> dict[str, str]:
    outputs = outputs_in(folder, settings.backend)
    train(inputs, "fold_1", settings, outputs)
    return outputs


def same_bytes(one: Mapping[str, str], other: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return all(Path(one[name]).read_bytes() == Path(other[name]).read_bytes() for name in names)


each = pytest.mark.parametrize(("backend", "method"), [(b, m) for b in SPECIFICATIONS for m in METHODS])


@each
def test_test_rows_change_nothing_in_the_search(
    backend: str, method: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    test = read_table(inputs["folds"]).column("fold_1").to_numpy() == 0
    values, label = DATA.matrix.values.copy(), DATA.label.copy()
    values[test], label[test] = 5 - 3 * values[test], 1 - label[test]
    other = write(tmp_path / "other", Grouped(FeatureMatrix(values, DATA.matrix.names), label, DATA.group))
    settings = settings_of(backend, method)
    first = trained(tmp_path / "first", inputs, settings)
    second = trained(tmp_path / "second", {**other, "folds": inputs["folds"]}, settings)
    assert same_bytes(first, second, TRAIN_SIDE)
    assert not same_bytes(first, second, ("predictions",))


@each
def test_a_fraction_of_the_groups_is_enough_for_a_search(
    backend: str, method: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    some, whole = (
        trained(tmp_path / str(share), inputs, settings_of(backend, method, fraction=share)) for share in (0.5, 1.0)
    )
    summaries = [read_json(run["params"]) for run in (some, whole)]
    assert summaries[0]["searched_rows"] < 0.7 * summaries[1]["searched_rows"]
    assert summaries[0]["rows"] == summaries[1]["rows"]
    assert not same_bytes(some, whole, ("search",))
    again = trained(tmp_path / "again", inputs, settings_of(backend, method, fraction=0.5))
    assert same_bytes(some, again, (*TABLES, "model"))


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_a_search_of_ranges_has_one_row_a_trial(method: str, inputs: dict[str, str], tmp_path: Path) -> None:
    outputs = trained(tmp_path, inputs, settings_of("xgboost", method))
    table = read_table(outputs["search"]).to_pandas()
    assert len(table) == 14
    assert table["param_learning_rate"].between(0.01, 0.5).all()
    assert table["param_max_leaves"].isna().tolist() == (table["param_grow_policy"] == "depthwise").tolist()
    assert table["param_n_estimators"].tolist() == table["trees"].tolist()
    best = table.sort_values("mean_score").iloc[0]
    assert bool(best["chosen"])
    assert read_json(outputs["params"])["chosen"]["learning_rate"] == best["param_learning_rate"]


@pytest.mark.parametrize("rounds", [None, 2], ids=["trees of the point", "early stopping"])
@pytest.mark.parametrize("after", [1, 11])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_an_interrupted_job_goes_on_from_its_trials(
    backend: str,
    after: int,
    rounds: int | None,
    inputs: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(backend, "optuna", early_stopping_rounds=rounds)
    whole = trained(tmp_path / "whole", inputs, settings)
    scored: list[Any] = []
    score = Trials.score

    def until_interrupted(self: Trials, point: Mapping[str, Any]) -> Any:
        if len(scored) == after:
            raise KeyboardInterrupt
        scored.append(point)
        return score(self, point)

    monkeypatch.setattr(Trials, "score", until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "torn", inputs, settings)
    assert [p.name for p in (tmp_path / "torn").iterdir()] == ["trials.jsonl"]
    monkeypatch.undo()
    rest: list[Any] = []
    monkeypatch.setattr(Trials, "score", lambda self, point: rest.append(point) or score(self, point))
    resumed = trained(tmp_path / "torn", inputs, settings)
    shared = int(read_table(whole["search"]).to_pandas()["shared"].sum())
    assert same_bytes(whole, resumed, (*TABLES, "model"))
    assert len(scored) + len(rest) + shared == 14
    assert not (tmp_path / "torn" / "trials.jsonl").exists()


@pytest.mark.parametrize(
    "changed", [{"seed": 8}, {"metric": "auc"}, {"fraction": 0.5}, {"code": "other"}, {"class_weight": "balanced"}]
)
def test_trials_of_another_search_are_not_taken(
    changed: dict[str, Any], inputs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("foldwise.training.train.chosen_fit", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "a", inputs, settings_of("xgboost", "optuna"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b/trials.jsonl").write_bytes((tmp_path / "a/trials.jsonl").read_bytes())
    settings = settings_of("xgboost", "optuna", **changed)
    assert same_bytes(
        trained(tmp_path / "b", inputs, settings), trained(tmp_path / "fresh", inputs, settings), (*TABLES, "model")
    )


def test_more_trials_go_on_from_fewer(inputs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("foldwise.training.train.chosen_fit", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, inputs, settings_of("xgboost", "optuna"))
    scored: list[Any] = []
    score = Trials.score
    monkeypatch.setattr(Trials, "score", lambda self, point: scored.append(point) or score(self, point))
    outputs = trained(tmp_path, inputs, settings_of("xgboost", "optuna", n_trials=16))
    assert len(scored) <= 2
    assert len(np.unique(read_table(outputs["search"])["point"])) == 16


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
