"""The audit on the page: its checks, the worst first, each with its evidence as a table."""

from dataclasses import dataclass

from foldwise.audit.findings import Audit, Finding
from foldwise.report import html_table
from foldwise.report.html_table import Column, Table
from foldwise.results import wording

LEVELS = ("fail", "warn", "pass")


@dataclass(frozen=True)
class Check:
    """One check of the audit as text; ``threshold`` is empty where none applies."""

    id: str
    level: str
    sentence: str
    value: str
    threshold: str
    evidence: Table | None


def tally(audit: Audit | None) -> str:
    """Count the checks by level: ``1 fail, 2 warn, 9 pass``; nothing where the audit is switched off."""
    levels = [] if audit is None else [check.level for check in audit.checks]
    return ", ".join(f"{levels.count(level)} {level}" for level in LEVELS if level in levels)


def checks(audit: Audit | None) -> list[Check]:
    """Return the checks, the worst first; within a level in the order of audit.json."""
    findings = [] if audit is None else audit.checks
    return [_check(finding) for finding in sorted(findings, key=lambda finding: LEVELS.index(finding.level))]


def _check(finding: Finding) -> Check:
    return Check(
        id=finding.id,
        level=finding.level,
        sentence=finding.sentence,
        value=wording.anything(finding.value),
        threshold="" if finding.threshold is None else wording.anything(finding.threshold),
        evidence=_evidence_table(finding) if finding.evidence else None,
    )


def _evidence_table(finding: Finding) -> Table:
    entries = finding.evidence
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    columns = [
        Column(key.replace("_", " "), numeric=all(key not in e or wording.is_number(e[key]) for e in entries))
        for key in keys
    ]
    rows = [
        [html_table.anything(entry[key]) if key in entry else html_table.text("") for key in keys] for entry in entries
    ]
    return Table(f"evidence-{finding.id}", f"Evidence of {finding.id}", columns, rows)
