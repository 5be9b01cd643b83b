"""One finding of the audit, and the verdict over all of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["pass", "warn", "fail"]
EVIDENCE = 20
_ORDER = {"pass": 0, "warn": 1, "fail": 2}
_EXACT = ("group_overlap", "mixed_labels", "duplicate_rows")
_FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        id: name of the check.
        level: ``pass``, ``warn`` or ``fail``.
        value: what was measured.
        threshold: value above which the level changes, None where none applies.
        sentence: the finding in words, with what it is over.
        evidence: up to 20 rows or columns that show it.
    """

    id: str
    level: Level
    value: float
    threshold: float | None
    sentence: str
    evidence: list[Any] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, the numbers with six decimals, the evidence cut to 20 entries."""
        threshold = None if self.threshold is None else round(self.threshold, 6)
        numbers = {"value": round(self.value, 6), "threshold": threshold}
        return {**asdict(self), **numbers, "evidence": self.evidence[:EVIDENCE]}


def verdict(dataset: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the content of ``audit.json``: the worst level, a sentence, and every finding."""
    worst = max((f.level for f in findings), key=_ORDER.__getitem__)
    named = {level: [f.id for f in findings if f.level == level] for level in _ORDER}
    sentence = f"{len(named['pass'])} of {len(findings)} checks passed"
    if named["fail"]:
        sentence += f"; failed: {', '.join(named['fail'])}"
    if named["warn"]:
        sentence += f"; warned: {', '.join(named['warn'])}"
    return {
        "dataset": dataset,
        "verdict": worst,
        "sentence": f"{sentence}.{_by_chance(findings) if named['warn'] else ''}",
        "checks": [f.as_dict() for f in findings],
    }


def _by_chance(findings: Sequence[Finding]) -> str:
    """Return how often clean tables are warned of, or nothing where no check measures anything uncertain."""
    uncertain = sum(f.id not in _EXACT for f in findings)
    if not uncertain:
        return ""
    runs = round(1 / (1 - (1 - _FALSE_ALARMS) ** uncertain))
    return (
        f" {uncertain} checks can warn by chance, each in about 1 % of clean runs at most: up to one clean run in "
        f"{runs} shows a warning."
    )
