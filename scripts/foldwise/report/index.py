"""The page over all datasets: one row each with its audit, the metric of every model, and its verdict."""

from collections.abc import Sequence
from pathlib import Path

from foldwise.audit.findings import WORST_FIRST
from foldwise.evaluation.comparison_records import ModelEstimate
from foldwise.io.files import write_text
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.report.render import render
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import DatasetResults, read_results


def write_index(
    output: str | Path,
    *,
    models: Sequence[str],
    contracts: Sequence[str | Path],
    audits: Sequence[str | Path],
    comparisons: Sequence[str | Path],
    metrics: Sequence[str | Path],
) -> None:
    """Read what the page shows of every dataset and write it.

    Args:
        output: path of the HTML file, in the folder that contains a folder for each dataset.
        models: names of the backends in the order of the page, then of their ensemble where there is one.
        contracts: paths of table.json, one a dataset in the order of the page.
        audits: paths of audit.json in the same order, none where the audit is switched off.
        comparisons: paths of comparison.json in the same order.
        metrics: paths of metrics.json in the same order, first those of the first model, then those of the next.
    """
    results = [
        read_results(
            models=models,
            contract=contract,
            audit=audits[i] if audits else None,
            comparison=comparisons[i],
            metrics=metrics[i :: len(contracts)],
        )
        for i, contract in enumerate(contracts)
    ]
    write_text(output, render_index(results))


def render_index(results: Sequence[DatasetResults]) -> str:
    """Return the page over all datasets as HTML."""
    count = wording.counted(len(results), "dataset")
    return render("index.html.j2", ["tables.js"], count=count, table=index_table(results))


def index_table(results: Sequence[DatasetResults]) -> Table:
    """Return one row a dataset; links are relative to the folder of the page.

    Metrics are those of comparison.json: the mean over outer folds of the AUC by row, and its interval.
    """
    models = list(dict.fromkeys(model.name for dataset in results for model in dataset.comparison.models))
    metric = wording.metric_named(results[0].comparison.metric).label
    columns = [Column("Dataset"), Column("Audit")]
    # All datasets of a run share the setting.
    recommended = results[0].comparison.recommended
    columns += [Column(_heading(name, name == recommended), metric, numeric=True) for name in models]
    columns += [Column("Computed on", numeric=True), Column("Verdict"), Column("Baselines"), Column("Comparison")]
    caption = (
        f"By row: mean over the outer folds of a dataset, below it the {wording.HEADLINE_INTERVAL} of the mean. "
        "Metrics of different datasets are computed on different rows: compare within a row, not within a column."
    )
    return Table("datasets", caption, columns, [_row(dataset, models) for dataset in results])


def _heading(name: str, recommended: bool) -> str:
    return f"{wording.display_name(name)} (recommended)" if recommended else wording.display_name(name)


def _row(results: DatasetResults, models: list[str]) -> list[Cell]:
    page, counts = f"{results.dataset}/report.html", results.comparison.counts
    extent = ((counts.units, "unit"), (counts.groups, "group"), (counts.folds, "fold"))
    sentences = verdict(results)
    return [
        Cell(results.dataset, href=page),
        _audit(results, page),
        *(_estimate(results.comparison.model(name)) for name in models),
        html_table.number(
            counts.rows, wording.counted(counts.rows, "row"), ", ".join(wording.counted(n, noun) for n, noun in extent)
        ),
        Cell(sentences.headline, kind="sentence"),
        Cell(sentences.baselines, kind="sentence"),
        Cell(sentences.comparison, kind="sentence", href=f"{page}#comparison"),
    ]


def _audit(results: DatasetResults, page: str) -> Cell:
    """Return the badge of the audit, sorted by how bad it is."""
    if results.audit is None:
        return Cell("none", "no audit was run", kind="undefined")
    level = results.audit.verdict
    return Cell(level, value=str(WORST_FIRST.index(level)), href=f"{page}#audit", badge=level)


def _estimate(model: ModelEstimate | None) -> Cell:
    # The datasets share the configured models, but the type of a dataset does not say so.
    if model is None:
        return html_table.metric(None)
    if model.name == "constant":
        return html_table.metric(model.estimate)
    return html_table.metric(model.estimate, "no interval" if model.ends is None else wording.interval(*model.ends))
