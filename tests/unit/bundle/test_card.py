"""The model card: metadata that parse, numbers that say over what they are, text of users that stays text."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import report_artefacts
import yaml
from foldwise.bundle.card import Contents, render_card
from foldwise.bundle.markdown import escape
from foldwise.bundle.onnx_export import Export
from foldwise.bundle.scorer_contract import bundle_contract
from foldwise.results.load import Artefacts
from markdown_it import MarkdownIt

HOSTILE = [
    "<script>alert(1)</script>",
    "a|b",
    "[click](http://evil.example)",
    "![x](y)",
    "`code` ``more``",
    "**bold** _low_ __init__ a_b_c",
    "~~gone~~ &lt; &amp; $x$ # head @me :fire: www.evil.example",
    "two\nlines\tand\u202eturned",
    "back\\slash \\| \\",
]


def _artefacts() -> Artefacts:
    data = report_artefacts.artefacts()
    features = [{**f, "stored": "double", "sentinels": [0]} for f in data.contract["features"]]
    found = {**data.contract, "features": features, "id_pattern": None, "inf": "error"}
    return replace(data, contract=found)


def _card(data: Artefacts, **changed: Any) -> str:
    contract = bundle_contract(data.contract)
    calibration = {"method": "sigmoid", "intercept": 0.0, "slope": 1.0}
    entry = {"calibration": calibration, "threshold": 0.4, "criterion": "f1", "fitted_on": "3,278 rows"}
    operation = {
        "default": "xgboost",
        "models": {b: {"file": f"models/{b}", "version": "1.2.3"} for b in data.backends},
        "backends": {b: {"weights": {b: 1.0}, **entry} for b in data.backends},
    }
    exports = [Export("xgboost", True, 1e-7, 6556), Export("lightgbm", False, 0.1, 6556, "its scores differ")]
    return render_card(data, replace(Contents(contract, operation, exports, {"score.py": "ab" * 32}), **changed))


def _front_matter(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def _html(card: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(card.split("---\n", 2)[2]))


def test_the_metadata_hold_the_headline_and_over_what_it_is() -> None:
    found = _front_matter(_card(_artefacts()))
    assert (found["license"], found["library_name"]) == ("other", "xgboost")
    assert [entry["name"] for entry in found["model-index"]] == ["demo xgboost", "demo lightgbm"]
    [metric] = found["model-index"][0]["results"][0]["metrics"]
    assert (metric["type"], metric["value"], metric["verified"]) == ("roc_auc", 0.6912, False)
    assert metric["name"].startswith(
        "AUC by row, mean over 5 folds, 95 % corrected t interval 0.601 to 0.779; 3,278 rows, "
        "298 units (original_video), 298 groups; measured on models of the outer train parts, not on the final"
    )


def test_no_sentence_claims_that_the_final_model_was_tested() -> None:
    card = _card(_artefacts())
    assert "They were not tested themselves" in card.replace("\n", " ")
    assert "no score here is of it" in card


def test_every_part_that_was_promised_is_there() -> None:
    headings = [line.removeprefix("## ") for line in _card(_artefacts()).splitlines() if line.startswith("## ")]
    promised = ["Result", "Use", "Scores", "Audit", "Data", "Protocol", "Intended use", "Not intended", "Limits"]
    assert headings == [*promised, "Versions and hashes"]


def test_an_interval_that_is_refused_and_a_score_that_is_undefined_are_said() -> None:
    data = _artefacts()
    first, second = data.metrics
    first["intervals"]["auc"]["corrected_t"] = {"estimate": 0.69, "refused": "9 groups in the rarer class"}
    for fold in second["fold_results"]:
        fold["auc"] = None
    second |= {"test_auc": None, "test_auc_std": None}
    card = _card(data)
    [entry] = _front_matter(card)["model-index"]
    assert ", no interval; " in entry["results"][0]["metrics"][0]["name"]
    assert "9 groups in the rarer class" in card


def test_a_run_without_audit_slices_and_units_has_a_card() -> None:
    data = _artefacts()
    for metrics in data.metrics:
        metrics["slices"] = []
    contract = {**data.contract, "unit": "sample_id", "id": "row number", "slices": [], "groups": []}
    card = _card(replace(data, audit={}, contract=contract))
    assert "No audit was run." in card
    assert "rows without it are numbered" in card
    assert "scored_units" not in card
    assert "### Slices" not in card


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_card_of_models_of_a_gpu_promises_no_repetition(device: str) -> None:
    card = _card(replace(_artefacts(), configuration={"training": {"device": device}}))
    assert ("A repeated run may give other models and scores" in card) is (device == "cuda")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_stays_text(text: str) -> None:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"| h |\n| --- |\n| {escape(text)} |\n")
    [cell] = page.split("<td>")[1:]
    shown = unescape(cell.split("</td>")[0])
    assert shown.split() == text.replace("\u202e", " ").split()
    assert page.count("<td") == 1


def test_hostile_names_in_a_card_are_shown_and_not_read() -> None:
    data = _artefacts()
    label = {"column": HOSTILE[2], "positive": HOSTILE[0], "negative": HOSTILE[1], "n_positive": 1, "n_negative": 1}
    feature = {**data.contract["features"][0], "name": HOSTILE[5], "sentinels": [HOSTILE[4]]}
    sources = [{**data.contract["sources"][0], "path": f"/home/me/{HOSTILE[3]}.csv"}]
    names = {"label": label, "features": [feature], "unit": HOSTILE[7], "groups": HOSTILE, "sources": sources}
    data = replace(data, contract={**data.contract, **names})
    card = _card(data)
    page = _html(card)
    assert "<script" not in page
    assert "<a " not in page
    assert "<img" not in page
    assert "/home/me" not in card
    assert HOSTILE[7].split("\n")[0] in _front_matter(card)["model-index"][0]["results"][0]["metrics"][0]["name"]


def test_columns_beyond_sixty_are_counted() -> None:
    data = _artefacts()
    features = [{**data.contract["features"][0], "name": f"f{j}"} for j in range(100)]
    card = _card(replace(data, contract={**data.contract, "features": features}))
    assert "100 needed columns, the first 60 of them" in card
    assert "| f59 |" in card
    assert "| f60 |" not in card
