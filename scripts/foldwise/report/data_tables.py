"""What went in: the samples, the features, what was left out, and the files."""

from typing import Any

from foldwise.report import html_table
from foldwise.report.html_table import Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json

FEATURE_LIMIT = 30
DROPPED_LIMIT = 100
WHERE = "table.json"


def facts(artefacts: Artefacts) -> list[tuple[str, str]]:
    """Return the size of the dataset as pairs of a term and what is said about it."""
    contract, label = artefacts.contract, artefacts.contract["label"]
    rows = contract["rows"]
    groups = next((m["counts"].get("groups") for m in artefacts.metrics), None)
    return [
        ("Rows", wording.count(rows)),
        (
            "Units",
            f"{wording.count(contract.get('n_units'))} ({contract.get('unit') or 'each row is its own'})",
        ),
        ("Groups", f"{wording.count(groups)} (from {', '.join(contract.get('groups') or []) or 'no column'})"),
        ("Positive", _class_size(label["column"], label["positive"], label.get("n_positive"), rows)),
        ("Negative", _class_size(label["column"], label.get("negative"), label.get("n_negative"), rows)),
        ("Features", _features(contract)),
        ("Sample id", str(contract.get("id"))),
        ("Slices", ", ".join(contract.get("slices") or []) or "none"),
    ]


def _class_size(column: str, value: Any, size: int | None, rows: int) -> str:
    name = "every other value" if value is None else f"{column} = {wording.setting(value)}"
    share = f" ({100 * size / rows:.1f} % of rows)" if size is not None and rows else ""
    return f"{wording.count(size)} rows{share}, {name}"


def _features(contract: Json) -> str:
    kinds: dict[str, int] = {}
    for feature in contract["features"]:
        kinds[feature["type"]] = kinds.get(feature["type"], 0) + 1
    told = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    return wording.count(len(contract["features"])) + (f" ({told})" if told else "")


def feature_table(artefacts: Artefacts) -> Table:
    """Return the features with the most missing values; a table may have thousands, so never all."""
    features, rows = artefacts.contract["features"], artefacts.contract["rows"]
    shown = sorted(features, key=lambda f: -(f.get("missing") or 0))[:FEATURE_LIMIT]
    columns = [Column("Feature"), Column("Table"), Column("Column"), Column("Type")]
    columns += [Column("Missing", "rows", True), Column("Missing", "share of rows", True)]
    columns.append(Column("Categories", "count", True))
    cells = [
        [
            html_table.text(f["name"]),
            html_table.text(f.get("table")),
            html_table.text(f.get("column")),
            html_table.text(f["type"]),
            html_table.count(f.get("missing")),
            html_table.score(None if not rows or f.get("missing") is None else f["missing"] / rows),
            html_table.text("") if f.get("categories") is None else html_table.count(len(f["categories"])),
        ]
        for f in shown
    ]
    total = wording.counted(len(features), "feature")
    caption = f"{total}, those with the most missing values first, over {wording.counted(rows, 'row')}."
    left = len(features) - len(shown)
    notes = [f"{wording.counted(len(shown), 'feature')} of {total} shown; all are in {WHERE}."] if left else []
    return Table("features", caption, columns, cells, notes)


def dropped_table(artefacts: Artefacts) -> Table | None:
    """Return the columns that are no features, with the reason; None where all were kept."""
    dropped = artefacts.contract.get("dropped") or []
    if not dropped:
        return None
    rows = [[html_table.text(d["name"]), html_table.text(d["reason"])] for d in dropped]
    rows, notes = html_table.shortened(rows, DROPPED_LIMIT, WHERE)
    caption = f"{wording.counted(len(dropped), 'column')} left out, with the reason."
    return Table("dropped", caption, [Column("Column"), Column("Reason")], rows, notes)


def unmatched_table(artefacts: Artefacts) -> Table | None:
    """Return how many rows of each input found no partner; None where nothing is recorded."""
    unmatched = artefacts.contract.get("unmatched") or {}
    if not unmatched:
        return None
    columns = [Column("Table"), Column("Rows without a partner", numeric=True), Column("Examples")]
    rows = [
        [
            html_table.text(name),
            html_table.count(found["count"]),
            html_table.text(", ".join(map(str, found.get("examples", [])[:5]))),
        ]
        for name, found in unmatched.items()
    ]
    caption = (
        "Rows without a partner in the join on the sample id. Those in the metadata only are kept, with missing "
        "values, where another table knows them; those in a feature table only are left out."
    )
    return Table("unmatched", caption, columns, rows)


def source_table(artefacts: Artefacts) -> Table:
    """Return the input files with their size and SHA-256."""
    columns = [
        Column("File"),
        Column("Rows", numeric=True),
        Column("Columns", numeric=True),
        Column("SHA-256"),
    ]
    rows = [
        [
            html_table.text(s["path"], "code"),
            html_table.count(s.get("rows")),
            html_table.count(s.get("columns")),
            html_table.text(s.get("sha256"), "hash"),
        ]
        for s in artefacts.contract.get("sources") or []
    ]
    return Table("sources", "Input files.", columns, rows)
