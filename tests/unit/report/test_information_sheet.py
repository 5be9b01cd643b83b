"""The model information sheet answers from the run, and leaves to the author what a run cannot know."""

from dataclasses import replace

import pytest
from foldwise.report.information_sheet import Answer, information_sheet
from foldwise.report.page import render_report
from foldwise.results.load import Artefacts
from report_artefacts import artefacts, feature, held_out_sources
from report_page import Page

CODES = ["L1.1", "L1.2", "L1.3", "L1.4", "L2", "L3.1", "L3.2", "L3.3"]
CONFIGURATION = {
    "folds": {"method": "stratified_group", "by": None, "n_splits": 5, "inner_splits": 3, "seed": 42},
    "search": {"metric": "log_loss", "early_stopping_rounds": None},
    "training": {"class_weight": "balanced"},
}


def answers(data: Artefacts | None = None) -> dict[str, Answer]:
    chosen = data or replace(artefacts(), configuration=CONFIGURATION)
    found = [a for part in information_sheet(chosen) for a in part.answers]
    return {a.code or a.question: a for a in found}


def said(answer: Answer) -> str:
    return " ".join(answer.lines)


def test_every_kind_of_leakage_is_asked_for_in_order() -> None:
    assert [code for code in answers() if code.startswith("L")] == CODES


def test_split_is_told_with_its_numbers() -> None:
    text = said(answers()["What was split, and how?"])
    assert "rows that share a value of original_video belong together, 298 groups of 3,278 rows" in text
    assert "whole groups dealt to 5 folds" in text
    assert "1 repeat, seed 42" in text
    assert "dealt to 3 folds (StratifiedGroupKFold)" in text


def test_held_out_sources_are_told_with_the_rows_that_took_no_part() -> None:
    data = held_out_sources(artefacts())
    data.params[0]["rows"]["train"] -= 12
    text = said(answers(data)["What was split, and how?"])
    assert "each value of camera is the test part of one fold (leave_one_group_out), 5 folds" in text
    assert "left out of that fold: up to 12 rows a fold" in text
    assert "each held-out value of camera" in said(answers(data)["L3.3"])


def test_what_was_fitted_where_names_each_step() -> None:
    text = said(answers()["What was fitted where?"])
    assert "by log loss (64 points for XGBoost, LightGBM)" in text
    assert "no early stopping" in text
    assert "Calibration (sigmoid) and decision threshold (f1): on the inner out-of-fold scores" in text
    assert "row weights (balanced) of that part" in text


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"method": "race"}, "by log loss; every point on the first inner fold"),
        ({"method": "random"}, "by log loss; points drawn at random ("),
        ({"method": "optuna", "fraction": 0.2}, "(TPE); on 20 % of the groups (64 points"),
    ],
)
def test_the_way_to_the_points_is_told(search: dict[str, object], words: str) -> None:
    data = replace(artefacts(), configuration={**CONFIGURATION, "search": {"metric": "log_loss", **search}})
    assert words in said(answers(data)["What was fitted where?"])


def test_early_stopping_and_no_calibration_are_told() -> None:
    stopping = {**CONFIGURATION, "search": {"metric": "auc", "early_stopping_rounds": 20}}
    data = replace(artefacts(), configuration=stopping)
    for found in data.metrics:
        found["calibration"]["method"] = "none"
    text = said(answers(data)["What was fitted where?"])
    assert "early stopping after 20 rounds, on the mean curve of the inner folds" in text
    assert "Decision threshold (f1): on" in text
    assert "Calibration" not in text


@pytest.mark.parametrize(("device", "told"), [("cpu", False), ("cuda", True)])
def test_trees_of_a_gpu_are_told_to_differ_from_run_to_run(device: str, told: bool) -> None:
    data = replace(artefacts(), configuration={**CONFIGURATION, "training": {"device": device}})
    text = said(answers(data)["What was fitted where?"])
    assert ("do not promise the same trees twice" in text) is told


def test_steps_that_look_at_all_rows_are_admitted() -> None:
    data = artefacts()
    data.contract["features"].append(feature("codec") | {"type": "category"})
    text = said(answers(data)["L1.2"])
    assert "On all rows, without the label: the codes of 1 category column" in text
    assert "drops columns which are constant" in text


def test_left_out_columns_and_rows_are_named() -> None:
    data = artefacts()
    data.contract["dropped"] += [{"name": f"c{n}", "reason": "named in exclude"} for n in range(10)]
    found = answers(data)
    text = said(found["What went in, and what was left out?"])
    assert "Columns left out (one value only): stage2_constant." in text
    assert "Columns left out (named in exclude): c0, c1, c2, c3, c4, c5, c6, c7 and 2 more." in text
    assert "Without a partner in the join: 2 rows (stage2)" in text
    assert "naming c0, c1, c2, c3, c4, c5, c6, c7 and 2 more in exclude" in found["L1.3"].author


def test_checks_stand_with_their_question_by_level() -> None:
    found = answers()
    assert found["Which audit checks were run?"].checks == {"warn": ["shift"], "pass": ["scramble"]}
    assert found["L1.1"].checks == {"pass": ["scramble"]}
    assert found["L3.3"].checks == {"warn": ["shift"]}


def test_check_that_was_not_run_is_not_claimed() -> None:
    found = answers(replace(artefacts(), audit={}))
    assert found["L1.4"].checks == {}
    assert found["L1.4"].lines == ["No audit check of this was run."]
    assert found["Which audit checks were run?"].lines == ["None: the audit was switched off."]


def test_rows_without_groups_are_no_proof_of_independence() -> None:
    data = artefacts()
    data.contract["groups"] = []
    found = answers(data)["L3.2"]
    assert "No group column was declared" in said(found)
    assert found.author == "that nothing ties rows together."


@pytest.mark.parametrize("code", ["L1.3", "L2", "L3.1", "L3.2", "L3.3"])
def test_what_a_run_cannot_know_is_left_to_the_author(code: str) -> None:
    assert answers()[code].author


def test_page_shows_the_sheet_and_links_its_checks() -> None:
    page = Page(render_report(artefacts()))
    assert page.text().count("To be argued by the author:") == 5
    assert ("a", "href", "#check-shift") in page.attributes
    assert ("a", "href", "#sheet") in page.attributes
    assert any(row[0].startswith("L3.3") for row in page.tables["information-sheet"])
