"""The findings of the audit and their verdict: the content of ``audit.json``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from foldwise.io.files import read_json, reading_result
from foldwise.io.json_record import JsonRecord

Level = Literal["pass", "warn", "fail"]
EVIDENCE = 20
_LEVELS = ("pass", "warn", "fail")
_EXACT = ("group_overlap", "mixed_labels", "duplicate_rows")
_FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class Finding(JsonRecord):
    """The result of one check.

    Attributes:
        id: name of the check.
        level: ``pass``, ``warn`` or ``fail``.
        value: what was measured.
        threshold: value above which the level changes, None where none applies.
        sentence: the finding in words, with the rows, units or folds that it was computed on.
        evidence: up to 20 rows or columns that show it; the keys depend on the check.
    """

    id: str
    level: str
    value: float
    threshold: float | None
    sentence: str
    evidence: Sequence[Mapping[str, Any]] = ()

    def as_written(self) -> "Finding":
        """Return the finding with its numbers rounded to six decimals and at most 20 pieces of evidence."""
        threshold = None if self.threshold is None else round(self.threshold, 6)
        return replace(self, value=round(self.value, 6), threshold=threshold, evidence=list(self.evidence[:EVIDENCE]))


def judged(check: str, value: float, threshold: float, sentence: str, evidence: Sequence[Mapping[str, Any]]) -> Finding:
    """Return the finding of a check that warns above its threshold."""
    return Finding(check, "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


@dataclass(frozen=True)
class Audit(JsonRecord):
    """The content of ``audit.json``.

    Attributes:
        dataset: name of the dataset.
        verdict: the worst level of all checks.
        sentence: how many checks passed, and which failed or warned.
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
            >>> finding = Finding("group_overlap", "pass", 0, 0, "0 of 9 groups are split across folds.")
            >>> Audit.of("demo", [finding]).sentence
            '1 of 1 checks passed.'
        """
        named = {level: [f.id for f in findings if f.level == level] for level in _LEVELS}
        sentence = f"{len(named['pass'])} of {len(findings)} checks passed"
        if named["fail"]:
            sentence += f"; failed: {', '.join(named['fail'])}"
        if named["warn"]:
            sentence += f"; warned: {', '.join(named['warn'])}"
        return cls(
            dataset=dataset,
            verdict=max((f.level for f in findings), key=_LEVELS.index),
            sentence=f"{sentence}.{_false_alarms(findings) if named['warn'] else ''}",
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
    """Return how often clean tables get a warning, or nothing where every check is exact."""
    uncertain = sum(f.id not in _EXACT for f in findings)
    if not uncertain:
        return ""
    runs = round(1 / (1 - (1 - _FALSE_ALARMS) ** uncertain))
    return (
        f" {uncertain} checks can warn by chance, each in at most about 1 % of clean runs: up to one clean run in "
        f"{runs} shows a warning."
    )
