"""The audit as the template prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.report import view, words
from foldwise.report.artefacts import Json
from foldwise.report.verdict import LEVELS
from foldwise.report.view import Column, Table

# Entries of evidence kept on the page for one check; audit.json has them all.
EVIDENCE_LIMIT = 25
_ENTRY_LENGTH = 400


@dataclass(frozen=True)
class Check:
    """One check; ``evidence`` is a table where its entries share keys, otherwise ``lines``."""

    id: str
    level: str
    sentence: str
    value: str
    threshold: str
    evidence: Table | None
    lines: list[str]
    left_out: int


def checks(audit: Json) -> list[Check]:
    """Return the checks, the worst first; within a level in the order of audit.json."""
    found = [_check(c) for c in audit.get("checks", [])]
    return sorted(found, key=lambda c: LEVELS.index(c.level) if c.level in LEVELS else len(LEVELS))


def _check(found: Json) -> Check:
    entries = _entries(found.get("evidence"))
    kept = entries[:EVIDENCE_LIMIT]
    tabular = bool(kept) and all(isinstance(e, Mapping) for e in kept)
    return Check(
        id=str(found["id"]),
        level=str(found["level"]),
        sentence=str(found.get("sentence") or ""),
        value=_measured(found.get("value")),
        threshold=_measured(found.get("threshold")),
        evidence=_evidence_table(str(found["id"]), kept) if tabular else None,
        lines=[] if tabular else [_short(e) for e in kept],
        left_out=len(entries) - len(kept),
    )


def _entries(evidence: Any) -> list[Any]:
    if evidence is None:
        return []
    if isinstance(evidence, Mapping):
        return [{"name": k, "value": v} for k, v in evidence.items()]
    return list(evidence) if isinstance(evidence, list | tuple) else [evidence]


def _evidence_table(check: str, entries: list[Mapping[str, Any]]) -> Table:
    keys = list(dict.fromkeys(str(k) for e in entries for k in e))
    columns = [
        Column(k.replace("_", " "), numeric=all(e.get(k) is None or words.is_number(e[k]) for e in entries))
        for k in keys
    ]
    rows = [[view.anything(e[k]) if k in e else view.text("") for k in keys] for e in entries]
    return Table(f"evidence-{check}", f"Evidence of {check}", columns, rows)


def _measured(value: Any) -> str:
    return "" if value is None else words.anything(value)


def _short(entry: Any) -> str:
    written = words.anything(entry)
    return written if len(written) <= _ENTRY_LENGTH else written[: _ENTRY_LENGTH - 1] + "…"
