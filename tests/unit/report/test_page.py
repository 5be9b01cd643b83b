"""The report page is in order, loads nothing, escapes what comes from a table, and depends on the results alone."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.report_page import Page
from fixtures.run_results import edited, results_of
from fixtures.runs import FinishedRun
from foldwise.report.page import PLOT_TITLES, SECTIONS, render_report, write_report
from foldwise.results.load import DatasetResults

ATTACK = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> DatasetResults:
    return results_of(tiny_run)


@pytest.fixture(scope="module")
def page(results: DatasetResults) -> Page:
    return Page(render_report(results))


def test_the_sections_are_in_the_order_of_the_reader(page: Page) -> None:
    assert page.sections == list(SECTIONS)
    assert page.sections[:4] == ["verdict", "audit", "metrics", "comparison"]


def test_a_run_without_ensemble_leaky_reference_audit_and_slices_says_so_or_leaves_them_out(
    lone_run: FinishedRun,
) -> None:
    results = edited(results_of(lone_run), slices=[])
    page = Page(render_report(results))
    assert page.sections == [section for section in SECTIONS if section not in ("leaky", "ensemble")]
    assert "The ensemble" not in page.text()
    assert "Ensemble" not in page.text()
    assert "leaky-metrics" not in page.tables
    assert "No checks were run: the audit is switched off." in page.text()
    assert "No slices are configured." in page.text()


def test_the_checks_of_the_audit_come_worst_first_with_their_evidence_as_a_table(results: DatasetResults) -> None:
    assert results.audit is not None
    first, second, third, *others = (replace(check, level="pass") for check in results.audit.checks)
    warned = replace(third, level="warn", evidence=[{"fold": 3, "auc": 0.6612}], sentence="Fold 3 differs.")
    informs = replace(second, level="info")
    audit = replace(results.audit, verdict="warn", checks=[first, informs, warned, *others])
    page = Page(render_report(replace(results, audit=audit)))
    checks = [v for _, k, v in page.attributes if k == "id" and v.startswith("check-")]
    assert checks[:3] == [f"check-{check.id}" for check in (third, second, first)]
    assert page.tables[f"evidence-{third.id}"] == [["fold", "auc"], ["3", "0.661"]]
    assert f"Checks: 1 warn, 1 info, {len(others) + 1} pass." in page.text()


def test_a_check_has_its_title_and_where_it_did_not_pass_what_it_means_and_what_to_do(results: DatasetResults) -> None:
    assert results.audit is not None
    first, *others = (replace(check, level="pass") for check in results.audit.checks)
    advice = f"{first.meaning} What to do: {first.what_to_do} More: {first.documentation}"
    for level in ("pass", "info", "warn", "fail"):
        audit = replace(results.audit, checks=[replace(first, level=level), *others])
        text = Page(render_report(replace(results, audit=audit))).text()
        assert f"{first.title} {first.id} {first.sentence}" in text
        assert text.count(advice) == (level != "pass")
        assert "What to do: " + others[0].what_to_do not in text


def test_text_from_tables_is_escaped(results: DatasetResults) -> None:
    assert results.audit is not None
    contract = results.contract
    check = replace(results.audit.checks[0], level="warn", title=ATTACK, sentence=ATTACK, meaning=ATTACK)
    check = replace(check, evidence=[{ATTACK: ATTACK}])
    metrics = results.metrics["xgboost"]
    hostile = replace(
        edited(results, slices=[replace(metrics.slices[0], slice=ATTACK, value=f'"{ATTACK}')]),
        contract=replace(
            contract,
            label=replace(contract.label, column=ATTACK, positive=ATTACK),
            features=[replace(contract.features[0], name=ATTACK)],
            notes=[ATTACK],
        ),
        comparison=replace(results.comparison, dataset=ATTACK, verdict=ATTACK),
        audit=replace(results.audit, checks=[check], sentence=ATTACK),
        configuration={**results.configuration, ATTACK: ATTACK},
    )
    html = render_report(hostile)
    assert ATTACK not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert Page(html).scripts == 1


def test_nothing_is_loaded_from_elsewhere(results: DatasetResults, page: Page) -> None:
    loaded = [v for _, k, v in page.attributes if k in ("src", "href", "srcset", "action", "data", "poster")]
    assert all(v.startswith(("data:", "#")) for v in loaded)
    assert not re.search(r"url\(|@import|fetch\(", render_report(results))
    assert all(not k.startswith("on") for _, k, _ in page.attributes)
    assert any(k == "content" and v.startswith("default-src 'none'") for _, k, v in page.attributes)


def test_links_lead_to_something_on_the_page(page: Page) -> None:
    ids = [v for _, k, v in page.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for tag, k, v in page.attributes if tag == "a" and k == "href"} <= set(ids)


def test_every_plot_is_embedded_once_with_a_description(results: DatasetResults, page: Page) -> None:
    pictures = [v for tag, k, v in page.attributes if (tag, k) == ("img", "src")]
    assert len(pictures) == 1 + len(results.backends) * len(PLOT_TITLES) + 5
    assert ("img", "alt", "ROC curve of XGBoost on tiny") in page.attributes
    assert ("img", "alt", "Calibration of Ensemble on tiny") in page.attributes


def test_the_password_of_the_tracker_is_left_out(results: DatasetResults) -> None:
    tracking = {"tracking": {"uri": "https://me:hush@tracker.example/x"}}
    text = Page(render_report(replace(results, configuration={**results.configuration, **tracking}))).text()
    assert "hush" not in text
    assert "https://***@tracker.example/x" in text


def test_large_tables_keep_the_page_small(results: DatasetResults) -> None:
    features = [replace(results.contract.features[0], name=f"stage2_feature_{n}", column="x") for n in range(1000)]
    entry = results.metrics["xgboost"].slices[0]
    slices = [replace(entry, slice=f"slice_{n}", value=str(v)) for n in range(50) for v in range(20)]
    html = render_report(replace(edited(results, slices=slices), contract=replace(results.contract, features=features)))
    assert len(html.encode()) < 1_000_000
    assert html.count("stage2_feature_") == 30
    assert "30 of 1,000 features shown; all are in table.json." in html
    assert "600 more rows are in metrics.parquet." in html


def test_several_versions_of_a_library_are_named(results: DatasetResults) -> None:
    first, *others = results.params["xgboost"]
    params = {**results.params, "xgboost": [replace(first, versions={**first.versions, "numpy": "0.1"}), *others]}
    text = Page(render_report(replace(results, params=params))).text()
    assert "More than one version was used: numpy." in text


def test_the_page_depends_on_the_results_alone(tiny_run: FinishedRun, results: DatasetResults, tmp_path: Path) -> None:
    write_report(results, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == (tiny_run.results / "report.html").read_bytes()


def test_the_order_of_the_files_does_not_matter(tiny_run: FinishedRun, results: DatasetResults) -> None:
    assert render_report(results_of(tiny_run, backwards=True)) == render_report(results)
