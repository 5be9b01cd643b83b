"""The model card: metadata that parse, metrics that say what they are computed on, text of users that stays text."""

import json
from copy import deepcopy
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures.runs import FinishedRun
from foldwise.bundle.card import Contents, render_card
from foldwise.bundle.markdown import escape
from foldwise.bundle.onnx_export import Export
from foldwise.data.contract import Contract
from foldwise.io.files import read_json
from foldwise.predict.final_models import find_final_models
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


@pytest.fixture(scope="module")
def loaded(tiny_run: FinishedRun) -> Artefacts:
    """The results of the tiny run without its ensemble."""
    results, backends = tiny_run.results, tiny_run.settings.backends
    return Artefacts(
        dataset="tiny",
        entrants=backends,
        contract=read_json(results / "table.json"),
        audit=read_json(results / "audit.json"),
        comparison=read_json(results / "comparison.json"),
        metrics=[read_json(results / backend / "metrics.json") for backend in backends],
        params=[fold for backend in backends for fold in read_json(results / backend / "params.json")],
        configuration=json.loads(tiny_run.settings.model_dump_json(include={"folds", "search", "training", "audit"})),
    )


@pytest.fixture
def results(loaded: Artefacts) -> Artefacts:
    """The same, to be changed."""
    return deepcopy(loaded)


@pytest.fixture(scope="module")
def folder(tiny_run: FinishedRun) -> Path:
    return tiny_run.results


def _card(results: Artefacts, folder: Path) -> str:
    models = replace(find_final_models(folder), ensemble=None)
    exports = [Export("xgboost", True, 1e-7, 400), Export("lightgbm", False, 0.1, 400, "its predictions differ")]
    contract = Contract.from_json(results.contract)
    return render_card(results, Contents(contract, models, "xgboost", exports, {"score.py": "ab" * 32}))


def _front_matter(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def _html(card: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(card.split("---\n", 2)[2]))


def test_the_metadata_contain_each_auc_with_what_it_is_computed_on(results: Artefacts, folder: Path) -> None:
    metadata = _front_matter(_card(results, folder))
    assert (metadata["license"], metadata["library_name"]) == ("other", "xgboost")
    assert [entry["name"] for entry in metadata["model-index"]] == ["tiny xgboost", "tiny lightgbm", "tiny catboost"]
    [metric] = metadata["model-index"][0]["results"][0]["metrics"]
    metrics = results.metrics[0]
    assert (metric["type"], metric["value"], metric["verified"]) == ("roc_auc", round(metrics["test_auc"], 4), False)
    interval = metrics["intervals"]["auc"]["corrected_t"]
    assert metric["name"].startswith(
        f"AUC by row, mean over 3 folds, 95 % corrected t interval {interval['low']:.3f} to {interval['high']:.3f}; "
        "200 rows, 40 units (video), 40 groups; measured with models of the outer train parts, not with the final"
    )


def test_no_sentence_claims_that_the_final_model_was_tested(results: Artefacts, folder: Path) -> None:
    assert "They were not tested themselves" in _card(results, folder).replace("\n", " ")


def test_every_section_is_there(results: Artefacts, folder: Path) -> None:
    headings = [ln.removeprefix("## ") for ln in _card(results, folder).splitlines() if ln.startswith("## ")]
    sections = ["Result", "Use", "Metrics", "Audit", "Data", "Protocol", "Intended use", "Not intended", "Limits"]
    assert headings == [*sections, "Versions and hashes"]


def test_a_refused_interval_and_an_undefined_metric_are_stated(results: Artefacts, folder: Path) -> None:
    first, second, third = results.metrics
    first["intervals"]["auc"]["corrected_t"] |= {"low": None, "high": None, "refused": "9 groups in the rarer class"}
    for metrics in (second, third):
        for fold in metrics["fold_results"]:
            fold["auc"] = None
        metrics |= {"test_auc": None, "test_auc_std": None}
    card = _card(results, folder)
    [entry] = _front_matter(card)["model-index"]
    assert ", no interval; " in entry["results"][0]["metrics"][0]["name"]
    assert "9 groups in the rarer class" in card


def test_a_run_without_audit_slices_and_units_has_a_card(results: Artefacts, folder: Path) -> None:
    for metrics in results.metrics:
        metrics["slices"] = []
    contract = {**results.contract, "unit": "sample_id", "slices": [], "groups": []}
    card = _card(replace(results, audit={}, contract=contract), folder)
    assert "No audit was run." in card
    assert "rows without it are numbered" in card
    assert "scored_units" not in card
    assert "### Slices" not in card


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_card_of_models_of_a_gpu_promises_no_repetition(results: Artefacts, folder: Path, device: str) -> None:
    card = _card(replace(results, configuration={"training": {"device": device}}), folder)
    assert ("A repeated run may give other models and scores" in card) is (device == "cuda")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_stays_text(text: str) -> None:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"| h |\n| --- |\n| {escape(text)} |\n")
    [cell] = page.split("<td>")[1:]
    shown = unescape(cell.split("</td>")[0])
    assert shown.split() == text.replace("\u202e", " ").split()
    assert page.count("<td") == 1


def test_hostile_names_in_a_card_are_shown_and_not_read(results: Artefacts, folder: Path) -> None:
    label = {**results.contract["label"], "column": HOSTILE[2], "positive": HOSTILE[0], "negative": HOSTILE[1]}
    feature = {**results.contract["features"][0], "name": HOSTILE[5], "sentinels": [HOSTILE[4]]}
    sources = [{**results.contract["sources"][0], "path": f"/home/me/{HOSTILE[3]}.csv"}]
    names = {"label": label, "features": [feature], "unit": HOSTILE[7], "groups": HOSTILE, "sources": sources}
    card = _card(replace(results, contract={**results.contract, **names}), folder)
    page = _html(card)
    assert "<script" not in page
    assert "<a " not in page
    assert "<img" not in page
    assert "/home/me" not in card
    assert HOSTILE[7].split("\n")[0] in _front_matter(card)["model-index"][0]["results"][0]["metrics"][0]["name"]


def test_columns_beyond_sixty_are_counted(results: Artefacts, folder: Path) -> None:
    features = [{**results.contract["features"][0], "name": f"f{j}"} for j in range(100)]
    card = _card(replace(results, contract={**results.contract, "features": features}), folder)
    assert "100 required columns, of which the first 60 are listed" in card
    assert "| f59 |" in card
    assert "| f60 |" not in card
