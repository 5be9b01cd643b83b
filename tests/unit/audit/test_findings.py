"""Levels, verdict and words of the findings, and what the documentation says of each check."""

import importlib
import pkgutil
import re
from pathlib import Path

import foldwise.audit
import pytest
from foldwise.audit.findings import Audit, Check, Finding, Level

PAGE = Path(__file__).resolve().parents[3] / "docs/audit.md"
CHECKS = {
    value.id: value
    for module in pkgutil.iter_modules(foldwise.audit.__path__, "foldwise.audit.")
    for value in vars(importlib.import_module(module.name)).values()
    if isinstance(value, Check)
}
EXACT = ["group_overlap", "mixed_labels", "duplicate_rows"]
BY_CHANCE = " Of 100 tables without a leak, at most about 2 get a warning: 2 checks can warn by chance."


def _finding(name: str, level: Level, *, exact: bool = False) -> Finding:
    return Check(name, "", "", "", exact).finding(level, 0, 0, "A sentence.", [{"row": i} for i in range(30)])


@pytest.mark.parametrize(
    ("levels", "verdict", "sentence"),
    [
        (["pass", "pass"], "pass", "2 of 2 checks passed."),
        (["info", "pass"], "pass", "1 of 2 checks passed; for information: check_0."),
        (["info", "info"], "pass", "0 of 2 checks passed; for information: check_0, check_1."),
        (["info", "warn"], "warn", f"0 of 2 checks passed; warned: check_1; for information: check_0.{BY_CHANCE}"),
        (["fail", "info"], "fail", "0 of 2 checks passed; failed: check_0; for information: check_1."),
        (["fail", "warn"], "fail", f"0 of 2 checks passed; failed: check_0; warned: check_1.{BY_CHANCE}"),
    ],
)
def test_the_verdict_is_the_worst_level_and_information_counts_as_passed(
    levels: list[Level], verdict: str, sentence: str
) -> None:
    audit = Audit.of("tiny", [_finding(f"check_{i}", level) for i, level in enumerate(levels)])
    assert (audit.dataset, audit.verdict, audit.sentence) == ("tiny", verdict, sentence)


def test_chance_is_no_reason_for_an_exact_warning() -> None:
    warned = _finding("mixed_labels", "warn", exact=True)
    passed = _finding("order", "pass")
    assert Audit.of("tiny", [warned, passed]).sentence == "1 of 2 checks passed; warned: mixed_labels."
    warned_by_chance = Audit.of("tiny", [_finding("order", "warn"), _finding("mixed_labels", "pass", exact=True)])
    assert warned_by_chance.sentence.endswith("at most about 1 get a warning: 1 check can warn by chance.")


def test_a_check_is_judged_by_its_threshold() -> None:
    check = Check("order", "", "", "")
    found = [check.judged(value, 0.7, "", [], above) for value in (0.7, 0.71) for above in ("warn", "info")]
    assert [(f.level, f.by_chance) for f in found] == [
        ("pass", True),
        ("pass", False),
        ("warn", True),
        ("info", False),
    ]


def test_twenty_pieces_of_evidence_are_kept() -> None:
    assert len(Audit.of("tiny", [_finding("check", "pass")]).checks[0].evidence) == 20


@pytest.mark.parametrize(("threshold", "expected"), [(None, None), (2 / 3, 0.666667)])
def test_numbers_are_written_with_six_decimals(threshold: float | None, expected: float | None) -> None:
    written = Check("check", "", "", "").finding("pass", 1 / 3, threshold, "").as_written()
    assert (written.value, written.threshold) == (0.333333, expected)


def test_there_are_twelve_checks_of_which_three_are_exact() -> None:
    assert len(CHECKS) == 12
    assert sorted(name for name, check in CHECKS.items() if check.exact) == sorted(EXACT)


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_a_finding_has_the_words_of_its_check(check: Check) -> None:
    found = check.finding("warn", 1, 0, "A sentence.")
    assert (found.id, found.title, found.meaning, found.what_to_do) == (
        check.id,
        check.title,
        check.meaning,
        check.what_to_do,
    )
    assert 2 <= len(check.title.split()) <= 7
    assert not check.title.endswith(".")
    assert all(text[0].isupper() and text.endswith(".") for text in (check.meaning, check.what_to_do))


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_the_documentation_explains_a_check_under_its_anchor_in_the_same_words(check: Check) -> None:
    path, _, anchor = check.finding("pass", 0, 0, "").documentation.partition("#")
    assert PAGE.parents[1] / path == PAGE
    text = PAGE.read_text(encoding="utf-8").replace("`", "")
    [section] = re.findall(rf"^### {anchor}\n(.*?)^##", text, re.MULTILINE | re.DOTALL)
    expected = f"**{check.title}.** {check.meaning} What to do: {check.what_to_do}"
    assert " ".join(section.split()) == expected


def test_every_key_of_a_finding_is_documented() -> None:
    [row] = re.findall(
        r"^\| `audit.json` \|.*$", (PAGE.parent / "outputs.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(_finding("order", "pass").as_json()) <= set(re.findall(r"`(\w+)`", row))


def test_every_check_is_in_the_table_of_the_documentation() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|[^|]*\|[^|]*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(CHECKS)
