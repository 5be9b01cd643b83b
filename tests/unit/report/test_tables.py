"""The tables of the page show the values of the results with what they are computed on."""

from dataclasses import replace
from typing import Any

import pytest
from fixtures.report_page import Page
from fixtures.run_results import edited, results_of
from fixtures.runs import FinishedRun
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.report.page import render_report
from foldwise.results import wording
from foldwise.results.load import DatasetResults


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> DatasetResults:
    return results_of(tiny_run)


@pytest.fixture(scope="module")
def page(results: DatasetResults) -> Page:
    return Page(render_report(results))


@pytest.fixture(scope="module")
def by_source(source_run: FinishedRun) -> Page:
    return Page(render_report(results_of(source_run)))


def row_of(page: Page, table: str, start: str) -> list[str]:
    return next(row for row in page.tables[table] if row[0].startswith(start))


@pytest.mark.parametrize(("level", "extent"), [("row", "200 rows, 3 folds"), ("unit", "40 units, 3 folds")])
def test_metrics_and_baselines_are_those_of_the_results(
    results: DatasetResults, page: Page, level: str, extent: str
) -> None:
    heading, *_ = page.tables[f"metrics-{level}"]
    assert heading[-2:] == [f"Logistic regression {extent}", f"Constant prediction {extent}"]
    cells = row_of(page, f"metrics-{level}", "AUC")[1:]
    for (name, metrics), cell in zip(results.metrics.items(), cells, strict=False):
        auc = metrics.summary("auc", level)  # type: ignore[arg-type]
        assert auc.interval is not None
        assert auc.interval.ends is not None
        assert cell == f"{wording.number(auc.mean)} ± {auc.sd:.3f}{wording.interval(*auc.interval.ends)}", name
    first = results.metrics["xgboost"]
    logistic, constant = (first.baseline(n, "auc", level) for n in ("logistic_regression", "constant"))  # type: ignore[arg-type]
    assert constant == 0.5
    assert cells[-2:] == [wording.number(logistic), "0.500"]
    assert "lower is better" in row_of(page, f"metrics-{level}", "Log loss")[0]


def test_exact_values_are_next_to_the_rounded_ones(results: DatasetResults, page: Page) -> None:
    exact = {v for _, k, v in page.attributes if k == "data-value"}
    assert str(results.metrics["xgboost"].mean("auc")) in exact
    assert str(results.params["catboost"][0].seconds.total) in exact


def test_a_fold_without_a_value_is_counted(results: DatasetResults) -> None:
    folds = list(results.metrics["xgboost"].folds)
    folds[1] = replace(folds[1], row={**folds[1].row, "log_loss": None})
    rows = Page(render_report(edited(results, folds=folds)))
    assert "2 of 3 folds" in row_of(rows, "metrics-row", "Log loss")[1]
    odd = [replace(fold, row={**fold.row, "log_loss": None}) for fold in folds]
    assert row_of(Page(render_report(edited(results, folds=odd))), "metrics-row", "Log loss")[1] == (
        "undefinedon all 3 folds"
    )


def test_a_refused_interval_gives_its_reason_once(results: DatasetResults) -> None:
    interval = results.metrics["xgboost"].intervals["auc"][HEADLINE_METHOD]
    refused = replace(interval, low=None, high=None, confidence=None, refused="two folds only")
    page = Page(render_report(edited(results, intervals={"auc": {HEADLINE_METHOD: refused}})))
    assert row_of(page, "metrics-row", "AUC")[1].endswith("no interval")
    assert "No interval for XGBoost AUC, LightGBM AUC, CatBoost AUC, Ensemble AUC: two folds only." in page.text()
    assert page.tables["intervals"][1][4:] == [
        wording.number(interval.estimate), "undefined", "undefined", "", "3", "40", "two folds only"
    ]  # fmt: skip


def test_every_interval_says_what_it_is_computed_on_and_what_it_covers(results: DatasetResults, page: Page) -> None:
    rows = page.tables["intervals"][1:]
    pooled = results.metrics["xgboost"].intervals["auc"]["group_bootstrap"]
    assert rows[0][:4] == ["XGBoost", "row200 rows", "AUC", "influence functions"]
    assert rows[1][3] == "corrected t"
    assert rows[2][3:] == [
        "bootstrap of whole groups",
        *map(wording.number, (pooled.estimate, pooled.low, pooled.high)),
        *("95 %", "pooled", "40", ""),
    ]
    half = len(rows) // 2
    assert [row[1] for row in rows] == ["row200 rows"] * half + ["unit40 units"] * half
    assert f"Bootstrap of whole groups: {pooled.covers}." in page.text()


