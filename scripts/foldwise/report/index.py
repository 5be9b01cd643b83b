"""The page over all datasets: one row each, with its audit, its verdict and its headline scores."""

from collections.abc import Iterable
from pathlib import Path

from foldwise.io.files import write_text
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.report.render import render
from foldwise.report.verdict import LEVELS, verdict
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json, load_all


def write_index(
    output: str | Path,
    *,
    datasets: Iterable[str],
    entrants: Iterable[str],
    contracts: Iterable[str | Path],
    audits: Iterable[str | Path],
    comparisons: Iterable[str | Path],
    metrics: Iterable[str | Path],
) -> None:
    """Load what is needed of every dataset and write the page.

    Args:
        output: the HTML file, in the folder that holds a folder for each dataset.
        datasets: their names, in the order of the page.
        entrants: the backends in the order of the page, then their ensemble where there is one.
        contracts: table.json of every dataset.
        audits: audit.json of every dataset, none where the audit is switched off.
        comparisons: comparison.json of every dataset.
        metrics: metrics.json of every dataset and entrant.
    """
    audit_of, comparison_of = _by_dataset(load_all(audits)), _by_dataset(load_all(comparisons))
    contract_of, scored = _by_dataset(load_all(contracts)), load_all(metrics)
    names = list(entrants)
    found = [
        Artefacts(
            dataset=name,
            entrants=names,
            contract=contract_of[name],
            audit=audit_of.get(name, {}),
            comparison=comparison_of[name],
            metrics=[m for m in scored if m["dataset"] == name],
            params=[],
            configuration={},
        )
        for name in datasets
    ]
    write_text(output, render_index(found))


def render_index(found: list[Artefacts]) -> str:
    """Return the page over all datasets as HTML."""
    return render(
        "index.html.j2", ["tables.js"], count=wording.counted(len(found), "dataset"), table=index_table(found)
    )


def index_table(found: list[Artefacts]) -> Table:
    """Return one row a dataset; links count from the folder that holds the page.

    Scores are those of comparison.json: the mean over outer folds of the AUC by row, and its interval.
    """
    entrants = list(dict.fromkeys(e["name"] for a in found for e in a.comparison["entrants"]))
    columns = [Column("Dataset"), Column("Audit")]
    columns += [Column(wording.display_name(name), _metric(found), numeric=True) for name in entrants]
    columns += [Column("Over", numeric=True), Column("Verdict"), Column("Comparison")]
    caption = (
        "Row level: mean over the outer folds of a dataset, below it the interval of the mean (corrected t). "
        "Scores of different datasets are over different rows: read a row, do not rank a column."
    )
    return Table("datasets", caption, columns, [_row(a, entrants) for a in found])


def _by_dataset(loaded: list[Json]) -> dict[str, Json]:
    return {found["dataset"]: found for found in loaded}


def _metric(found: list[Artefacts]) -> str:
    return ", ".join(dict.fromkeys(wording.metric_named(a.comparison["metric"]).label for a in found))


def _row(artefacts: Artefacts, entrants: list[str]) -> list[Cell]:
    page = f"{artefacts.dataset}/report.html"
    by_name = {e["name"]: e for e in artefacts.comparison["entrants"]}
    counts = artefacts.comparison["counts"]
    over = ", ".join(wording.counted(counts[f"{noun}s"], noun) for noun in ("unit", "group", "fold"))
    said = verdict(artefacts)
    return [
        Cell(artefacts.dataset, href=page),
        _audit(artefacts, page),
        *(_score(by_name.get(name)) for name in entrants),
        html_table.number(counts["rows"], wording.counted(counts["rows"], "row"), over),
        Cell(said.headline, kind="sentence"),
        Cell(said.comparison, kind="sentence", href=f"{page}#comparison"),
    ]


def _audit(artefacts: Artefacts, page: str) -> Cell:
    """Return the badge of the audit, sorted by how bad it is; without an audit it comes last."""
    level = artefacts.audit.get("verdict")
    if level not in LEVELS:
        return Cell("none", "no audit was run", kind="undefined")
    return Cell(level, value=str(LEVELS.index(level)), href=f"{page}#audit", badge=level)


def _score(entrant: Json | None) -> Cell:
    if entrant is None:
        return html_table.score(None)
    low, high = entrant.get("low"), entrant.get("high")
    if entrant.get("name") == "constant":
        return html_table.score(entrant["estimate"])
    return html_table.score(entrant["estimate"], "no interval" if low is None else wording.interval(low, high))
