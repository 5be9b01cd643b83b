"""The model card: metadata that parse, metrics that say what they are computed on, text of users that stays text."""

from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures.run_results import edited, recommending, results_of
from fixtures.runs import FinishedRun
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle.card import Contents, render_card
from foldwise.bundle.markdown import escape
from foldwise.bundle.onnx_export import Export
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.predict.final_models import find_final_models
from foldwise.results.load import DatasetResults
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
def results(tiny_run: FinishedRun) -> DatasetResults:
    """The results of the tiny run without its ensemble."""
    results = recommending(results_of(tiny_run), "xgboost")
    return replace(results, metrics={name: results.metrics[name] for name in results.backends}, weights=[])


@pytest.fixture(scope="module")
def folder(tiny_run: FinishedRun) -> Path:
    return tiny_run.results


def _card(results: DatasetResults, folder: Path) -> str:
    models = replace(find_final_models(folder), ensemble=None, recommended="xgboost")
    exports = [Export("xgboost", True, 1e-7, 400), Export("lightgbm", False, 0.1, 400, "its predictions differ")]
    return render_card(results, Contents(results.contract, models, exports, {"score.py": "ab" * 32}))


def _front_matter(card: str) -> dict[str, Any]:
    metadata: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return metadata


def test_the_card_has_the_sentence_of_each_family_of_comparisons(results: DatasetResults, folder: Path) -> None:
    comparison = replace(results.comparison, verdict_baselines="None is better.", verdict="All are equal.")
    card = _card(replace(results, comparison=comparison), folder)
    assert "\nBaselines: None is better.\n\nComparison: All are equal.\n" in card


def _html(card: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(card.split("---\n", 2)[2]))


def test_the_metadata_contain_each_auc_with_what_it_is_computed_on(results: DatasetResults, folder: Path) -> None:
    metadata = _front_matter(_card(results, folder))
    assert (metadata["license"], metadata["library_name"]) == ("other", "xgboost")
    assert [entry["name"] for entry in metadata["model-index"]] == ["tiny xgboost", "tiny lightgbm", "tiny catboost"]
    [metric] = metadata["model-index"][0]["results"][0]["metrics"]
    summary = results.metrics["xgboost"].summary("auc")
    assert summary.mean is not None
    assert summary.interval is not None
    assert (metric["type"], metric["value"], metric["verified"]) == ("roc_auc", round(summary.mean, 4), False)
    assert metric["name"].startswith(
        f"AUC by row, mean over 3 folds, 95 % interval (influence functions) {summary.interval.low:.3f} to "
        f"{summary.interval.high:.3f}; 200 rows, 40 units (video), 40 groups; measured with models of the outer train "
        "parts, not with the final"
    )


def test_the_metadata_of_an_ensemble_name_no_single_library(tiny_run: FinishedRun, folder: Path) -> None:
    results, models = results_of(tiny_run), find_final_models(folder)
    metadata = _front_matter(render_card(results, Contents(results.contract, models, [], {})))
    assert "library_name" not in metadata
    assert set(SPECIFICATIONS) <= set(metadata["tags"])


def test_no_sentence_claims_that_the_final_model_was_tested(results: DatasetResults, folder: Path) -> None:
    assert "They were not tested themselves" in _card(results, folder).replace("\n", " ")


def test_every_section_is_there(results: DatasetResults, folder: Path) -> None:
    headings = [ln.removeprefix("## ") for ln in _card(results, folder).splitlines() if ln.startswith("## ")]
    sections = ["Result", "Use", "Metrics", "Audit", "Data", "Protocol", "Intended use", "Not intended", "Limits"]
    assert headings == [*sections, "Versions and hashes"]


def test_a_refused_interval_and_an_undefined_metric_are_stated(results: DatasetResults, folder: Path) -> None:
    first, *others = results.metrics.values()
    refused = replace(
        first.intervals["auc"][HEADLINE_METHOD], low=None, high=None, refused="9 groups in the rarer class"
    )
    metrics = {first.backend: replace(first, intervals={"auc": {HEADLINE_METHOD: refused}})}
    for other in others:
        means = {**other.headline.means, "auc": replace(other.headline.means["auc"], mean=None, sd=None)}
        folds = [replace(fold, row={**fold.row, "auc": None}) for fold in other.folds]
        metrics[other.backend] = replace(other, headline=replace(other.headline, means=means), folds=folds)
    card = _card(replace(results, metrics=metrics), folder)
    [entry] = _front_matter(card)["model-index"]
    assert ", no interval; " in entry["results"][0]["metrics"][0]["name"]
    assert "9 groups in the rarer class" in card


def test_the_card_shows_what_did_not_pass_with_what_to_do(results: DatasetResults, folder: Path) -> None:
    assert results.audit is not None
    first, second, *others = (replace(check, level="pass") for check in results.audit.checks)
    checks = [replace(first, level="info"), replace(second, level="warn"), *others]
    section = _card(replace(results, audit=replace(results.audit, checks=checks)), folder).split("\n## ")
    [text] = [part for part in section if part.startswith("Audit\n")]
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert [line.split(" (")[0] for line in lines] == [f"- warn, {second.title}", f"- info, {first.title}"]
    assert all(escape(f"What to do: {check.what_to_do}") in text for check in (first, second))


def test_a_run_without_audit_slices_and_units_has_a_card(results: DatasetResults, folder: Path) -> None:
    contract = replace(results.contract, unit="sample_id", slices=[], groups=[])
    card = _card(replace(edited(results, slices=[]), audit=None, contract=contract), folder)
    assert "No audit was run." in card
    assert "rows without it are numbered" in card
    assert "scored_units" not in card
    assert "### Slices" not in card


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_card_of_models_of_a_gpu_promises_no_repetition(results: DatasetResults, folder: Path, device: str) -> None:
    training = {**results.configuration["training"], "device": device}
    card = _card(replace(results, configuration={**results.configuration, "training": training}), folder)
    assert ("A repeated run may give other models and metrics" in card) is (device == "cuda")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_stays_text(text: str) -> None:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"| h |\n| --- |\n| {escape(text)} |\n")
    [cell] = page.split("<td>")[1:]
    shown = unescape(cell.split("</td>")[0])
    assert shown.split() == text.replace("\u202e", " ").split()
    assert page.count("<td") == 1


def test_hostile_names_in_a_card_are_shown_and_not_read(results: DatasetResults, folder: Path) -> None:
    contract = results.contract
    hostile = replace(
        contract,
        label=replace(contract.label, column=HOSTILE[2], positive=HOSTILE[0], negative=HOSTILE[1]),
        features=[replace(contract.features[0], name=HOSTILE[5], sentinels=[HOSTILE[4]])],
        unit=HOSTILE[7],
        groups=HOSTILE,
        sources=[replace(contract.sources[0], path=f"/home/me/{HOSTILE[3]}.csv")],
    )
    card = _card(replace(results, contract=hostile), folder)
    page = _html(card)
    assert "<script" not in page
    assert "<a " not in page
    assert "<img" not in page
    assert "/home/me" not in card
    assert HOSTILE[7].split("\n")[0] in _front_matter(card)["model-index"][0]["results"][0]["metrics"][0]["name"]


def test_columns_beyond_sixty_are_counted(results: DatasetResults, folder: Path) -> None:
    features = [replace(results.contract.features[0], name=f"f{j}") for j in range(100)]
    card = _card(replace(results, contract=replace(results.contract, features=features)), folder)
    assert "100 required columns, of which the first 60 are listed" in card
    assert "| f59 |" in card
    assert "| f60 |" not in card
