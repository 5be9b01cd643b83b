"""A training job sees its train part alone, and writes what the later steps read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_note, read_table
from foldwise.training.logistic_regression import train_reference
from foldwise.training.train import Settings, train
from tables import Grouped, grouped, write_dataset

SPACE: Mapping[str, Mapping[str, list[Any]]] = {
    "xgboost": {"n_estimators": [3, 6], "max_depth": [2, 3], "learning_rate": [0.3]},
    "lightgbm": {"n_estimators": [3, 6], "num_leaves": [3, 5], "learning_rate": [0.3]},
    "catboost": {"iterations": [3, 6], "depth": [2, 3], "learning_rate": [0.3]},
}
TABLES = ("search", "curve", "importance", "inner_predictions", "predictions")
TRAIN_SIDE = ("search", "curve", "inner_predictions", "model")
OF_THE_TRAIN_PART = ("chosen", "trees", "score", "fits")


def _settings(backend: str, **changed: Any) -> Settings:
    chosen = {
        "backend": backend,
        "seed": 7,
        "threads": 1,
        "device": "cpu",
        "class_weight": "none",
        "metric": "log_loss",
        "early_stopping_rounds": None,
        "space": SPACE[backend],
    }
    return Settings(**{**chosen, **changed})


def _dataset(folder: Path, data: Grouped) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_dataset(folder, data)
    make_folds(**paths, plan=Plan(4, 1, 2, 42), output=folder / "folds.parquet")
    return {**paths, "folds": str(folder / "folds.parquet")}


def _trained(folder: Path, inputs: dict[str, str], settings: Settings, column: str = "fold_1") -> dict[str, str]:
    names = [t for t in TABLES if column != "final" or t != "predictions"]
    outputs = {name: str(folder / f"{name}.parquet") for name in names}
    outputs |= {"model": str(folder / SPECIFICATIONS[settings.backend].model_file)}
    outputs |= {"params": str(folder / "params.json")}
    train(inputs, column, settings, outputs)
    return outputs


def _with_other_test_rows(data: Grouped, folds: str) -> Grouped:
    """Return the table with other values and the other labels in the test rows of fold 1."""
    test = read_table(folds).column("fold_1").to_numpy() == 0
    values, label = data.matrix.values.copy(), data.label.copy()
    values[test] = 5 - 3 * values[test]
    label[test] = 1 - label[test]
    return Grouped(FeatureMatrix(values, data.matrix.names), label, data.group)


@pytest.mark.parametrize("rounds", [None, 2], ids=["grid", "early stopping"])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_test_rows_change_nothing_on_the_train_side(backend: str, rounds: int | None, tmp_path: Path) -> None:
    data = grouped(groups=24)
    inputs = _dataset(tmp_path, data)
    settings = _settings(backend, early_stopping_rounds=rounds)
    first = _trained(tmp_path / "first", inputs, settings)
    (tmp_path / "other").mkdir()
    other = write_dataset(tmp_path / "other", _with_other_test_rows(data, inputs["folds"]))
    second = _trained(tmp_path / "second", {**other, "folds": inputs["folds"]}, settings)
    for name in TRAIN_SIDE:
        assert Path(first[name]).read_bytes() == Path(second[name]).read_bytes(), name
    summaries = [read_json(run["params"]) for run in (first, second)]
    of_the_train_part = [{k: summary[k] for k in OF_THE_TRAIN_PART} for summary in summaries]
    assert of_the_train_part[0] == of_the_train_part[1]
    assert not read_table(first["predictions"]).equals(read_table(second["predictions"]))


def test_test_rows_change_nothing_in_the_reference(tmp_path: Path) -> None:
    data = grouped(groups=24, missing=0.1)
    inputs = _dataset(tmp_path, data)
    train_reference(inputs, 7, str(tmp_path / "first.parquet"))
    test = np.flatnonzero(read_table(inputs["folds"]).column("fold_1").to_numpy() == 0)
    data.matrix.values[test[1:]] = 100.0
    inputs |= write_dataset(tmp_path, data)
    train_reference(inputs, 7, str(tmp_path / "second.parquet"))
    scores = [read_table(tmp_path / f"{name}.parquet")["score"][0].as_py() for name in ("first", "second")]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_the_same_job_gives_the_same_bytes(backend: str, tmp_path: Path) -> None:
    inputs = _dataset(tmp_path, grouped(groups=24, categories=2, missing=0.1))
    runs = [_trained(tmp_path / name, inputs, _settings(backend)) for name in "ab"]
    for name in (*TABLES, "model"):
        assert Path(runs[0][name]).read_bytes() == Path(runs[1][name]).read_bytes(), name


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_predictions_are_the_saved_model_on_the_test_rows(backend: str, tmp_path: Path) -> None:
    inputs = _dataset(tmp_path, grouped(groups=24, missing=0.1))
    outputs = _trained(tmp_path, inputs, _settings(backend))
    module = get_backend(backend)
    test = read_table(inputs["folds"]).column("fold_1").to_numpy() == 0
    matrix = read_matrix(inputs["table"], read_contract(inputs["contract"]).features).rows(test)
    found = read_table(outputs["predictions"]).to_pandas()
    np.testing.assert_array_equal(found["score"], module.predict_matrix(module.load(Path(outputs["model"])), matrix))
    assert found["sample_id"].tolist() == [f"sample_{i:03d}" for i in np.flatnonzero(test)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    folder = tmp_path_factory.mktemp("trained")
    inputs = _dataset(folder, grouped(groups=24, missing=0.1))
    return inputs, _trained(folder, inputs, _settings("xgboost"))


def test_the_search_table_has_one_row_a_point(trained: tuple[dict[str, str], dict[str, str]]) -> None:
    table = read_table(trained[1]["search"]).to_pandas()
    assert table["param_n_estimators"].tolist() == table["trees"].tolist() == [3, 6, 3, 6]
    assert table["param_max_depth"].tolist() == [2, 2, 3, 3]
    np.testing.assert_allclose(table["mean_score"], table[["score_1", "score_2"]].mean(axis=1))
    assert table["rank"].tolist() == table["mean_score"].rank(method="min").tolist()
    assert table.loc[table["chosen"], "rank"].tolist() == [1]
    assert read_note(trained[1]["search"]) == {"metric": "log_loss", "greater_is_better": "false"}


def test_inner_scores_are_out_of_fold_and_explain_the_chosen_score(
    trained: tuple[dict[str, str], dict[str, str]],
) -> None:
    inner = read_table(trained[1]["inner_predictions"]).to_pandas()
    table = read_table(trained[1]["search"]).to_pandas()
    chosen = table[table["chosen"]].iloc[0]
    for fold, rows in inner.groupby("inner_fold"):
        loss = -np.log(np.where(rows["label"] == 1, rows["score"], 1 - rows["score"])).mean()
        assert loss == pytest.approx(chosen[f"score_{fold}"], rel=1e-5)


def test_curves_cover_every_tree_part_and_metric(trained: tuple[dict[str, str], dict[str, str]]) -> None:
    curve = read_table(trained[1]["curve"]).to_pandas()
    trees = read_json(trained[1]["params"])["trees"]
    assert curve.groupby(["inner_fold", "part", "metric"])["iteration"].agg(list).tolist() == [
        list(range(1, trees + 1))
    ] * (2 * 2 * 2)


def test_importance_names_every_feature_and_gain_is_a_share(trained: tuple[dict[str, str], dict[str, str]]) -> None:
    importance = read_table(trained[1]["importance"]).to_pandas()
    assert importance["feature"].tolist() == [f"feature_{j}" for j in range(5)]
    assert importance["gain"].sum() == pytest.approx(1)
    assert importance["shap"].idxmax() == 0
    assert set(importance["n_rows"]) == {read_json(trained[1]["params"])["rows"]["test"]}


def test_the_summary_counts_rows_and_groups(trained: tuple[dict[str, str], dict[str, str]]) -> None:
    summary = read_json(trained[1]["params"])
    assert sum(summary["rows"].values()) == 120
    assert sum(summary["groups"].values()) == 24
    assert (summary["points"], summary["fits"], summary["features"]) == (4, 4, 5)


def test_the_final_model_is_fitted_on_every_row(tmp_path: Path) -> None:
    inputs = _dataset(tmp_path, grouped(groups=24))
    outputs = _trained(tmp_path, inputs, _settings("xgboost"), column="final")
    summary = read_json(outputs["params"])
    assert summary["rows"] == {"train": 120, "test": 0}
    assert summary["groups"] == {"train": 24, "test": 0}


@pytest.mark.parametrize("class_weight", ["balanced", "unit"])
def test_class_weights_reach_the_model(class_weight: str, tmp_path: Path) -> None:
    data = grouped(groups=24)
    kept = np.flatnonzero((data.group % 4 != 1) | (np.arange(120) % 5 == 0))
    inputs = _dataset(tmp_path, data.rows(kept))
    scores = [
        read_table(_trained(tmp_path / kind, inputs, _settings("xgboost", class_weight=kind))["predictions"])["score"]
        for kind in ("none", class_weight)
    ]
    assert not scores[0].equals(scores[1])


def test_a_device_that_is_missing_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UserError, match=r"training\.device: cuda"):
        train({}, "fold_1", _settings("lightgbm", device="cuda"), {})
