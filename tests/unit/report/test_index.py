"""The page over all datasets shows of each what its own report shows, and links to it."""

from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.report_page import Page
from fixtures.run_results import results_of
from fixtures.runs import FinishedRun
from foldwise.report.index import index_table, render_index, write_index
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import DatasetResults

ATTACK = "<script>alert(1)</script>"
SENTENCES = ["Verdict", "Baselines", "Comparison"]
MODELS = ["XGBoost", "LightGBM", "CatBoost", "Ensemble (recommended)", "Logistic regression", "Constant prediction"]


def named(results: DatasetResults, name: str) -> DatasetResults:
    return replace(results, comparison=replace(results.comparison, dataset=name))


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> DatasetResults:
    return results_of(tiny_run)


@pytest.fixture(scope="module")
def page(results: DatasetResults) -> Page:
    return Page(render_index([named(results, "demo"), named(results, "flights")]))


def test_each_dataset_has_a_row_with_audit_metrics_extent_and_verdict(results: DatasetResults, page: Page) -> None:
    heading, demo, flights = page.tables["datasets"]
    assert heading == ["Dataset", "Audit", *(f"{m} AUC" for m in MODELS), "Computed on", *SENTENCES]
    first = results.comparison.models[0]
    assert first.ends is not None
    assert demo[:3] == ["demo", "pass", f"{wording.number(first.estimate)}{wording.interval(*first.ends)}"]
    assert demo[7:9] == ["0.500", "200 rows40 units, 40 groups, 3 folds"]
    assert demo[9:] == [verdict(results).headline, results.comparison.verdict_baselines, results.comparison.verdict]
    assert flights[0] == "flights"


def test_links_lead_from_a_row_to_its_report(page: Page) -> None:
    links = [v for tag, k, v in page.attributes if (tag, k) == ("a", "href") and not v.startswith("#")]
    assert links[:3] == ["demo/report.html", "demo/report.html#audit", "demo/report.html#comparison"]
    assert links[3] == "flights/report.html"


def test_exact_metrics_are_next_to_the_rounded_ones(results: DatasetResults, page: Page) -> None:
    assert str(results.comparison.models[0].estimate) in {v for _, k, v in page.attributes if k == "data-value"}


def test_the_worst_audit_sorts_first(results: DatasetResults) -> None:
    assert results.audit is not None
    levels = [replace(results, audit=replace(results.audit, verdict=level)) for level in ("pass", "warn", "fail")]
    assert [row[1].value for row in index_table(levels).rows] == ["3", "1", "0"]


def test_a_run_without_an_audit_says_so(lone_run: FinishedRun) -> None:
    page = Page(render_index([results_of(lone_run)]))
    assert page.tables["datasets"][1][1] == "noneno audit was run"


def test_a_metric_without_an_interval_and_one_without_a_value_are_named(results: DatasetResults) -> None:
    first, second, *others = results.comparison.models
    refused = replace(first, low=None, high=None, refused="two folds only")
    undefined = replace(second, estimate=None, low=None, high=None)
    comparison = replace(results.comparison, models=[refused, undefined, *others])
    row = Page(render_index([replace(results, comparison=comparison)])).tables["datasets"][1]
    assert row[2] == f"{wording.number(first.estimate)}no interval"
    assert row[3].startswith("undefined")


def test_text_from_tables_is_escaped(results: DatasetResults) -> None:
    label = replace(results.contract.label, column=ATTACK, positive=ATTACK, negative=ATTACK)
    comparison = replace(results.comparison, dataset=ATTACK, verdict_baselines=ATTACK, verdict=ATTACK)
    contract = replace(results.contract, label=label)
    html = render_index([replace(results, comparison=comparison, contract=contract), results])
    assert ATTACK not in html
    assert Page(html).scripts == 1


def test_several_datasets_are_read_each_with_its_own_metrics(
    tiny_run: FinishedRun, source_run: FinishedRun, tmp_path: Path
) -> None:
    folders = (tiny_run.results, source_run.results)
    models = ["xgboost", "lightgbm", "ensemble"]
    write_index(
        tmp_path / "index.html",
        models=models,
        contracts=[folder / "table.json" for folder in folders],
        audits=[],
        comparisons=[folder / "comparison.json" for folder in folders],
        metrics=[folder / model / "metrics.json" for model in models for folder in folders],
    )
    rows = Page((tmp_path / "index.html").read_text(encoding="utf-8")).tables["datasets"][1:]
    assert "over 3 folds" in rows[0][9]
    assert "over 2 held-out values of the source column" in rows[1][9]
