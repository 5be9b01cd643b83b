"""The model card of a bundle, in the format of Hugging Face: the models, what was measured, what they are for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from foldwise.bundle.markdown import Markdown, escape, table
from foldwise.bundle.onnx_export import BLANKED, LARGEST_DIFFERENCE, Export
from foldwise.model_names import ENSEMBLE
from foldwise.report import data_tables, operation_tables, run_facts, score_tables
from foldwise.report.html_table import Table
from foldwise.report.information_sheet import information_sheet
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import Artefacts
from foldwise.results.scores import folds_of, outer_folds, score_of

_COLUMNS_SHOWN = 60
_SLICES_SHOWN = 30
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Contents:
    """What is in the folder beside the card.

    Attributes:
        contract: content of ``contract.json``.
        operation: content of ``operation.json``.
        exports: what became of each model as ONNX.
        hashes: path in the folder -> SHA-256, of every file but the card and the list of hashes.
    """

    contract: Mapping[str, Any]
    operation: Mapping[str, Any]
    exports: Sequence[Export]
    hashes: Mapping[str, str]


def render_card(artefacts: Artefacts, contents: Contents) -> str:
    """Return the card as Markdown: a pure function of the artefacts, in which text of users is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=False,  # noqa: S701 (Markdown: every value goes through ``finalize``)
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    operation, features = contents.operation, contents.contract["features"]
    sources = [{**s, "path": Path(s["path"]).name} for s in artefacts.contract["sources"]]
    named = replace(artefacts, contract={**artefacts.contract, "sources": sources})
    return environment.get_template("README.md.j2").render(
        front_matter=Markdown(front_matter(artefacts, operation["default"])),
        dataset=artefacts.dataset,
        label=contents.contract["label"],
        backends=[(name, wording.display_name(name), entry["version"]) for name, entry in operation["models"].items()],
        operation=operation,
        weights=(operation["backends"].get(ENSEMBLE) or {}).get("weights"),
        default=(operation["default"], wording.display_name(operation["default"])),
        default_reason=default_reason(artefacts, operation["default"]),
        verdict=verdict(artefacts),
        extent=wording.extent(artefacts.metrics[0]["counts"], artefacts.contract["unit"]),
        outer_folds=outer_folds(artefacts),
        score_tables=[t for level in ("row", "unit") if (t := score_tables.score_table(artefacts, level))],
        decision_table=operation_tables.decision_table(artefacts),
        slice_table=_shortened(score_tables.slice_table(artefacts), _SLICES_SHOWN, "metrics.json"),
        checks=[c for c in artefacts.audit.get("checks", []) if c["level"] != "pass"],
        facts=data_tables.facts(artefacts),
        protocol=[*run_facts.what_was_split(artefacts), *run_facts.what_was_fitted(artefacts)],
        went_in=run_facts.what_went_in(artefacts),
        source_table=data_tables.source_table(named),
        author=[answer.author for part in information_sheet(artefacts) for answer in part.answers if answer.author],
        unit=None if contents.contract["unit"] == "sample_id" else contents.contract["unit"],
        id=contents.contract["id"],
        columns=features[:_COLUMNS_SHOWN],
        columns_left=max(0, len(features) - _COLUMNS_SHOWN),
        column_count=len(features),
        joined=any(f["table"] != "table" for f in artefacts.contract["features"]),
        exports=contents.exports,
        largest_difference=LARGEST_DIFFERENCE,
        blanked=wording.percent(BLANKED),
        versions=_versions(artefacts),
        hashes=sorted(contents.hashes.items()),
        count=wording.count,
        named=wording.display_name,
        table=table,
    )


def front_matter(artefacts: Artefacts, default: str) -> str:
    """Return the card's metadata as YAML: the headline of each backend says over what it is."""
    metadata = {
        "license": "other",
        "license_name": "to-be-chosen-by-the-owner",
        "library_name": default,
        "pipeline_tag": "tabular-classification",
        "tags": [
            "tabular-classification",
            "gradient-boosting",
            "grouped-cross-validation",
            "foldwise",
            *artefacts.backends,
        ],
        "metrics": ["roc_auc"],
        "model-index": [entry for name in artefacts.entrants if (entry := _index_entry(artefacts, name))],
    }
    text: str = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=False, width=10_000)
    return text


def best_backend(artefacts: Artefacts) -> str:
    """Return the backend with the highest mean AUC by row over the outer folds; the first where none is defined.

    The ensemble is not among them: it needs the libraries of all.
    """
    found = artefacts.metrics_by_entrant()
    means = {name: mean for name in artefacts.backends if (mean := score_of(found[name], "auc").mean) is not None}
    return max(means, key=lambda name: means[name]) if means else artefacts.backends[0]


def default_reason(artefacts: Artefacts, default: str) -> str:
    """Say why a backend scores where nobody chooses."""
    if len(artefacts.backends) == 1:
        return "It is the only one."
    score = score_of(artefacts.metrics_by_entrant()[default], "auc")
    if score.mean is None:
        return "It is the first one configured: no AUC is defined."
    vote = " The ensemble needs the libraries of all, so it scores only where it is named."
    return (
        f"Its mean AUC by row, {wording.score(score.mean)} over {folds_of(artefacts, score)}, is the highest of "
        f"{len(artefacts.backends)} backends.{vote if ENSEMBLE in artefacts.entrants else ''} "
        f"{artefacts.comparison.get('verdict') or 'They were not compared.'}"
    )


def _index_entry(artefacts: Artefacts, backend: str) -> dict[str, Any] | None:
    """Return an entry of ``model-index``; None where the AUC is undefined."""
    metrics = artefacts.metrics_by_entrant()[backend]
    score = score_of(metrics, "auc")
    if score.mean is None:
        return None
    interval = "no interval"
    if score.interval and not score.interval.refused:
        bounds = wording.interval(score.interval.low, score.interval.high)
        interval = f"{wording.percent(score.interval.confidence)} corrected t interval {bounds}"
    name = (
        f"AUC by row, mean over {folds_of(artefacts, score)}, {interval}; "
        f"{wording.extent(metrics['counts'], artefacts.contract['unit'])}; measured on models of the outer train "
        "parts, not on the final models, which were fitted on all groups"
    )
    task = {"type": "tabular-classification", "name": "Tabular classification"}
    result = {
        "task": task,
        "dataset": {"type": "tabular", "name": artefacts.dataset},
        "metrics": [{"type": "roc_auc", "value": round(score.mean, 4), "name": name, "verified": False}],
    }
    return {"name": f"{artefacts.dataset} {backend}", "results": [result]}


def _shortened(table: Table | None, limit: int, where: str) -> Table | None:
    if table is None or len(table.rows) <= limit:
        return table
    note = f"{wording.count(len(table.rows) - limit)} more rows are in the {where} of each backend in the results."
    return replace(table, rows=table.rows[:limit], notes=[*table.notes, note])


def _versions(artefacts: Artefacts) -> list[tuple[str, str]]:
    """Return the libraries of the training processes with all versions that were used."""
    found: dict[str, set[str]] = {}
    for params in artefacts.params:
        for library, version in (params.get("versions") or {}).items():
            found.setdefault(library, set()).add(str(version))
    return [(library, ", ".join(sorted(versions))) for library, versions in sorted(found.items())]