def test_each_slice_has_its_counts_and_the_metrics_of_every_model(results: DatasetResults, page: Page) -> None:
    entry = results.metrics["xgboost"].slices[0]
    counts = (entry.extent.n_rows, entry.extent.n_units, entry.extent.n_groups, entry.extent.n_positive, entry.n_folds)
    auc = [wording.number(metrics.slices[0].metrics["auc"]) for metrics in results.metrics.values()]
    row = page.tables["slices-table"][1]
    assert row[:11] == ["camera", entry.value, *map(str, counts), *auc]


def test_a_slice_of_one_class_has_no_auc(results: DatasetResults) -> None:
    entry = results.metrics["xgboost"].slices[0]
    odd = edited(results, slices=[replace(entry, metrics={**entry.metrics, "auc": None})])
    assert Page(render_report(odd)).tables["slices-table"][1][7] == "undefined"


def test_each_fold_has_its_counts_and_confusion(results: DatasetResults, page: Page) -> None:
    heading, first = page.tables["folds-table"][:2]
    fold = results.metrics["xgboost"].folds[0]
    assert heading[2] == "Repeat"
    assert first[:8] == [
        "XGBoost",
        "1",
        "1",
        *map(str, vars(fold.extent).values()),
        wording.number(fold.row["auc"]),
    ]
    assert first[-4:] == [str(n) for line in fold.confusion for n in line]
    assert "held-out" not in page.text()


def test_each_held_out_value_is_named(by_source: Page) -> None:
    assert by_source.tables["folds-table"][0][2].split() == ["Held", "out", "camera"]
    assert by_source.tables["folds-table"][1][:3] == ["XGBoost", "1", "front"]
    assert by_source.tables["classes"][2][2] == "rear"
    assert by_source.tables["metrics-row"][0][1] == "XGBoost 200 rows, 2 held-out values"
    assert "Mean over held-out values of camera ± standard deviation between them" in by_source.text()


def test_a_fold_of_one_class_is_named(source_run: FinishedRun) -> None:
    results = results_of(source_run)
    first, second = results.metrics["xgboost"].folds
    odd = replace(second, extent=replace(second.extent, n_positive=0), row={**second.row, "auc": None})
    page = Page(render_report(edited(results, folds=[first, odd])))
    assert page.tables["folds-table"][2][6:8] == ["0", "undefined"]
    assert "The test rows of fold 2 (rear) are of one class only" in page.text()


def test_the_ensemble_has_its_weights_and_no_search(results: DatasetResults, page: Page) -> None:
    weights = {w.backend: w.weight for w in results.weights if w.fold == 1}
    members = (*results.backends, "constant")
    assert page.tables["weights"][1][:5] == ["1", *(wording.number(weights[name]) for name in members)]
    assert len(page.tables["weights"]) == 1 + 3
    for name in ("calibration", "operating-points", "folds-table", "intervals"):
        assert "Ensemble" in {row[0] for row in page.tables[name]}
    assert "Ensemble" not in {row[0] for row in page.tables["timings-table"]}
    assert "search-ensemble" not in page.tables


def test_calibration_is_shown_before_and_after(results: DatasetResults, page: Page) -> None:
    calibration, of_rows = results.metrics["xgboost"].calibration, results.metrics["xgboost"].calibration.row
    pairs = (
        (getattr(of_rows.before, k), getattr(of_rows.after, k)) for k in ("brier", "log_loss", "slope", "intercept")
    )
    assert page.tables["calibration"][1] == [
        "XGBoost",
        calibration.method,
        *(wording.number(v) for p in pairs for v in p),
    ]
    assert "mean over 3 folds (200 rows, 40 groups)" in page.text()


def test_a_slope_that_is_undefined_on_some_folds_and_no_calibration_are_said(results: DatasetResults) -> None:
    calibration = results.metrics["xgboost"].calibration
    of_rows = replace(calibration.row, before=replace(calibration.row.before, n_folds_with_slope=2))
    odd = replace(calibration, method="none", row=of_rows)
    text = Page(render_report(edited(results, calibration=odd))).text()
    assert "XGBoost, before: the slope is a mean over 2 of 3 folds" in text
    assert "Method none: predictions are not changed." in text


