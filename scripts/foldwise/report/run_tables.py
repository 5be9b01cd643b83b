"""Tables of how the run went: the search, time and memory, library versions and the configuration."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from foldwise.io.files import without_credentials
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.training_records import FoldParams


def search_tables(results: DatasetResults) -> list[Table]:
    """Return for each backend the chosen point of every outer fold, one column a parameter."""
    return [_search_table(name, folds) for name, folds in results.params.items()]


def _search_table(name: str, folds: list[FoldParams]) -> Table:
    parameters = list(dict.fromkeys(key for fold in folds for key in fold.chosen))
    metric = wording.metric_named(folds[0].metric)
    columns = [Column("Fold", numeric=True), Column(f"Inner {metric.spoken}", metric.direction, True)]
    columns += [Column("Trees", numeric=True), Column("Points", "tried", True), Column("Fits", "run", True)]
    columns.append(Column("Rows", "outer train", True))
    columns += [Column(parameter, numeric=True) for parameter in parameters]
    rows = [
        [
            html_table.count(int(fold.fold)),
            html_table.metric(fold.score),
            *map(html_table.count, (fold.trees, fold.points, fold.fits, fold.rows.train)),
            # A parameter that depends on another one is not in every point.
            *(_setting(fold.chosen[key]) if key in fold.chosen else html_table.text("default") for key in parameters),
        ]
        for fold in folds
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


def timing_table(results: DatasetResults) -> Table:
    """Return seconds, peak memory and sizes of each training job."""
    columns = [Column("Backend"), Column("Fold", numeric=True)]
    columns += [Column(part, "seconds", True) for part in ("Search", "Refit", "Total")]
    columns += [Column("Peak memory", "MB", True), Column("Memory of imports", "MB", True)]
    columns += [Column(f"{n} {part}", numeric=True) for part in ("train", "test") for n in ("Rows", "Groups")]
    rows, notes = [], []
    for name, folds in results.params.items():
        for fold in folds:
            seconds, n = fold.seconds, (fold.rows.train, fold.groups.train, fold.rows.test, fold.groups.test)
            rows.append(
                [
                    html_table.text(wording.display_name(name)),
                    html_table.count(int(fold.fold)),
                    *(html_table.number(s, f"{s:,.2f}") for s in (seconds.search, seconds.refit, seconds.total)),
                    *map(html_table.count, (fold.peak_memory_mb, fold.imports_memory_mb, *n)),
                ]
            )
        total = f"{sum(fold.seconds.total for fold in folds):,.1f} s over {wording.counted(len(folds), 'fold')}"
        peak = max(fold.peak_memory_mb for fold in folds)
        notes.append(f"{wording.display_name(name)}: {total}, peak memory {peak:,.0f} MB.")
    return Table("timings-table", "One job for each backend and outer fold.", columns, rows, notes)


def library_versions(results: DatasetResults) -> dict[str, list[str]]:
    """Return the libraries of the training jobs, each with all versions that were used."""
    versions: dict[str, set[str]] = {}
    for fold in (fold for folds in results.params.values() for fold in folds):
        for library, version in fold.versions.items():
            versions.setdefault(library, set()).add(version)
    return {library: sorted(versions[library]) for library in sorted(versions)}


def version_table(results: DatasetResults) -> Table:
    """Return the library versions of the training jobs; a library with several versions is named below the table."""
    versions = library_versions(results)
    rows = [[html_table.text(name), html_table.text(", ".join(used), "code")] for name, used in versions.items()]
    mixed = [name for name, used in versions.items() if len(used) > 1]
    notes = [f"More than one version was used: {', '.join(mixed)}."] if mixed else []
    return Table("versions", "Libraries of the training jobs.", [Column("Library"), Column("Version")], rows, notes)


def configuration_text(configuration: Mapping[str, Any]) -> str:
    """Write the configuration as YAML; user names and passwords in addresses become ``***``.

    The address of a tracking server may contain a password, and the page is meant to be passed on.
    """
    plain = json.loads(json.dumps(configuration, default=str))
    written: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return without_credentials(written)
