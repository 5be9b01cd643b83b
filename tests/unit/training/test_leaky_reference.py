"""Metrics on a row-wise split of near copies are too good, and the gap to the grouped ones shows by how much."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fixtures.runs import FinishedRun
from fixtures.tables import Grouped, grouped
from fixtures.trained import settings_of, train_in, write_inputs
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.results.load import read_record
from foldwise.results.training_records import LeakyReference
from foldwise.stats.metrics import auc
from foldwise.training.leaky_reference import measure_optimism, train_row_wise
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

PLAN = Plan(n_splits=3, n_repeats=2, inner_splits=2, seed=42)
SPACE: dict[str, list[Any]] = {"n_estimators": [20], "max_depth": [4], "learning_rate": [0.3]}
SETTINGS = settings_of("xgboost", SPACE)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write 60 groups of six near copies whose features are independent of the label."""
    random = np.random.default_rng(0)
    data = grouped(groups=60, rows=6, signal=0.0)
    values = random.normal(size=(60, 5))[data.group] + 0.01 * random.normal(size=(360, 5))
    near = Grouped(FeatureMatrix(values.astype(np.float32), data.matrix.names), data.label, data.group)
    return write_inputs(tmp_path_factory.mktemp("copies"), near, PLAN)


@pytest.fixture(scope="module")
def leaky(copies: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("leaky") / "row_wise.parquet")
    _train_row_wise(copies, path)
    return path


def _train_row_wise(inputs: dict[str, str], path: str) -> None:
    paths = {name: inputs[name] for name in ("table", "contract")}
    train_row_wise(**paths, plan=PLAN, settings=SETTINGS, output=path)


def test_near_copies_are_recognised_across_a_row_wise_split(leaky: str) -> None:
    assert _mean_auc(leaky) > 0.95


def test_near_copies_are_not_recognised_across_a_grouped_split(copies: dict[str, str], tmp_path: Path) -> None:
    aucs = []
    for fold in range(1, PLAN.n_splits + 1):
        outputs = train_in(tmp_path / str(fold), copies, SETTINGS, fold)
        rows = read_table(str(outputs.predictions)).to_pandas()
        aucs.append(auc(rows["label"].to_numpy(), rows["score"].to_numpy()))
    assert np.mean(aucs) < 0.7


def test_one_repeat_predicts_every_row_once(leaky: str) -> None:
    rows = read_table(leaky).to_pandas()
    assert sorted(rows["sample_id"]) == [f"sample_{i:03d}" for i in range(360)]
    assert sorted(rows["fold"].unique()) == [1, 2, 3]


def test_rows_keep_their_labels(leaky: str) -> None:
    rows = read_table(leaky).to_pandas().sort_values("sample_id")
    assert rows["label"].tolist() == grouped(groups=60, rows=6).label.tolist()


def test_the_same_settings_give_the_same_bytes(copies: dict[str, str], leaky: str, tmp_path: Path) -> None:
    _train_row_wise(copies, str(tmp_path / "again.parquet"))
    assert (tmp_path / "again.parquet").read_bytes() == Path(leaky).read_bytes()


def _mean_auc(path: str) -> float:
    by_fold = read_table(path).to_pandas().groupby("fold")
    return float(np.mean([auc(p["label"].to_numpy(), p["score"].to_numpy()) for _, p in by_fold]))


GROUPED = {"auc": 0.6, "ap": 0.55, "f1": 0.5, "accuracy": 0.52}


@dataclass(frozen=True)
class Study:
    """Row-wise predictions of two folds, and the metrics.json of a finished run with other grouped metrics."""

    folder: Path
    metrics: dict[str, Any]
    predictions: pd.DataFrame

    def measure(self, **grouped: float | None) -> LeakyReference:
        """Compare the predictions with grouped metrics."""
        changed = {f"test_{metric}": value for metric, value in (GROUPED | grouped).items()}
        write_json(self.folder / "metrics.json", self.metrics | changed)
        write_table(self.folder / "row_wise.parquet", pa.Table.from_pandas(self.predictions, preserve_index=False))
        paths = {"predictions": [str(self.folder / "row_wise.parquet")], "metrics": [str(self.folder / "metrics.json")]}
        measure_optimism(**paths, output=str(self.folder / "leaky_reference.json"))
        return read_record(self.folder / "leaky_reference.json", LeakyReference)

    def by_fold(self, metric: Callable[[Any, Any], float]) -> list[float]:
        """Return a metric of scikit-learn on each fold."""
        return [metric(rows["label"], rows["score"]) for _, rows in self.predictions.groupby("fold")]


@pytest.fixture
def study(tiny_run: FinishedRun, tmp_path: Path) -> Study:
    score = 0.3 * np.tile([0, 1], 30) + 0.7 * np.random.default_rng(1).random(60)
    predictions = pd.DataFrame({"fold": np.repeat([1, 2], 30), "label": np.tile([0, 1], 30), "score": score})
    return Study(tmp_path, read_json(tiny_run.results / "xgboost/metrics.json"), predictions)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("auc", roc_auc_score),
        ("ap", average_precision_score),
        ("f1", lambda label, score: f1_score(label, score >= 0.5)),
        ("accuracy", lambda label, score: accuracy_score(label, score >= 0.5)),
    ],
)
def test_a_leaky_metric_is_its_mean_over_the_row_wise_folds(metric: str, expected: Any, study: Study) -> None:
    compared = study.measure().backends["xgboost"].metrics[metric]
    assert compared.leaky == pytest.approx(np.mean(study.by_fold(expected)))
    assert compared.leaky_sd == pytest.approx(np.std(study.by_fold(expected), ddof=1))


@pytest.mark.parametrize("metric", GROUPED)
@pytest.mark.parametrize("grouped", [0.3, 0.99])
def test_the_optimism_gap_is_the_leaky_metric_minus_the_grouped_one(metric: str, grouped: float, study: Study) -> None:
    compared = study.measure(**{metric: grouped}).backends["xgboost"].metrics[metric]
    assert compared.leaky is not None
    assert compared.grouped == grouped
    assert compared.optimism_gap == pytest.approx(compared.leaky - grouped)
    assert (compared.optimism_gap < 0) == (grouped == 0.99)


def test_without_a_grouped_metric_there_is_no_gap(study: Study) -> None:
    compared = study.measure(auc=None).backends["xgboost"].metrics["auc"]
    assert (compared.grouped, compared.optimism_gap) == (None, None)


def test_the_leaky_reference_says_what_it_is_and_what_it_is_computed_on(study: Study) -> None:
    reference = study.measure()
    assert reference.sentence.startswith("Leaky reference")
    assert (reference.level, reference.backends["xgboost"].n_folds) == ("row", 2)
