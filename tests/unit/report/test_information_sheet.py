"""The model information sheet answers from the run, and leaves to the author what a run cannot know."""

from dataclasses import replace
from typing import Any

import pytest
from fixtures.report_page import Page
from fixtures.run_results import edited, results_of
from fixtures.runs import FinishedRun
from foldwise.data.contract import Dropped, Unmatched
from foldwise.report.information_sheet import Answer, information_sheet
from foldwise.report.page import render_report
from foldwise.results.load import DatasetResults

CODES = ["L1.1", "L1.2", "L1.3", "L1.4", "L2", "L3.1", "L3.2", "L3.3"]


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> DatasetResults:
    return results_of(tiny_run)


def answers(results: DatasetResults) -> dict[str, Answer]:
    return {a.code or a.question: a for part in information_sheet(results) for a in part.answers}


def text_of(results: DatasetResults, question: str) -> str:
    return " ".join(answers(results)[question].lines)


def configured(results: DatasetResults, section: str, **settings: Any) -> DatasetResults:
    changed = {**results.configuration[section], **settings}
    return replace(results, configuration={**results.configuration, section: changed})


def with_contract(results: DatasetResults, **changes: Any) -> DatasetResults:
    return replace(results, contract=replace(results.contract, **changes))


def test_every_kind_of_leakage_is_in_order(results: DatasetResults) -> None:
    assert [code for code in answers(results) if code.startswith("L")] == CODES


def test_the_split_is_described_with_its_numbers(results: DatasetResults) -> None:
    text = text_of(results, "What was split, and how?")
    assert "rows that share a value of video are in one group; 40 groups of 200 rows" in text
    assert "whole groups are assigned to 3 folds" in text
    assert "1 repeat, seed 42" in text
    assert "are assigned to 2 folds (StratifiedGroupKFold)" in text


def test_held_out_sources_are_described_with_the_rows_in_neither_part(source_run: FinishedRun) -> None:
    results = results_of(source_run)
    text = text_of(results, "What was split, and how?")
    assert "each value of camera is the test part of one fold (leave_one_group_out), 2 folds" in text
    assert "No group has rows of two of them." in text
    first, *others = results.params["xgboost"]
    fewer = replace(first, rows=replace(first.rows, train=first.rows.train - 12))
    odd = replace(results, params={**results.params, "xgboost": [fewer, *others]})
    assert "are left out of that fold: at most 12 rows a fold" in text_of(odd, "What was split, and how?")
    assert "each held-out value of camera" in text_of(results, "L3.3")


def test_what_was_fitted_where_names_each_step(results: DatasetResults) -> None:
    text = text_of(configured(results, "training", class_weight="balanced"), "What was fitted where?")
    points = results.params["xgboost"][0].points
    assert f"({points} points for XGBoost, LightGBM, CatBoost)" in text
    assert f"Calibration ({results.metrics['xgboost'].calibration.method}) and decision threshold" in text
    assert "on the inner out-of-fold predictions" in text
    assert "row weights (balanced) of that part" in text
    assert "Weights of the ensemble: on the inner out-of-fold predictions of each outer train part" in text


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"method": "race"}, "by log loss; every point on the first inner fold"),
        ({"method": "screen"}, "by log loss; a balanced third of the fits on the first inner fold"),
        ({"method": "random"}, "by log loss; points drawn at random ("),
        ({"method": "optuna", "fraction": 0.2}, "(TPE); on 20 % of the groups ("),
        ({"method": "grid"}, "by log loss ("),
        ({"early_stopping_rounds": None}, "no early stopping"),
        (
            {"early_stopping_rounds": 20},
            "each fit on an inner fold ends once 20 trees in a row do not improve it; the model has the geometric mean",
        ),
    ],
)
def test_the_search_is_described(results: DatasetResults, search: dict[str, object], words: str) -> None:
    assert words in text_of(configured(results, "search", **search), "What was fitted where?")


