"""Run the audit on a dataset, and stop the run where the configuration says so."""

from collections.abc import Mapping, Sequence

from foldwise.audit.columns import confounder, id_like, order, proxy
from foldwise.audit.data import Material, read_material
from foldwise.audit.exact import duplicate_rows, group_overlap, mixed_labels
from foldwise.audit.findings import Finding, verdict
from foldwise.audit.model_checks import model_sample, optimism_gap, scramble, shift
from foldwise.audit.neighbours import Neighbourhood, hidden_components, hidden_groups, near_duplicates
from foldwise.errors import UserError
from foldwise.io.files import read_json, write_json, write_text

_WAYS_OUT = {
    "group_overlap": "the fold file does not belong to this table: remove it and run again",
    "mixed_labels": "mend the labels, set unit: to what has one label, or take mixed_labels out of audit.fail_on",
    "duplicate_rows": "remove the copies, add the column that ties them to groups:, or take duplicate_rows out of "
    "audit.fail_on",
    "scramble": "rows that belong together stand on both sides of the splits: name the column that ties them in "
    "groups:, or take scramble out of audit.fail_on",
}


def audit_leakage(inputs: Mapping[str, str], output: str, scrambles: int = 20, seed: int = 42) -> None:
    """Run every check and write ``audit.json``.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        output: path of ``audit.json``.
        scrambles: shuffles of the check ``scramble``; 0 leaves it out.
        seed: seed of every draw: the same inputs give the same bytes.
    """
    material = read_material(inputs, seed)
    found = verdict(material.contract.dataset, _findings(material, scrambles))
    write_json(output, found)
    print(f"audit: {found['verdict']}: {found['sentence']}")


def _findings(material: Material, scrambles: int) -> list[Finding]:
    findings = [
        group_overlap(material.rows, material.group_name),
        mixed_labels(material.rows, material.contract.unit),
        duplicate_rows(material.rows, material.matrix),
    ]
    near = Neighbourhood.of(material)
    findings.append(near_duplicates(material, near))
    components = None
    if not material.grouped:
        tied = hidden_components(material, near)
        findings.append(hidden_groups(material, tied))
        components = tied if findings[-1].level == "warn" else None
    part = model_sample(material, components)
    findings += [id_like(material if components is None else part), proxy(material), confounder(material)]
    findings.append(order(material))
    findings += [shift(material, part), optimism_gap(material, part, hidden=components is not None)]
    if scrambles:
        # Near copies with labels of their own are no groups: there is nothing to shuffle between.
        together = components is not None and components.labelled(material.label)
        findings.append(scramble(material, model_sample(material, components if together else None), scrambles))
    return findings


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
    # The same bytes every time: where only the audit ran anew, snakemake sees that training has the same input.
    write_text(output, "nothing that audit.fail_on names has failed\n")
