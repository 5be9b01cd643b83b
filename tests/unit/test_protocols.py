"""The other ways to run, from end to end: leave one source out, the leaky reference, one backend without an audit."""

import re
from pathlib import Path

import pandas as pd
import pytest
from fixtures.runs import FinishedRun, finish_run
from foldwise.io.files import read_json


def page(run: FinishedRun) -> str:
    return (run.results / "report.html").read_text(encoding="utf-8")


def cameras(rows: pd.DataFrame) -> dict[int, list[str]]:
    return {fold: sorted(part["camera"].unique()) for fold, part in rows.groupby("fold")}


def test_the_report_of_a_run_by_source_names_the_held_out_values(source_run: FinishedRun) -> None:
    assert "2 held-out values of camera" in page(source_run)


def test_each_fold_names_its_source_and_counts_its_rows(source_run: FinishedRun) -> None:
    folds = read_json(source_run.results / "xgboost/metrics.json")["fold_results"]
    assert [fold["source"] for fold in folds] == ["front", "rear"]
    assert [(fold["n_rows"], fold["n_groups"]) for fold in folds] == [(100, 20), (100, 20)]


def test_a_fold_tests_the_rows_of_its_source_alone(source_run: FinishedRun) -> None:
    rows = pd.read_parquet(source_run.results / "predictions.parquet")
    assert cameras(rows) == {1: ["front"], 2: ["rear"]}
    of_backend = rows[rows["backend"] == "xgboost"]
    assert len(of_backend) == of_backend["sample_id"].nunique() == 200


def test_no_row_of_the_source_is_a_train_row_of_its_fold(source_run: FinishedRun) -> None:
    table = pd.read_parquet(source_run.results / "table.parquet", columns=["sample_id", "camera"])
    inner = pd.read_parquet(source_run.results / "xgboost/inner_predictions.parquet")
    assert cameras(inner.merge(table, on="sample_id")) == {1: ["rear"], 2: ["front"]}


def test_the_leaky_reference_is_compared_with_the_grouped_metric(tiny_run: FinishedRun) -> None:
    for backend, metrics in read_json(tiny_run.results / "leaky_reference.json")["backends"].items():
        grouped = read_json(tiny_run.results / backend / "metrics.json")["test_auc"]
        assert metrics["auc"]["grouped"] == grouped
        assert metrics["auc"]["optimism_gap"] == pytest.approx(metrics["auc"]["leaky"] - grouped)


def test_the_report_has_a_section_on_the_leaky_reference_where_there_is_one(
    tiny_run: FinishedRun, source_run: FinishedRun
) -> None:
    leaky = read_json(tiny_run.results / "leaky_reference.json")["backends"]["xgboost"]["auc"]["leaky"]
    section = page(tiny_run).partition('<section id="leaky"')[2].partition("</section>")[0]
    assert "Leaky reference" in section
    assert f"{leaky:.3f}" in section
    assert "Leaky reference" not in page(source_run)


def test_the_leaky_reference_changes_no_byte_of_the_grouped_results(tiny_run: FinishedRun, tmp_path: Path) -> None:
    without = finish_run(tmp_path / "without", folds={"n_splits": 3, "inner_splits": 2}, backends=["xgboost"])
    for name in ("metrics.json", "predictions.parquet", "search.parquet"):
        path = Path("xgboost", name)
        assert (without.results / path).read_bytes() == (tiny_run.results / path).read_bytes(), name


def test_one_backend_has_no_ensemble_and_its_report_mentions_none(lone_run: FinishedRun) -> None:
    assert not (lone_run.results / "ensemble").exists()
    assert "nsemble" not in re.sub(r"<pre.*?</pre>", "", page(lone_run), flags=re.DOTALL)


def test_a_report_without_an_audit_says_so(lone_run: FinishedRun) -> None:
    assert not (lone_run.results / "audit.json").exists()
    assert "No audit was run" in page(lone_run)
