"""The audit on the page: its checks, the worst first, each with its evidence as a table."""

from dataclasses import dataclass

from foldwise.audit.findings import WORST_FIRST, Audit, Finding
from foldwise.report import html_table
from foldwise.report.html_table import Column, Table
from foldwise.results import wording


@dataclass(frozen=True)
class Check:
    """One check of the audit as text.

    ``advice`` says what the finding means and what to do; it is empty where the check passed. ``threshold`` is empty
    where none applies.
    """

    id: str
    title: str
    level: str
    sentence: str
    advice: str
    documentation: str
    value: str
    threshold: str
    evidence: Table | None


def tally(audit: Audit | None) -> str:
    """Count the checks by level: ``1 fail, 2 warn, 1 info, 8 pass``; nothing where the audit is switched off."""
    levels = [] if audit is None else [check.level for check in audit.checks]
    return ", ".join(f"{levels.count(level)} {level}" for level in WORST_FIRST if level in levels)


def checks(audit: Audit | None) -> list[Check]:
    """Return the checks, the worst first; within a level in the order of audit.json."""
    found = [] if audit is None else audit.checks
    return [_check(finding) for finding in sorted(found, key=lambda finding: WORST_FIRST.index(finding.level))]


def _check(finding: Finding) -> Check:
    return Check(
        id=finding.id,
        title=finding.title,
        level=finding.level,
        sentence=finding.sentence,
        advice="" if finding.level == "pass" else f"{finding.meaning} What to do: {finding.what_to_do}",
        documentation=finding.documentation,
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
