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
from foldwise.report import data_tables, metric_tables, run_facts
from foldwise.report.audit_section import checks, tally
from foldwise.report.html_table import Table
from foldwise.report.information_sheet import information_sheet
from foldwise.report.operating_point_tables import decided_levels, decision_table
from foldwise.report.run_tables import library_versions
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import DatasetResults

_COLUMNS_SHOWN = 60
_SLICES_SHOWN = 30
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Contents:
    """What is in the folder besides the card.

    Attributes:
        contract: the features and how they are read.
        models: the final models.
        exports: result of exporting each model as ONNX.
        hashes: path in the folder -> SHA-256, of every file but the card and the list of hashes.
    """

    contract: Contract
    models: FinalModels
    exports: Sequence[Export]
    hashes: Mapping[str, str]


def render_card(results: DatasetResults, contents: Contents) -> str:
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
    contract, models = contents.contract, contents.models
    default = next(iter(models))
    sources = [replace(source, path=Path(source.path).name) for source in contract.sources]
    named = replace(results, contract=replace(contract, sources=sources))
    return environment.get_template("README.md.j2").render(
        front_matter=Markdown(front_matter(results)),
        dataset=results.dataset,
        label=contract.label,
        backends=models.backends,
        models=list(models),
        weights=models.ensemble.record.weights if models.ensemble else None,
        default=default,
        others=[model.name for model in models if model is not default],
        libraries=[m for m in models.backends if default.name in (m.name, ENSEMBLE)],
        verdict=verdict(results),
        tally=tally(results.audit),
        extent=wording.extent(results.comparison.counts, contract.unit),
        outer_folds=results.outer_folds,
        metric_tables=[metric_tables.metric_table(results, "row"), metric_tables.metric_table(results, "unit")],
        decision_table=decision_table(results, decided_levels(results)[0]),
        slice_table=_shortened(metric_tables.slice_table(results), _SLICES_SHOWN, "metrics.json"),
        checks=[check for check in checks(results.audit) if check.level != "pass"],
        facts=data_tables.facts(results),
        protocol=[*run_facts.what_was_split(results), *run_facts.what_was_fitted(results)],
        went_in=run_facts.what_went_in(results),
        source_table=data_tables.source_table(named),
        author=[answer.author for part in information_sheet(results) for answer in part.answers if answer.author],
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
        versions=[(library, ", ".join(used)) for library, used in library_versions(results).items()],
        hashes=sorted(contents.hashes.items()),
        count=wording.count,
        named=wording.display_name,
        table=table,
    )


def front_matter(results: DatasetResults) -> str:
    """Return the card's metadata as YAML; each AUC says what it is computed on.

    The format has room for one library: an ensemble, which needs several, has none.
    """
    default = results.comparison.recommended
    metadata = {
        "license": "other",
        "license_name": "to-be-chosen-by-the-owner",
        **({} if default == ENSEMBLE else {"library_name": default}),
        "pipeline_tag": "tabular-classification",
        "tags": [
            "tabular-classification",
            "gradient-boosting",
            "grouped-cross-validation",
            "foldwise",
            *results.backends,
        ],
        "metrics": ["roc_auc"],
        "model-index": [entry for name in results.models if (entry := _index_entry(results, name))],
    }
    text: str = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=False, width=10_000)
    return text


def _index_entry(results: DatasetResults, name: str) -> dict[str, Any] | None:
    """Return an entry of ``model-index``; None where the AUC is undefined."""
    summary = results.metrics[name].summary("auc")
    if summary.mean is None:
        return None
    interval = "no interval"
    if summary.interval is not None and summary.interval.ends is not None:
        bounds = wording.interval(*summary.interval.ends)
        interval = f"{wording.percent(results.comparison.confidence)} {wording.HEADLINE_INTERVAL} {bounds}"
    description = (
        f"AUC by row, mean over {results.folds_of(summary)}, {interval}; "
        f"{wording.extent(results.comparison.counts, results.contract.unit)}; measured with models of the outer train "
        "parts, not with the final models, which were fitted on all groups"
    )
    task = {"type": "tabular-classification", "name": "Tabular classification"}
    result = {
        "task": task,
        "dataset": {"type": "tabular", "name": results.dataset},
        "metrics": [{"type": "roc_auc", "value": round(summary.mean, 4), "name": description, "verified": False}],
    }
    return {"name": f"{results.dataset} {name}", "results": [result]}


def _shortened(table: Table | None, limit: int, where: str) -> Table | None:
    if table is None or len(table.rows) <= limit:
        return table
    note = f"{wording.count(len(table.rows) - limit)} more rows are in the {where} of each backend in the results."
    return replace(table, rows=table.rows[:limit], notes=[*table.notes, note])