@pytest.mark.parametrize(("level", "table"), [("row", "decisions"), ("unit", "decisions-by-unit")])
def test_decisions_are_shown_at_both_thresholds_with_intervals(
    results: DatasetResults, page: Page, level: Any, table: str
) -> None:
    decision = results.metrics["xgboost"].decision
    values = sorted(fold.threshold for fold in decision.folds)
    spread = f"{wording.number(values[0])} to {wording.number(values[-1])}"
    heading, first = page.tables[table][:2]
    assert [h.strip() for h in heading[1:3]] == [f"XGBoost at {spread}", "XGBoost at 0.5"]
    at_level = decision.at(level)
    for cell, interval in zip(first[1:], (at_level.at_chosen["f1"], at_level.at_half["f1"]), strict=False):
        assert interval.ends is not None
        assert cell == f"{wording.number(interval.estimate)}{wording.interval(*interval.ends)}"
    assert first[-1] == wording.number(at_level.constant["f1"])
    assert f"XGBoost {spread}, median {wording.number(values[1])} (3 folds)" in page.text()


def with_rows(results: DatasetResults, **changes: Any) -> DatasetResults:
    """Return the results with an edited decision by row of every model."""
    decision = results.metrics["xgboost"].decision
    return edited(results, decision=replace(decision, row=replace(decision.row, **changes)))


def test_a_refused_interval_of_a_decision_gives_its_reason(results: DatasetResults) -> None:
    at_chosen = results.metrics["xgboost"].decision.row.at_chosen
    refused = replace(at_chosen["f1"], low=None, high=None, refused="4 groups only")
    page = Page(render_report(with_rows(results, at_chosen={**at_chosen, "f1": refused})))
    assert page.tables["decisions"][1][1].endswith("no interval")
    assert "No interval for XGBoost F1, LightGBM F1, CatBoost F1, Ensemble F1: 4 groups only." in page.text()


def test_a_decision_no_better_than_a_constant_one_is_said_to_be(results: DatasetResults) -> None:
    words = "XGBoost: by its criterion the decision is no better than the better constant one."
    assert words in Page(render_report(with_rows(results, better_than_constant=False))).text()


def test_operating_points_have_the_configured_and_the_measured_rates(results: DatasetResults, page: Page) -> None:
    point = results.metrics["xgboost"].decision.row.operating_points[1]
    assert point.tpr.ends is not None
    row = page.tables["operating-points"][2]
    assert row[:3] == [
        "XGBoost",
        "5 %",
        f"{wording.number(point.tpr.estimate)}{wording.interval(*point.tpr.ends)}",
    ]
    assert "below it the 95 % interval by influence functions" in page.text()


def test_no_operating_points_leave_the_table_out(results: DatasetResults) -> None:
    assert "operating-points" not in Page(render_report(with_rows(results, operating_points=[]))).tables


def test_the_leaky_reference_is_shown_apart_with_its_gap(results: DatasetResults, page: Page) -> None:
    assert results.leaky is not None
    auc = results.leaky.backends["xgboost"].metrics["auc"]
    assert page.tables["leaky-metrics"][1][:5] == [
        *(
            "XGBoost",
            "AUC",
            f"{wording.number(auc.leaky)} ± {auc.leaky_sd:.3f}",
            wording.number(auc.grouped),
        ),
        f"{auc.optimism_gap:+.3f}",
    ]
    assert page.text().count("Leaky reference: says nothing about new units.") == 2
    assert "The ensemble has no leaky reference" in page.text()
    without = Page(render_report(replace(results, leaky=None)))
    assert without.tables == {k: v for k, v in page.tables.items() if k != "leaky-metrics"}


def test_a_gap_without_a_grouped_metric_is_undefined(results: DatasetResults) -> None:
    assert results.leaky is not None
    backend = results.leaky.backends["xgboost"]
    odd = replace(backend, metrics={"auc": replace(backend.metrics["auc"], grouped=None, optimism_gap=None)})
    leaky = replace(results.leaky, backends={"xgboost": odd})
    rows = Page(render_report(replace(results, leaky=leaky))).tables["leaky-metrics"]
    assert rows[1][3:5] == ["undefined", "undefined"]
