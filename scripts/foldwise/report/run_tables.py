"""How the run went: the search, the time it took, the versions and the configuration."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from foldwise.io.files import without_credentials
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json


def search_tables(artefacts: Artefacts) -> list[Table]:
    """Return for each backend the chosen point of every fold, one column a parameter."""
    return [_search_table(name, folds) for name, folds in artefacts.params_by_backend().items() if folds]


def _search_table(name: str, folds: list[Json]) -> Table:
    parameters = list(dict.fromkeys(key for f in folds for key in f["chosen"]))
    metric = wording.metric_named(folds[0]["metric"])
    columns = [Column("Fold", numeric=True), Column(f"Inner {metric.spoken}", metric.direction, True)]
    columns += [Column("Trees", numeric=True), Column("Points", "tried", True), Column("Fits", "run", True)]
    columns.append(Column("Rows", "outer train", True))
    columns += [Column(p, numeric=True) for p in parameters]
    rows = [
        [
            html_table.count(f["fold"]),
            html_table.score(f.get("score")),
            html_table.count(f.get("trees")),
            html_table.count(f.get("points")),
            html_table.count(f.get("fits")),
            html_table.count((f.get("rows") or {}).get("train")),
            *(_setting(f["chosen"].get(p)) for p in parameters),
        ]
        for f in folds
    ]
    caption = (
        f"{wording.display_name(name)}: the chosen point of each outer fold, "
        f"by mean {metric.spoken} over the inner folds of its train part."
    )
    return Table(f"search-{name}", caption, columns, rows)


def _setting(value: Any) -> Cell:
    if value is None:
        return html_table.text("default")
    written = wording.setting(value)
    return html_table.number(value, written) if wording.is_number(value) else html_table.text(written)


def timing_table(artefacts: Artefacts) -> Table:
    """Return seconds, peak memory and sizes of each training process."""
    columns = [Column("Backend"), Column("Fold", numeric=True)]
    columns += [Column(p, "seconds", True) for p in ("Search", "Refit", "Total")]
    columns += [Column("Peak memory", "MB", True), Column("of it imports", "MB", True)]
    columns += [Column(f"{n} {p}", numeric=True) for p in ("train", "test") for n in ("Rows", "Groups")]
    rows = [
        [
            html_table.text(wording.display_name(name)),
            html_table.count(f["fold"]),
            *(_seconds((f.get("seconds") or {}).get(part)) for part in ("search", "refit", "total")),
            html_table.count(f.get("peak_memory_mb")),
            html_table.count(f.get("imports_memory_mb")),
            *(html_table.count((f.get(n) or {}).get(p)) for p in ("train", "test") for n in ("rows", "groups")),
        ]
        for name, folds in artefacts.params_by_backend().items()
        for f in folds
    ]
    return Table("timings-table", "One process a backend and fold.", columns, rows, _totals(artefacts))


def _seconds(value: float | None) -> Cell:
    return html_table.number(value, wording.UNDEFINED if value is None else f"{value:,.2f}")


def _totals(artefacts: Artefacts) -> list[str]:
    notes = []
    for name, folds in artefacts.params_by_backend().items():
        known = [s for f in folds if (s := (f.get("seconds") or {}).get("total")) is not None]
        peaks = [m for f in folds if (m := f.get("peak_memory_mb")) is not None]
        if known and peaks:
            spent = f"{sum(known):,.1f} s over {wording.counted(len(known), 'fold')}"
            notes.append(f"{wording.display_name(name)}: {spent}, peak {max(peaks):,.0f} MB.")
    return notes


def version_table(artefacts: Artefacts) -> Table | None:
    """Return library versions; more than one version of a library in a run is spelled out."""
    found: dict[str, set[str]] = {}
    for params in artefacts.params:
        for library, version in (params.get("versions") or {}).items():
            found.setdefault(library, set()).add(str(version))
    if not found:
        return None
    rows = [
        [html_table.text(library), html_table.text(", ".join(sorted(v)), "code")]
        for library, v in sorted(found.items())
    ]
    mixed = [library for library, v in sorted(found.items()) if len(v) > 1]
    notes = [f"More than one version was used: {', '.join(mixed)}."] if mixed else []
    return Table(
        "versions",
        "Libraries of the training processes.",
        [Column("Library"), Column("Version")],
        rows,
        notes,
    )


def configuration_text(configuration: Mapping[str, Any]) -> str:
    """Write the configuration as YAML; user names and passwords inside addresses become ``***``.

    A tracking address may hold a password, and the page is meant to be passed on.
    """
    plain = json.loads(json.dumps(configuration, default=str))
    written: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return without_credentials(written)
