"""The model card of a bundle, in the format of Hugging Face: the models, their metrics and their intended use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from foldwise.bundle.markdown import Markdown, escape, table
from foldwise.bundle.onnx_export import BLANKED, LARGEST_DIFFERENCE, Export
from foldwise.bundle.scorer_contract import stored_type
from foldwise.data.contract import Contract
from foldwise.model_names import ENSEMBLE
from foldwise.predict.final_models import FinalModels
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
    """What is in the folder besides the card.

    Attributes:
        contract: the features and how they are read.
        models: the final models.
        default: the backend used where none is chosen.
        exports: result of exporting each model as ONNX.
        hashes: path in the folder -> SHA-256, of every file but the card and the list of hashes.
    """

    contract: Contract
    models: FinalModels
    default: str
    exports: Sequence[Export]
    hashes: Mapping[str, str]


def render_card(artefacts: Artefacts, contents: Contents) -> str:
    """Return the card as Markdown: a pure function of the results, in which text of users is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=False,  # noqa: S701 (Markdown: every value goes through ``finalize``)
        finalize=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    contract, models, default = contents.contract, contents.models, contents.default
    sources = [{**s, "path": Path(s["path"]).name} for s in artefacts.contract["sources"]]
    named = replace(artefacts, contract={**artefacts.contract, "sources": sources})
    return environment.get_template("README.md.j2").render(
        front_matter=Markdown(front_matter(artefacts, default)),
        dataset=artefacts.dataset,
        label=contract.label,
        backends=models.backends,
        models=list(models),
        weights=models.ensemble.weights if models.ensemble else None,
        default=next(model for model in models.backends if model.name == default),
        default_reason=default_reason(artefacts, default),
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
        unit=None if contract.unit == "sample_id" else contract.unit,
        id=None if contract.numbered else contract.id,
        columns=contract.features[:_COLUMNS_SHOWN],
        columns_left=max(0, len(contract.features) - _COLUMNS_SHOWN),
        column_count=len(contract.features),
        stored_type=stored_type,
        joined=any(feature.table != "table" for feature in contract.features),
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
    """Return the card's metadata as YAML; each AUC says what it is computed on."""
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
    """Return the backend with the highest mean AUC by row over the outer folds, the first if none is defined.

    The ensemble is not considered: it needs the libraries of all backends.
    """
    metrics = artefacts.metrics_by_entrant()
    means = {name: mean for name in artefacts.backends if (mean := score_of(metrics[name], "auc").mean) is not None}
    return max(means, key=lambda name: means[name]) if means else artefacts.backends[0]


def default_reason(artefacts: Artefacts, default: str) -> str:
    """Explain why a backend is the default."""
    if len(artefacts.backends) == 1:
        return "It is the only backend."
    score = score_of(artefacts.metrics_by_entrant()[default], "auc")
    if score.mean is None:
        return "It is the first backend configured; no AUC is defined."
    ensemble = " The ensemble needs the libraries of all backends, so it is used only on request."
    return (
        f"Its mean AUC by row, {wording.score(score.mean)} over {folds_of(artefacts, score)}, is the highest of "
        f"{len(artefacts.backends)} backends.{ensemble if ENSEMBLE in artefacts.entrants else ''} "
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
        f"{wording.extent(metrics['counts'], artefacts.contract['unit'])}; measured with models of the outer train "
        "parts, not with the final models, which were fitted on all groups"
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
    """Return each library used in training with its versions."""
    versions: dict[str, set[str]] = {}
    for params in artefacts.params:
        for library, version in (params.get("versions") or {}).items():
            versions.setdefault(library, set()).add(str(version))
    return [(library, ", ".join(sorted(used))) for library, used in sorted(versions.items())]
