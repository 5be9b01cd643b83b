"""Tables of what went into the run: size of the dataset, features, dropped columns, unmatched rows and input files."""

from collections import Counter

from foldwise.data.contract import Contract
from foldwise.report import html_table
from foldwise.report.html_table import Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults

FEATURE_LIMIT = 30
DROPPED_LIMIT = 100
_FILE = "table.json"


def facts(results: DatasetResults) -> list[tuple[str, str]]:
    """Return the size of the dataset as pairs of a term and its text."""
    contract, label = results.contract, results.contract.label
    groups = wording.count(results.comparison.counts.groups)
    unit = "each row is its own unit" if contract.unit == "sample_id" else contract.unit
    return [
        ("Rows", wording.count(contract.rows)),
        ("Units", f"{wording.count(contract.n_units)} ({unit})"),
        ("Groups", f"{groups} (from {', '.join(contract.groups) or 'no column'})"),
        ("Positive", _class_size(contract, label.positive, label.n_positive)),
        ("Negative", _class_size(contract, label.negative, label.n_negative)),
        ("Features", _features(contract)),
        ("Sample id", contract.id),
        ("Slices", ", ".join(contract.slices) or "none"),
    ]


def _class_size(contract: Contract, value: str, size: int) -> str:
    share = f"{100 * size / contract.rows:.1f} % of rows"
    return f"{wording.count(size)} rows ({share}), {contract.label.column} = {value}"


def _features(contract: Contract) -> str:
    types = sorted(Counter(feature.type for feature in contract.features).items())
    return f"{wording.count(len(contract.features))} ({', '.join(f'{n:,} {name}' for name, n in types)})"


def feature_table(results: DatasetResults) -> Table:
    """Return the features with the most missing values; a table may have thousands, so never all."""
    features, rows = results.contract.features, results.contract.rows
    shown = sorted(features, key=lambda feature: -feature.missing)[:FEATURE_LIMIT]
    columns = [Column("Feature"), Column("Table"), Column("Column"), Column("Type")]
    columns += [Column("Missing", "rows", True), Column("Missing", "share of rows", True)]
    columns.append(Column("Categories", "count", True))
    cells = [
        [
            *map(html_table.text, (feature.name, feature.table, feature.column, feature.type)),
            html_table.count(feature.missing),
            html_table.metric(feature.missing / rows),
            html_table.text("") if feature.categories is None else html_table.count(len(feature.categories)),
        ]
        for feature in shown
    ]
    total = wording.counted(len(features), "feature")
    caption = f"{total}, those with the most missing values first, over {wording.counted(rows, 'row')}."
    notes = [f"{len(shown)} of {total} shown; all are in {_FILE}."] if len(shown) < len(features) else []
    return Table("features", caption, columns, cells, notes)


def dropped_table(results: DatasetResults) -> Table | None:
    """Return the columns that are not features, with the reason; None where all were kept."""
    dropped = results.contract.dropped
    if not dropped:
        return None
    rows = [[html_table.text(column.name), html_table.text(column.reason)] for column in dropped]
    rows, notes = html_table.shortened(rows, DROPPED_LIMIT, _FILE)
    caption = f"{wording.counted(len(dropped), 'column')} not used as a feature, with the reason."
    return Table("dropped", caption, [Column("Column"), Column("Reason")], rows, notes)


def unmatched_table(results: DatasetResults) -> Table | None:
    """Return how many rows of each input have no partner in the join; None where all have one."""
    unmatched = results.contract.unmatched
    if not unmatched:
        return None
    columns = [Column("Table"), Column("Rows without a partner", numeric=True), Column("Examples")]
    rows = [
        [
            html_table.text(side),
            html_table.count(entry.count),
            html_table.text(", ".join(entry.examples[:5])),
        ]
        for side, entry in unmatched.items()
    ]
    caption = (
        "Rows without a partner in the join on the sample id. A row of the metadata is kept where at least one "
        "feature table has it, with missing values for the others; a row of a feature table that is not in the "
        "metadata is left out."
    )
    return Table("unmatched", caption, columns, rows)


def source_table(results: DatasetResults) -> Table:
    """Return the input files with their size and SHA-256."""
    columns = [Column("File"), Column("Rows", numeric=True), Column("Columns", numeric=True), Column("SHA-256")]
    rows = [
        [
            html_table.text(source.path, "code"),
            html_table.count(source.rows),
            html_table.count(source.columns),
            html_table.text(source.sha256, "hash"),
        ]
        for source in results.contract.sources
    ]
    return Table("sources", "Input files.", columns, rows)
