"""The ensemble predicts a new table too: the weighted mean of the final models, with its own threshold."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fixtures.final_models import PREVALENCE, WEIGHTS, Predicted, add_ensemble, predict, write_final_models
from fixtures.small_study import SINGLE
from foldwise.config.datasets import NewTable
from foldwise.errors import UserError
from foldwise.evaluation.operating_points import EvaluationSettings, fit_decision_rule
from foldwise.io.files import read_json, read_table, sha256
from foldwise.predict.__main__ import main
from foldwise.predict.final_models import find_final_models
from foldwise.results.paths import final_model_files
from foldwise.stats.thresholds import Criterion


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_final_models(tmp_path_factory.mktemp("ensemble"), SINGLE)
    add_ensemble(folder)
    return folder


def scored(results: Path, folder: Path, names: list[str] | None = None, explain: bool = False) -> Predicted:
    return predict(results, NewTable(table=str(results.parent / "table.parquet"), explain=explain), folder, names)


def test_its_prediction_is_the_weighted_mean_of_the_backends_and_the_constant_bit_for_bit(
    results: Path, tmp_path: Path
) -> None:
    rows, _, _ = scored(results, tmp_path)
    x, y, z = (WEIGHTS[name] * rows[f"{name}_score"].to_numpy() for name in ("xgboost", "lightgbm", "catboost"))
    constant = WEIGHTS["constant"] * PREVALENCE
    assert rows["ensemble_score"].to_numpy().tobytes() == (constant + x + y + z).tobytes()
    assert len(rows.columns) == 2 + 3 * 4


def test_it_has_a_calibrator_and_a_threshold_of_its_own(results: Path, tmp_path: Path) -> None:
    rows, units, report = scored(results, tmp_path)
    inner = read_table(final_model_files(results, "ensemble").inner_predictions).to_pandas()
    settings = EvaluationSettings([0.05], 0.95, "sigmoid", Criterion("f1"))
    rule = fit_decision_rule(inner, settings)
    raw = rows["ensemble_score"].to_numpy()
    assert rows["ensemble_calibrated"].tolist() == rule.calibrator(raw).tolist()
    assert rows["ensemble_verdict"].tolist() == (raw >= rule.threshold).astype(int).tolist()
    record = report["models"]["ensemble"]
    assert (record["threshold"], record["weights"]) == (rule.threshold, WEIGHTS)
    assert record["threshold"] != report["models"]["xgboost"]["threshold"]
    assert record["sha256"] == sha256(results / "ensemble/final/params.json")
    mean = rows.groupby("unit")["ensemble_score"].mean()
    assert np.allclose(units.set_index("unit")["ensemble_score"], mean, rtol=1e-12)
    assert units["ensemble_verdict"].tolist() == (mean >= rule.threshold).astype(int).tolist()


def test_the_recommended_model_comes_first(results: Path, tmp_path: Path) -> None:
    rows, units, report = scored(results, tmp_path)
    first = ["ensemble_score", "ensemble_calibrated", "ensemble_verdict"]
    assert [list(rows.columns[2:5]), list(units.columns[2:5])] == [first, first]
    assert (report["recommended"], next(iter(report["models"]))) == ("ensemble", "ensemble")
    rows, _, report = scored(results, tmp_path, ["catboost", "xgboost"])
    assert (report["recommended"], rows.columns[2]) == ("catboost", "catboost_score")


def test_the_command_ends_with_the_recommended_model(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"dataset": results.name, "results": results.parent, "table": results.parent / "table.parquet"}
    given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    monkeypatch.setattr("sys.argv", ["score", *given, "--out", str(tmp_path / "new.parquet")])
    main()
    threshold = read_json(tmp_path / "new.json")["models"]["ensemble"]["threshold"]
    assert capsys.readouterr().out.splitlines()[-1] == (
        "recommended model: ensemble: ensemble_score, ensemble_calibrated and ensemble_verdict (1 = fake 1, a score of "
        f"{threshold:.4f} or more)"
    )


def test_results_without_the_recommended_model_are_refused(results: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(results, tmp_path / "results")
    shutil.rmtree(folder / "ensemble")
    with pytest.raises(UserError, match="the recommended model 'ensemble' has no final model here"):
        find_final_models(folder)
    (folder / "comparison.json").unlink()
    with pytest.raises(UserError, match=r"comparison.json: this file names the recommended model and is missing"):
        find_final_models(folder)


def test_it_is_used_only_where_it_is_configured(results: Path, tmp_path: Path) -> None:
    rows, units, report = scored(results, tmp_path, ["xgboost", "lightgbm", "catboost"])
    assert not rows.filter(regex="^ensemble").shape[1]
    assert not units.filter(regex="^ensemble").shape[1]
    assert "ensemble" not in report["models"]


def test_it_has_no_shap_values_and_the_report_says_why(results: Path, tmp_path: Path) -> None:
    rows, _, report = scored(results, tmp_path, explain=True)
    assert not rows.filter(regex="^ensemble_(shap|feature)").shape[1]
    assert rows.filter(regex="_shap_1$").shape[1] == 3
    assert set(report["mean_absolute_shap"]) == set(WEIGHTS) - {"constant"}
    assert report["notes"][0].startswith("The ensemble has no SHAP values: ")


def test_an_ensemble_without_one_of_its_models_is_refused(results: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the ensemble combines 'catboost', which has no final model here"):
        scored(results, tmp_path, ["xgboost", "lightgbm", "ensemble"])
