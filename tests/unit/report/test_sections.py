"""The report page on calibration, thresholds, the leaky reference and held-out sources."""

from dataclasses import replace

import pytest
from foldwise.report.page import SECTIONS, render_report
from report_artefacts import artefacts, held_out_sources, leaky, with_ensemble
from report_page import Page


@pytest.fixture
def page() -> Page:
    return Page(render_report(artefacts()))


@pytest.fixture
def by_source() -> Page:
    return Page(render_report(held_out_sources(artefacts())))


def test_calibration_stands_before_and_after(page: Page) -> None:
    assert page.tables["calibration"][1] == [
        *("XGBoost", "sigmoid", "0.231", "0.230", "0.654", "0.651", "0.912", "1.012", "0.031", "0.000"),
    ]
    assert "mean over 5 folds (3,278 rows, 298 groups)" in page.text()


def test_slope_that_some_fold_lacks_is_said() -> None:
    data = artefacts()
    data.metrics[0]["calibration"]["before"]["n_folds_with_slope"] = 4
    assert "XGBoost, before: the slope is a mean over 4 of 5 folds" in Page(render_report(data)).text()


def test_decisions_stand_at_both_thresholds_with_intervals(page: Page) -> None:
    heading, first = page.tables["decisions"][:2]
    assert [h.strip() for h in heading[1:3]] == ["XGBoost at 0.5", "XGBoost at 0.310 to 0.350"]
    assert first[:3] == ["F1", "0.6000.520 to 0.680", "0.7000.620 to 0.780"]
    assert "the best F1 on inner out-of-fold scores of each fold's train part" in page.text()
    assert "XGBoost 0.310 to 0.350, median 0.330 (5 folds)" in page.text()


def test_operating_points_say_what_was_aimed_at_and_reached(page: Page) -> None:
    assert page.tables["operating-points"][2] == ["XGBoost", "5 %", "0.2010.121 to 0.281", "0.052-0.028 to 0.132"]
    assert "an end can lie beyond what the score can be" in page.text()
    assert "below it the 95 % corrected t interval" in page.text()


def test_refused_interval_of_a_decision_gives_its_reason() -> None:
    data = artefacts()
    for found in data.metrics:
        found["thresholds"]["at_chosen"]["f1"] = {"estimate": 0.7, "refused": "4 groups only"}
    page = Page(render_report(data))
    assert page.tables["decisions"][1][2] == "0.700no interval"
    assert "No interval for XGBoost F1, LightGBM F1: 4 groups only." in page.text()


def test_run_without_calibration_and_thresholds_says_so() -> None:
    data = artefacts()
    for found in data.metrics:
        found |= {"thresholds": {}, "calibration": {}}
    assert "Neither was measured." in Page(render_report(data)).text()


def test_leaky_reference_is_absent_unless_it_was_run(page: Page) -> None:
    assert "leaky" not in page.sections
    assert "leaky-scores" not in page.tables


def test_leaky_reference_stands_apart_with_its_gap(page: Page) -> None:
    leaking = Page(render_report(replace(artefacts(), leaky=leaky())))
    assert leaking.sections == [section for section in SECTIONS if section != "ensemble"]
    assert leaking.tables["leaky-scores"][1] == ["XGBoost", "AUC", "0.951 ± 0.012", "0.691", "+0.260", "5"]
    assert leaking.text().count("Leaky reference: says nothing about new units.") == 2
    assert {k: v for k, v in leaking.tables.items() if k != "leaky-scores"} == page.tables


def test_gap_without_a_grouped_score_is_undefined() -> None:
    found = leaky()
    found["backends"]["xgboost"]["auc"] |= {"grouped": None, "optimism_gap": None}
    rows = Page(render_report(replace(artefacts(), leaky=found))).tables["leaky-scores"]
    assert rows[1][3:5] == ["undefined", "undefined"]


def test_verdict_speaks_of_held_out_values(by_source: Page) -> None:
    text = by_source.text()
    assert "no interval: not defined in 1 of 5 folds; mean over 4 of 5 held-out values of camera" in text
    assert "On the same held-out values of camera, AUC:" in text
    assert "mean over held-out values of camera and its interval" in text
    assert "Mean over held-out values of camera ± standard deviation between them" in text
    assert "3,278 rows, 5 held-out values" in text


def test_each_held_out_value_has_its_counts_and_what_is_undefined(by_source: Page) -> None:
    rows = by_source.tables["folds-table"]
    assert rows[0][2].split() == ["Held", "out", "camera"]
    assert rows[1][:7] == ["XGBoost", "1", "camera 1", "656", "60", "60", "330"]
    assert rows[5][6:8] == ["0", "undefined"]
    assert by_source.tables["classes"][5][2] == "camera 5"
    assert "One class only among the test rows of fold 5 (camera 5)" in by_source.text()


def test_dealt_folds_keep_their_repeat(page: Page) -> None:
    assert page.tables["folds-table"][0][2] == "Repeat"
    assert "held-out" not in page.text()


def test_without_an_ensemble_nothing_says_so(page: Page) -> None:
    assert "ensemble" not in page.sections
    assert "nsemble" not in page.text()


def test_the_ensemble_stands_beside_its_backends_with_the_weights_of_the_test_rows() -> None:
    page = Page(render_report(with_ensemble(artefacts())))
    assert page.sections == [section for section in SECTIONS if section != "leaky"]
    assert page.tables["weights"][1] == ["1", "0.750", "0.250", "2,622"]
    assert len(page.tables["weights"]) == 1 + 5
    for name in ("scores-row", "decisions", "slices-table"):
        assert any(cell.startswith("Ensemble") or cell.endswith("Ensemble") for cell in page.tables[name][0])
    for name in ("calibration", "operating-points", "folds-table", "intervals"):
        assert "Ensemble" in {row[0] for row in page.tables[name]}
    for name in ("timings-table", "search-xgboost"):
        assert "Ensemble" not in {row[0] for row in page.tables[name]}
    assert "search-ensemble" not in page.tables
    assert "Calibration of Ensemble on demo" in {v for _, k, v in page.attributes if k == "alt"}


def test_the_best_of_the_entrants_is_named_as_such() -> None:
    text = Page(render_report(with_ensemble(artefacts()))).text()
    assert "The ensemble separates label 1 from label 0 with AUC 0.699" in text
    assert "The ensemble is named because its mean is the best of 2 backends and their ensemble, not because" in text
    assert "the best of 2 backends and their ensemble is named on the same folds that score it." in text
    assert "Weights of the ensemble: on the inner out-of-fold scores of each outer train part" in text


def test_the_leaky_reference_says_that_the_ensemble_has_none() -> None:
    page = Page(render_report(replace(with_ensemble(artefacts()), leaky=leaky())))
    assert {row[0] for row in page.tables["leaky-scores"][1:]} == {"XGBoost", "LightGBM"}
    assert "The ensemble has no leaky reference" in page.text()
