"""Run the audit on a dataset, and stop the run where the configuration says so."""

from collections.abc import Mapping, Sequence

import numpy as np

from foldwise.artifacts import read_json, read_table, write_json, write_text
from foldwise.audit.exact import duplicate_rows, group_overlap, mixed_labels
from foldwise.audit.finding import verdict
from foldwise.errors import UserError
from foldwise.matrix import read_matrix
from foldwise.predictions import read_rows

_WAYS_OUT = {
    "group_overlap": "the fold file does not belong to this table: remove it and run again",
    "mixed_labels": "mend the labels, set unit: to what has one label, or take mixed_labels out of audit.fail_on",
    "duplicate_rows": "remove the copies, add the column that ties them to groups:, or take duplicate_rows out of "
    "audit.fail_on",
}


def audit_leakage(inputs: Mapping[str, str], output: str) -> None:
    """Run every check and write ``audit.json``.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        output: path of ``audit.json``.
    """
    contract = read_json(inputs["contract"])
    rows = read_rows(inputs["table"], inputs["contract"], inputs["folds"])
    rows["final"] = read_table(inputs["folds"], columns=["final"]).column("final").to_numpy().astype(np.int16)
    matrix = read_matrix(inputs["table"], contract["features"])
    findings = [
        group_overlap(rows, ", ".join(contract["groups"]) or "rows"),
        mixed_labels(rows, contract["unit"]),
        duplicate_rows(rows, matrix),
    ]
    found = verdict(contract["dataset"], findings)
    write_json(output, found)
    print(f"audit: {found['verdict']}: {found['sentence']}")


def pass_audit(audit: str, fail_on: Sequence[str], output: str) -> None:
    """Write a line that the audit lets the run go on.

    Raises:
        UserError: when a check named in ``fail_on`` failed, with its evidence and the way out.
    """
    found = read_json(audit)
    failed = [c for c in found["checks"] if c["level"] == "fail" and c["id"] in fail_on]
    if failed:
        first = failed[0]
        evidence = "; ".join(", ".join(f"{k} {v}" for k, v in e.items()) for e in first["evidence"][:3])
        raise UserError(
            f"audit of {found['dataset']!r}: {first['id']} failed: {first['sentence']} Such as: {evidence}. "
            f"Way out: {_WAYS_OUT[first['id']]} (all evidence: {audit})"
        )
    write_text(output, f"{found['verdict']}: {found['sentence']}\n")