def test_no_calibration_is_described(results: DatasetResults) -> None:
    calibration = replace(results.metrics["xgboost"].calibration, method="none")
    text = text_of(edited(results, calibration=calibration), "What was fitted where?")
    assert " Decision threshold (" in text
    assert "Calibration" not in text


@pytest.mark.parametrize(("device", "expected"), [("cpu", False), ("cuda", True)])
def test_trees_of_a_gpu_may_differ_from_run_to_run(results: DatasetResults, device: str, expected: bool) -> None:
    text = text_of(configured(results, "training", device=device), "What was fitted where?")
    assert ("guarantee neither the same trees in a repeated run" in text) is expected


def test_steps_that_use_all_rows_are_listed(results: DatasetResults) -> None:
    text = text_of(results, "L1.2")
    assert "On all rows, without the label: the codes of 1 category column" in text
    assert "drops columns which are constant" in text


def test_dropped_columns_and_unmatched_rows_are_named(results: DatasetResults) -> None:
    dropped = [Dropped("stage2_constant", "one value only")]
    dropped += [Dropped(f"name_{n}", f"identifier-like text: {n} distinct values in 9 rows") for n in range(2)]
    dropped += [Dropped(f"c{n}", "named in exclude") for n in range(10)]
    unmatched = {"stage2: in the metadata only": Unmatched(2, ["a.mp4"])}
    odd = with_contract(results, dropped=dropped, unmatched=unmatched)
    text = text_of(odd, "What went in, and what was left out?")
    assert "Columns not used as features (one value only): stage2_constant." in text
    assert "Columns not used as features (identifier-like text): name_0, name_1." in text
    assert "Columns not used as features (named in exclude): c0, c1, c2, c3, c4, c5, c6, c7 and 2 more." in text
    assert "Rows without a partner in the join: 2 rows (stage2: in the metadata only); see Data." in text
    assert "naming c0, c1, c2, c3, c4, c5, c6, c7 and 2 more in exclude" in answers(odd)["L1.3"].author


def test_checks_are_with_their_question_by_level(results: DatasetResults) -> None:
    assert results.audit is not None
    levels = {"shift": "warn", "order": "info"}
    checks = [replace(c, level=levels.get(c.id, "pass")) for c in results.audit.checks]
    by_question = answers(replace(results, audit=replace(results.audit, checks=checks)))
    assert by_question["Which audit checks were run?"].checks["warn"] == ["shift"]
    assert by_question["L1.1"].checks == {"pass": ["group_overlap", "scramble"]}
    assert list(by_question["L3.3"].checks.items()) == [
        ("warn", ["shift"]),
        ("info", ["order"]),
        ("pass", ["confounder"]),
    ]


def test_a_check_that_was_not_run_is_not_claimed(results: DatasetResults) -> None:
    by_question = answers(replace(results, audit=None))
    assert by_question["L1.4"].checks == {}
    assert by_question["L1.4"].lines == ["No audit check of this was run."]
    assert by_question["Which audit checks were run?"].lines == ["None: the audit was switched off."]


def test_rows_without_groups_are_no_proof_of_independence(results: DatasetResults) -> None:
    answer = answers(with_contract(results, groups=[]))["L3.2"]
    assert "No group column was declared" in answer.lines[0]
    assert answer.author == "that all rows are independent of each other."
    assert "no group column was declared" in text_of(with_contract(results, groups=[]), "What was split, and how?")


@pytest.mark.parametrize("code", ["L1.3", "L2", "L3.1", "L3.2", "L3.3"])
def test_what_a_run_cannot_know_is_left_to_the_author(results: DatasetResults, code: str) -> None:
    assert answers(results)[code].author


def test_the_page_shows_the_sheet_and_links_its_checks(results: DatasetResults) -> None:
    page = Page(render_report(results))
    assert page.text().count("To be argued by the author:") == 5
    assert ("a", "href", "#check-shift") in page.attributes
    assert ("a", "href", "#sheet") in page.attributes
    assert any(row[0].startswith("L3.3") for row in page.tables["information-sheet"])
