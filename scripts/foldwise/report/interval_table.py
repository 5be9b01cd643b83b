"""Every interval of every method, with what each method covers."""

from collections.abc import Iterator
from typing import Any

from foldwise.report import view, words
from foldwise.report.artefacts import Artefacts, Json
from foldwise.report.scores import parse_interval
from foldwise.report.view import Cell, Column, Table

Entry = tuple[str, str, str, str, dict[str, Any]]


def interval_table(artefacts: Artefacts) -> Table | None:
    """Return the intervals of all entrants, by row first, then by unit; None where there is none."""
    found = [entry for level in ("row", "unit") for entry in _entries(artefacts, level)]
    if not found:
        return None
    columns = [Column(c) for c in ("Backend", "Level", "Metric", "Method")]
    columns += [Column(c, numeric=True) for c in ("Estimate", "Low", "High", "Confidence", "Folds", "Groups")]
    columns.append(Column("Refused because"))
    caption = "Every interval, by method. The corrected t is the headline: it counts the variance of training too."
    covers = {words.method_name(method): entry["covers"] for *_, method, entry in found if entry.get("covers")}
    notes = [f"{name[0].upper()}{name[1:]}: {said}." for name, said in covers.items()]
    return Table("intervals", caption, columns, [_row(*entry) for entry in found], notes)


def _entries(artefacts: Artefacts, level: str) -> Iterator[Entry]:
    for name, metrics in artefacts.metrics_by_entrant().items():
        source: Json = metrics if level == "row" else metrics.get("unit") or {}
        for metric, methods in (source.get("intervals") or {}).items():
            for method, found in methods.items():
                yield name, level, metric, method, found


def _row(name: str, level: str, metric: str, method: str, found: Json) -> list[Cell]:
    interval = parse_interval(method, found)
    over = found.get(f"n_{level}s")
    return [
        view.text(words.display_name(name)),
        Cell(level, words.counted(over, level) if over else ""),
        view.text(words.metric_named(metric).label),
        view.text(words.method_name(method)),
        view.score(found.get("estimate")),
        view.score(interval.low),
        view.score(interval.high),
        view.number(interval.confidence, words.percent(interval.confidence)),
        Cell("pooled") if interval.n_folds is None else view.count(interval.n_folds),
        view.count(interval.n_groups),
        view.text(interval.refused or ""),
    ]
