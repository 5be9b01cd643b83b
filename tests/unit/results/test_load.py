"""The results of a run are read as typed records; a broken or edited file ends in one line."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fixtures.scored import Scored, evaluate, write_scored
from foldwise.errors import UserError
from foldwise.evaluation.records import HEADLINE_METHOD, Metrics
from foldwise.io.files import write_json, write_table
from foldwise.results.load import read_params, read_record, read_weights
from foldwise.results.training_records import EnsembleParams

PARAMS: dict[str, Any] = {
    "backend": "xgboost",
    "fold": 1,
    "chosen": {"max_depth": 2, "eta": 0.1},
    "trees": 9,
    "trees_limit_met": False,
    "at_edge": {"max_depth": "lowest"},
    "metric": "log_loss",
    "score": 0.65,
    "points": 4,
    "fits": 4,
    "seconds": {"search": 1.5, "refit": 0.04, "total": 1.6},
    "peak_memory_mb": 167,
    "imports_memory_mb": 146,
    "inner_folds": 3,
    "searched_rows": 130,
    "rows": {"train": 130, "test": 70},
    "groups": {"train": 26, "test": 14},
    "features": 5,
    "versions": {"xgboost": "3.2.0"},
}


@pytest.fixture(scope="module")
def metrics_json(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metrics")
    scored: Scored = write_scored(folder)
    return Path(evaluate(scored, "strong", folder)["metrics"])


def test_metrics_are_those_of_the_file(metrics_json: Path) -> None:
    content = json.loads(metrics_json.read_text())
    metrics = read_record(metrics_json, Metrics)
    assert json.dumps(metrics.as_json()) == json.dumps(content)
    assert metrics.mean("auc") == content["test_auc"]
    assert metrics.summary("auc", "unit").sd == content["unit"]["test_auc_std"]
    assert metrics.interval("auc", "unit") == metrics.unit.intervals["auc"][HEADLINE_METHOD]
    assert metrics.fold_values("eer", "unit") == [fold["unit"]["eer"] for fold in content["fold_results"]]
    for level, baselines in (
        ("row", content["trivial"]),
        ("unit", {k: v["unit"] for k, v in content["trivial"].items()}),
    ):
        assert metrics.baseline("logistic_regression", "ap", level) == baselines["logistic_regression"]["ap"]
        assert metrics.baseline("constant", "brier", level) == baselines["constant"]["brier"]


def test_a_metric_that_is_no_headline_is_averaged_over_the_folds(metrics_json: Path) -> None:
    metrics = read_record(metrics_json, Metrics)
    summary = metrics.summary("eer")
    values = [fold.row["eer"] for fold in metrics.folds]
    assert summary.mean == pytest.approx(sum(filter(None, values)) / 6)
    assert (summary.n_folds, summary.n_defined, summary.interval) == (6, 6, None)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("counts",), None, "the key 'counts' is missing"),
        (("counts", "rows"), "many", "rows is 'many', not int"),
        (("fold_results", 0, "auc"), [1], r"row: auc is \[1\], not float"),
        (("unit", "intervals"), 3, "intervals is 3, not an object"),
    ],
)
def test_an_edited_file_is_refused_in_one_line(
    path: tuple[Any, ...], value: Any, message: str, metrics_json: Path, tmp_path: Path
) -> None:
    content = json.loads(metrics_json.read_text())
    part = content
    for key in path[:-1]:
        part = part[key]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    edited = tmp_path / "metrics.json"
    write_json(edited, content)
    with pytest.raises(UserError, match=rf"metrics\.json: this result is broken \({message}\)"):
        read_record(edited, Metrics)


def test_params_of_all_folds_or_of_one_are_read(tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    write_json(path, [PARAMS, {**PARAMS, "fold": 2}])
    assert [fold.as_json() for fold in read_params(path)] == [PARAMS, {**PARAMS, "fold": 2}]
    write_json(path, {**PARAMS, "fold": "final"})
    [final] = read_params(path)
    assert (final.fold, final.seconds.total, final.rows.test) == ("final", 1.6, 70)


def test_weights_of_the_ensemble_are_read(tmp_path: Path) -> None:
    content = {"weights": {"xgboost": 0.9, "constant": 0.1}, "prevalence": 0.4, "n_rows": 20}
    write_json(tmp_path / "params.json", content)
    assert read_record(tmp_path / "params.json", EnsembleParams).as_json() == content
    row = {"fold": 1, "backend": "xgboost", "weight": 1.0, "n_rows": 20}
    write_table(tmp_path / "weights.parquet", pa.Table.from_pylist([row]))
    assert [weight.as_json() for weight in read_weights(tmp_path / "weights.parquet")] == [row]
