"""A new table is scored by the vote of the final models too: their weighted mean, with its own threshold."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from final_models import WEIGHTS, add_ensemble, write_final_models
from foldwise.config.datasets import NewTable
from foldwise.errors import UserError
from foldwise.evaluation.operating_points import EvaluationSettings, fit_decision_rule
from foldwise.io.files import read_json, read_table, sha256
from foldwise.predict.predict import score_table
from foldwise.results.paths import final_paths
from small_study import SINGLE


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_final_models(tmp_path_factory.mktemp("voting"), SINGLE)
    add_ensemble(found)
    return found


def scored(
    results: Path, folder: Path, entrants: list[str] | None = None, explain: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    outputs = {name: str(folder / f"scored_{name}") for name in ("rows", "units", "report")}
    request = NewTable(table=str(results.parent / "table.parquet"), explain=explain)
    score_table(results, request, outputs, entrants)
    rows, units = (read_table(outputs[name]).to_pandas() for name in ("rows", "units"))
    return rows, units, read_json(outputs["report"])


def test_its_score_is_the_weighted_mean_of_the_scored_columns_bit_for_bit(results: Path, tmp_path: Path) -> None:
    rows, _, _ = scored(results, tmp_path)
    x, y, z = (WEIGHTS[name] * rows[f"{name}_score"].to_numpy() for name in ("xgboost", "lightgbm", "catboost"))
    assert rows["ensemble_score"].to_numpy().tobytes() == (x + y + z).tobytes()
    assert len(rows.columns) == 2 + 3 * 4


def test_it_has_a_calibrator_and_a_threshold_of_its_own(results: Path, tmp_path: Path) -> None:
    rows, units, report = scored(results, tmp_path)
    inner = read_table(final_paths(results, "ensemble")["inner_predictions"]).to_pandas()
    choices = EvaluationSettings([0.05], 0.95, "sigmoid", "f1")
    operation = fit_decision_rule(inner["score"].to_numpy(), inner["label"].to_numpy(), choices)
    raw = rows["ensemble_score"].to_numpy()
    assert rows["ensemble_calibrated"].tolist() == operation.calibrator(raw).tolist()
    assert rows["ensemble_verdict"].tolist() == (raw >= operation.threshold).astype(int).tolist()
    found = report["models"]["ensemble"]
    assert (found["threshold"], found["weights"]) == (operation.threshold, WEIGHTS)
    assert found["threshold"] != report["models"]["xgboost"]["threshold"]
    assert found["sha256"] == sha256(results / "ensemble/final/params.json")
    mean = rows.groupby("unit")["ensemble_score"].mean()
    assert np.allclose(units.set_index("unit")["ensemble_score"], mean, rtol=1e-12)
    assert units["ensemble_verdict"].tolist() == (mean >= operation.threshold).astype(int).tolist()


def test_it_takes_part_only_where_it_is_asked_for(results: Path, tmp_path: Path) -> None:
    rows, units, report = scored(results, tmp_path, ["xgboost", "lightgbm", "catboost"])
    assert not rows.filter(regex="^ensemble").shape[1]
    assert not units.filter(regex="^ensemble").shape[1]
    assert "ensemble" not in report["models"]


def test_it_has_no_shap_values_and_the_report_says_why(results: Path, tmp_path: Path) -> None:
    rows, _, report = scored(results, tmp_path, explain=True)
    assert not rows.filter(regex="^ensemble_(shap|feature)").shape[1]
    assert rows.filter(regex="_shap_1$").shape[1] == 3
    assert set(report["mean_absolute_shap"]) == set(WEIGHTS)
    assert report["notes"][0].startswith("The ensemble has no SHAP values of its own")


def test_a_vote_without_one_of_its_models_is_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'catboost' votes in this ensemble, but has no final model here"):
        scored(results, tmp_path, ["xgboost", "lightgbm", "ensemble"])
