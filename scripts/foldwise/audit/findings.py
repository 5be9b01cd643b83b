"""The findings of the audit and their verdict: the content of ``audit.json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from foldwise.errors import counted
from foldwise.io.files import read_json, reading_result
from foldwise.io.json_record import JsonRecord

Level = Literal["pass", "info", "warn", "fail"]
WORST_FIRST = ("fail", "warn", "info", "pass")
"""The levels of a finding. ``info`` is worth knowing and counts as passed in the verdict."""

EVIDENCE = 20
FALSE_ALARMS = 0.01
"""Share of tables without a leak in which a check may warn by chance."""

_NOT_PASSED = {"fail": "failed", "warn": "warned", "info": "for information"}


@dataclass(frozen=True)
class Finding(JsonRecord):
    """The result of one check.

    Attributes:
        id: name of the check.
        title: what the check looks for, in a few words.
        level: ``pass``, ``info``, ``warn`` or ``fail``.
        value: what was measured.
        threshold: value above which the level changes, None where none applies.
        sentence: the finding in words, with the rows, units or folds that it was computed on.
        meaning: what it means for the metrics, where the check did not pass.
        what_to_do: what to do about it, where the check did not pass.
        documentation: page and heading that explain the check, from the root of the repository.
        by_chance: whether chance alone makes the check warn in some tables without a leak.
        evidence: up to 20 rows or columns that show it; the keys depend on the check.
    """

    id: str
    title: str
    level: str
    value: float
    threshold: float | None
    sentence: str
    meaning: str
    what_to_do: str
    documentation: str
    by_chance: bool
    evidence: Sequence[Mapping[str, Any]] = ()

    def as_written(self) -> "Finding":
        """Return the finding with its numbers rounded to six decimals and at most 20 pieces of evidence."""
        threshold = None if self.threshold is None else round(self.threshold, 6)
        return replace(self, value=round(self.value, 6), threshold=threshold, evidence=list(self.evidence[:EVIDENCE]))


@dataclass(frozen=True)
class Check:
    """What a check is about, whatever it finds; the other attributes are those of :class:`Finding`.

    Attributes:
        exact: whether the check counts something that chance cannot produce.
    """

    id: str
    title: str
    meaning: str
    what_to_do: str
    exact: bool = False

    @property
    def documentation(self) -> str:
        """Page and heading that explain the check, from the root of the repository."""
        return f"docs/audit.md#{self.id}"

    def finding(
        self,
        level: Level,
        value: float,
        threshold: float | None,
        sentence: str,
        evidence: Sequence[Mapping[str, Any]] = (),
    ) -> Finding:
        """Return what the check found; unless it is exact, chance may make it warn."""
        return Finding(
            id=self.id,
            title=self.title,
            level=level,
            value=value,
            threshold=threshold,
            sentence=sentence,
            meaning=self.meaning,
            what_to_do=self.what_to_do,
            documentation=self.documentation,
            by_chance=not self.exact,
            evidence=evidence,
        )

    def judged(
        self,
        value: float,
        threshold: float,
        sentence: str,
        evidence: Sequence[Mapping[str, Any]],
        above: Literal["info", "warn"] = "warn",
    ) -> Finding:
        """Return a finding that passes up to its threshold, and has the level ``above`` beyond it."""
        found = self.finding(above if value > threshold else "pass", value, threshold, sentence, evidence)
        return replace(found, by_chance=above == "warn")


@dataclass(frozen=True)
class Audit(JsonRecord):
    """The content of ``audit.json``.

    Attributes:
        dataset: name of the dataset.
        verdict: the worst level of all checks: ``pass``, ``warn`` or ``fail``, since ``info`` counts as passed.
        sentence: how many checks passed, and which failed, warned or inform.
        checks: every finding, in the order in which the checks run.
    """

    dataset: str
    verdict: str
    sentence: str
    checks: Sequence[Finding]

    @classmethod
    def of(cls, dataset: str, findings: Sequence[Finding]) -> "Audit":
        """Return the verdict on all findings of a dataset.

        Example:
            >>> check = Check("order", "Row order", "The table is sorted by label.", "Look for a clock.")
            >>> Audit.of("demo", [check.finding("pass", 0.5, 0.7, "The label has no order.")]).sentence
            '1 of 1 checks passed.'
        """
        sentence = f"{sum(f.level == 'pass' for f in findings)} of {len(findings)} checks passed"
        for level, words in _NOT_PASSED.items():
            named = [f.id for f in findings if f.level == level]
            sentence += f"; {words}: {', '.join(named)}" if named else ""
        verdict = min((f.level for f in findings if f.level != "info"), key=WORST_FIRST.index, default="pass")
        return cls(
            dataset=dataset,
            verdict=verdict,
            sentence=f"{sentence}.{_false_alarms(findings)}",
            checks=[f.as_written() for f in findings],
        )


def read_audit(path: str | Path) -> Audit:
    """Read ``audit.json``.

    Raises:
        UserError: when the file is broken.
    """
    with reading_result(path):
        return Audit.from_json(read_json(path))


def _false_alarms(findings: Sequence[Finding]) -> str:
    """Return how often tables without a leak get a warning, or nothing where no check warned that chance can make warn.

    It is at most the sum over the checks, however much they depend on each other.
    """
    if not any(f.level == "warn" and f.by_chance for f in findings):
        return ""
    checks = sum(f.by_chance for f in findings)
    return (
        f" Of 100 tables without a leak, at most about {round(100 * FALSE_ALARMS * checks)} get a warning: "
        f"{counted(checks, 'check')} can warn by chance."
    )
