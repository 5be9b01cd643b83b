"""The other two protocols from end to end: leave-one-source-out, and the leaky reference beside the grouped run."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from workflow.conftest import Study, new_study

pytestmark = pytest.mark.workflow

BY_CAMERA = {"method": "leave_one_group_out", "by": "camera", "n_splits": 2, "inner_splits": 2}


def results(study: Study) -> Path:
    return study.folder / "results" / "tiny"


@pytest.fixture(scope="module")
def by_camera(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished run in which each camera is held out once; every video has one camera."""
    study = new_study(tmp_path_factory.mktemp("by_camera"))
    study.write_config(folds=BY_CAMERA, backends=["xgboost"])
    study.complete()
    return study


@pytest.fixture(scope="module")
def with_reference(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished run that asks for the row-wise reference."""
    study = new_study(tmp_path_factory.mktemp("with_reference"))
    study.write_config(audit={"row_wise_reference": True}, backends=["xgboost"])
    study.complete()
    return study


def test_the_report_of_a_run_by_source_speaks_of_held_out_values(by_camera: Study) -> None:
    assert "2 held-out values of camera" in (results(by_camera) / "report.html").read_text(encoding="utf-8")


def test_each_fold_names_its_source_and_what_it_is_over(by_camera: Study) -> None:
    folds = json.loads((results(by_camera) / "xgboost" / "metrics.json").read_text())["fold_results"]
    assert [fold["source"] for fold in folds] == ["front", "rear"]
    assert [(fold["n_rows"], fold["n_groups"]) for fold in folds] == [(100, 20), (100, 20)]


def test_a_fold_scores_the_rows_of_its_source_alone(by_camera: Study) -> None:
    rows = pq.read_table(results(by_camera) / "predictions.parquet").to_pandas()
    assert rows.groupby("fold")["camera"].agg(lambda found: sorted(set(found))).to_dict() == {1: ["front"], 2: ["rear"]}
    assert len(rows) == rows["sample_id"].nunique() == 200


def test_no_row_of_the_source_is_an_inner_row_of_its_fold(by_camera: Study) -> None:
    camera = pq.read_table(results(by_camera) / "table.parquet", columns=["sample_id", "camera"]).to_pandas()
    inner = pq.read_table(results(by_camera) / "xgboost" / "inner_predictions.parquet").to_pandas()
    found = inner.merge(camera, on="sample_id").groupby("fold")["camera"].agg(lambda seen: sorted(set(seen)))
    assert found.to_dict() == {1: ["rear"], 2: ["front"]}


def test_another_number_of_folds_than_sources_stops_with_the_number_to_set(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    study.write_config(folds={**BY_CAMERA, "n_splits": 3}, backends=["xgboost"])
    done = study.run()
    assert done.returncode != 0
    assert "set n_splits: 2, one fold for each" in done.stdout + done.stderr


def test_the_leaky_reference_holds_the_grouped_score_against_the_leaky_one(with_reference: Study) -> None:
    found = json.loads((results(with_reference) / "leaky_reference.json").read_text())["backends"]["xgboost"]
    metrics = json.loads((results(with_reference) / "xgboost" / "metrics.json").read_text())
    assert found["auc"]["grouped"] == metrics["test_auc"]
    assert found["auc"]["optimism_gap"] == pytest.approx(found["auc"]["leaky"] - metrics["test_auc"])


def test_the_report_shows_the_leaky_score_in_a_section_of_that_name(with_reference: Study) -> None:
    leaky = json.loads((results(with_reference) / "leaky_reference.json").read_text())["backends"]["xgboost"]["auc"]
    report = (results(with_reference) / "report.html").read_text(encoding="utf-8")
    section = report.partition('<section id="leaky"')[2].partition("</section>")[0]
    assert "Leaky reference" in section
    assert f"{leaky['leaky']:.3f}" in section


def test_the_report_of_a_run_without_a_reference_speaks_of_none(finished: Study) -> None:
    assert "Leaky reference" not in (results(finished) / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet", "search.parquet"])
def test_the_leaky_reference_changes_no_byte_of_the_grouped_results(
    name: str, with_reference: Study, finished: Study
) -> None:
    found, expected = (results(study) / "xgboost" / name for study in (with_reference, finished))
    assert found.read_bytes() == expected.read_bytes()
