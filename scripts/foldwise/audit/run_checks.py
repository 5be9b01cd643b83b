"""Run the leakage checks on a dataset, and stop the run where the configuration says so."""

from collections.abc import Sequence
from pathlib import Path

from foldwise.audit.columns import confounder, id_like, order, proxy
from foldwise.audit.data import AuditData, read_audit_data
from foldwise.audit.exact import duplicate_rows, group_overlap, mixed_labels
from foldwise.audit.findings import Audit, Finding, read_audit
from foldwise.audit.model_checks import model_sample, optimism_gap, scramble, shift
from foldwise.audit.neighbours import Neighbourhood, hidden_components, hidden_groups, near_duplicates
from foldwise.errors import UserError
from foldwise.io.files import write_json, write_text


def audit_leakage(
    *,
    table: str | Path,
    contract: str | Path,
    folds: str | Path,
    output: str | Path,
    scrambles: int = 20,
    seed: int = 42,
) -> None:
    """Run every check and write ``audit.json``.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        output: path of ``audit.json``.
        scrambles: shuffles of the check ``scramble``; 0 leaves it out.
        seed: seed of every draw: the same inputs give the same bytes.
    """
    data = read_audit_data(table, contract, folds, seed)
    audit = Audit.of(data.contract.dataset, _findings(data, scrambles))
    write_json(output, audit.as_json())
    print(f"audit: {audit.verdict}: {audit.sentence}")


def _findings(data: AuditData, scrambles: int) -> list[Finding]:
    findings = [
        group_overlap(data.folds, data.group_name),
        mixed_labels(data.rows, data.contract.unit, data.contract.label, unit_named=data.contract.unit_named),
        duplicate_rows(data.rows, data.features),
    ]
    near = Neighbourhood.of(data)
    findings.append(near_duplicates(data, near))
    components = None
    if not data.grouped:
        tied = hidden_components(data, near)
        findings.append(hidden_groups(data, tied))
        components = tied if findings[-1].level == "warn" else None
    sample = model_sample(data, components)
    findings += [id_like(data if components is None else sample), proxy(data), confounder(data), order(data)]
    findings += [shift(data, sample), optimism_gap(data, sample, hidden=components is not None)]
    if scrambles:
        # Near copies with different labels are not groups: there is nothing to shuffle between.
        labelled = components is not None and components.labelled(data.label)
        findings.append(scramble(data, model_sample(data, components if labelled else None), scrambles))
    return findings


def pass_audit(*, audit: str | Path, fail_on: Sequence[str], output: str | Path) -> None:
    """Write the file that lets the training start.

    Args:
        audit: path of ``audit.json``.
        fail_on: checks that stop the run when they fail.
        output: the file to write.

    Raises:
        UserError: when a check named in ``fail_on`` failed, with its evidence and the way to fix it.
    """
    result = read_audit(audit)
    failed = next((check for check in result.checks if check.level == "fail" and check.id in fail_on), None)
    if failed is not None:
        evidence = "; ".join(", ".join(f"{k} {v}" for k, v in e.items()) for e in failed.evidence[:3])
        raise UserError(
            f"audit of {result.dataset!r}: {failed.id} failed: {failed.sentence} Such as: {evidence}. "
            f"What to do: {failed.what_to_do} (all evidence: {audit})"
        )
    # The same bytes every time: where only the audit ran again, snakemake sees that the input of training is the same.
    write_text(output, "no check in audit.fail_on has failed\n")
