"""What a run prints at its end: the models, the verdict, and what the searches met."""

from dataclasses import replace
from pathlib import Path

from fixtures.run_results import results_of
from fixtures.runs import FinishedRun
from foldwise.audit.findings import Audit, read_audit
from foldwise.io.files import read_json, write_json
from foldwise.report.run_facts import what_was_fitted
from foldwise.report.summary import summarize
from foldwise.results.search_limits import search_limits

LIMIT = "catboost: the limit of trees is met before early stopping in 3 of 3 outer folds"
EDGE = "xgboost: learning_rate 0.1 is the highest value of its dimension and chosen in 3 of 3 outer folds"


def _with_searches_that_met(run: FinishedRun, folder: Path) -> FinishedRun:
    """Return a copy of a run in which one backend chose an edge, and another met the limit of trees."""
    copy = run.copy(folder)
    for backend in copy.settings.backends:
        path = copy.results / backend / "params.json"
        changed = {
            "at_edge": {"learning_rate": "highest"} if backend == "xgboost" else {},
            "trees_limit_met": backend == "catboost",
        }
        write_json(path, [{**fold, **changed} for fold in read_json(path)])
    return copy


def test_the_terminal_gives_verdict_and_sentence_of_the_audit(tiny_run: FinishedRun, tmp_path: Path) -> None:
    copy = tiny_run.copy(tmp_path / "copy")
    findings = [replace(check, level="info") for check in read_audit(copy.results / "audit.json").checks[:1]]
    write_json(copy.results / "audit.json", Audit.of("tiny", findings).as_json())
    line = "  audit: pass: 0 of 1 checks passed; for information: group_overlap."
    assert line in summarize(copy.folder / "results", "tiny").splitlines()


def test_the_terminal_and_the_report_say_what_the_searches_met(tiny_run: FinishedRun, tmp_path: Path) -> None:
    run = _with_searches_that_met(tiny_run, tmp_path / "copy")
    lines = [line for line in summarize(run.folder / "results", "tiny").splitlines() if "search: " in line]
    assert [
        line[: len(start)] for line, start in zip(lines, (f"  search: {EDGE}", f"  search: {LIMIT}"), strict=True)
    ] == [
        f"  search: {EDGE}",
        f"  search: {LIMIT}",
    ]
    results = results_of(run)
    expected = [f"{line}." for line in search_limits(results.params)]
    assert len(expected) == 2
    assert [line for line in what_was_fitted(results) if "outer folds" in line] == expected


def test_the_terminal_gives_both_verdicts_on_the_models(tiny_run: FinishedRun) -> None:
    lines = summarize(tiny_run.folder / "results", "tiny").splitlines()
    comparison = results_of(tiny_run).comparison
    assert f"  {comparison.verdict_baselines}\n  {comparison.verdict}" in "\n".join(lines)


def test_the_recommended_model_is_marked(tiny_run: FinishedRun) -> None:
    models = summarize(tiny_run.folder / "results", "tiny").splitlines()[3:9]
    assert [line.split()[0] for line in models if line.endswith(", recommended")] == ["ensemble"]
    assert len(models) == 6


def test_searches_that_met_nothing_have_no_line(tiny_run: FinishedRun, tmp_path: Path) -> None:
    copy = tiny_run.copy(tmp_path / "copy")
    for backend in copy.settings.backends:
        path = copy.results / backend / "params.json"
        write_json(path, [{**fold, "at_edge": {}, "trees_limit_met": False} for fold in read_json(path)])
    assert "search:" not in summarize(copy.folder / "results", "tiny")
