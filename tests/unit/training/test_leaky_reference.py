"""A row-wise split of near copies flatters, and the gap to the grouped scores says by how much."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.search.settings import Settings
from foldwise.stats.metrics import auc
from foldwise.training.leaky_reference import measure_optimism, train_row_wise
from foldwise.training.train import train
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score
from tables import Grouped, grouped, write_dataset

PLAN = Plan(n_splits=3, n_repeats=2, inner_splits=2, seed=42)
SPACE: dict[str, list[Any]] = {"n_estimators": [20], "max_depth": [4], "learning_rate": [0.3]}
SETTINGS = Settings("xgboost", 7, 1, "cpu", "none", "log_loss", None, SPACE)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write 60 groups of six near copies in which nothing tells the label."""
    folder = tmp_path_factory.mktemp("copies")
    random = np.random.default_rng(0)
    data = grouped(groups=60, rows=6, signal=0.0)
    values = random.normal(size=(60, 5))[data.group] + 0.01 * random.normal(size=(360, 5))
    near = Grouped(FeatureMatrix(values.astype(np.float32), data.matrix.names), data.label, data.group)
    paths = write_dataset(folder, near)
    folds = str(folder / "folds.parquet")
    make_folds(**paths, plan=PLAN, output=folds)
    return {**paths, "folds": folds}


@pytest.fixture(scope="module")
def leaky(copies: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("leaky") / "row_wise.parquet")
    train_row_wise(copies, PLAN, SETTINGS, path)
    return path


def test_near_copies_are_recognised_across_a_row_wise_split(leaky: str) -> None:
    assert _mean_auc(leaky) > 0.95


def test_near_copies_are_not_recognised_across_a_grouped_split(copies: dict[str, str], tmp_path: Path) -> None:
    names = ("search", "curve", "importance", "inner_predictions", "predictions")
    found = []
    for fold in range(1, PLAN.n_splits + 1):
        outputs = {name: str(tmp_path / f"{name}_{fold}.parquet") for name in names}
        outputs |= {"model": str(tmp_path / "model.json"), "params": str(tmp_path / "params.json")}
        train(copies, f"fold_{fold}", SETTINGS, outputs)
        rows = read_table(outputs["predictions"]).to_pandas()
        found.append(auc(rows["label"].to_numpy(), rows["score"].to_numpy()))
    assert np.mean(found) < 0.7


def test_one_repeat_scores_every_row_once(leaky: str) -> None:
    rows = read_table(leaky).to_pandas()
    assert sorted(rows["sample_id"]) == [f"sample_{i:03d}" for i in range(360)]
    assert sorted(rows["fold"].unique()) == [1, 2, 3]


def test_rows_keep_their_labels(leaky: str) -> None:
    rows = read_table(leaky).to_pandas().sort_values("sample_id")
    assert rows["label"].tolist() == grouped(groups=60, rows=6).label.tolist()


def test_the_same_settings_give_the_same_bytes(copies: dict[str, str], leaky: str, tmp_path: Path) -> None:
    train_row_wise(copies, PLAN, SETTINGS, str(tmp_path / "again.parquet"))
    assert (tmp_path / "again.parquet").read_bytes() == Path(leaky).read_bytes()


def _mean_auc(path: str) -> float:
    by_fold = read_table(path).to_pandas().groupby("fold")
    return float(np.mean([auc(p["label"].to_numpy(), p["score"].to_numpy()) for _, p in by_fold]))


SCORES = {"auc": 0.6, "ap": 0.55, "f1": 0.5, "accuracy": 0.52}


def _measured(folder: Path, **scores: float | None) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Return what is written for two folds of made-up scores, and each metric's value a fold by scikit-learn."""
    random = np.random.default_rng(1)
    fold = np.repeat([1, 2], 30)
    label = np.tile([0, 1], 30)
    score = 0.3 * label + 0.7 * random.random(60)
    write_table(folder / "row_wise.parquet", pa.table({"fold": fold, "label": label, "score": score}))
    grouped_scores = {f"test_{name}": value for name, value in (SCORES | scores).items()}
    write_json(folder / "metrics.json", {"backend": "xgboost", **grouped_scores})
    output = folder / "leaky_reference.json"
    measure_optimism([str(folder / "row_wise.parquet")], [str(folder / "metrics.json")], str(output))
    expected: dict[str, list[float]] = {name: [] for name in SCORES}
    for part in (1, 2):
        y, s = label[fold == part], score[fold == part]
        expected["auc"].append(roc_auc_score(y, s))
        expected["ap"].append(average_precision_score(y, s))
        expected["f1"].append(f1_score(y, s >= 0.5))
        expected["accuracy"].append(accuracy_score(y, s >= 0.5))
    return read_json(output), expected


@pytest.mark.parametrize("metric", SCORES)
def test_a_leaky_score_is_the_mean_and_spread_over_the_row_wise_folds(metric: str, tmp_path: Path) -> None:
    found, expected = _measured(tmp_path)
    scores = found["backends"]["xgboost"][metric]
    assert scores["leaky"] == pytest.approx(np.mean(expected[metric]))
    assert scores["leaky_sd"] == pytest.approx(np.std(expected[metric], ddof=1))


@pytest.mark.parametrize("metric", SCORES)
def test_the_gap_is_the_leaky_score_less_the_grouped_one(metric: str, tmp_path: Path) -> None:
    scores = _measured(tmp_path)[0]["backends"]["xgboost"][metric]
    assert scores["grouped"] == SCORES[metric]
    assert scores["optimism_gap"] == pytest.approx(scores["leaky"] - SCORES[metric])


def test_without_a_grouped_score_there_is_no_gap(tmp_path: Path) -> None:
    scores = _measured(tmp_path, auc=None)[0]["backends"]["xgboost"]
    assert (scores["auc"]["grouped"], scores["auc"]["optimism_gap"]) == (None, None)


def test_the_leaky_reference_says_what_it_is_and_what_it_is_over(tmp_path: Path) -> None:
    found = _measured(tmp_path)[0]
    assert found["sentence"].startswith("Leaky reference")
    assert (found["level"], found["backends"]["xgboost"]["n_folds"]) == ("row", 2)
