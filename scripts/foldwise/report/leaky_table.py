"""The leaky reference: scores of row-wise splits, kept apart from every score that counts."""

from foldwise.entrants import ENSEMBLE
from foldwise.report import view, words
from foldwise.report.artefacts import Artefacts
from foldwise.report.protocol import held_out_column, outer_folds
from foldwise.report.view import Cell, Column, Table

WARNING = "Leaky reference: says nothing about new units."


def leaky_table(artefacts: Artefacts) -> Table | None:
    """Return the leaky scores beside the grouped ones and the gap between them; None where none were asked for."""
    backends = artefacts.leaky.get("backends") or {}
    names = [name for name in artefacts.backends if name in backends]
    if not names:
        return None
    columns = [Column("Backend"), Column("Metric"), Column("Leaky", "row-wise folds", True)]
    columns += [Column("Grouped", outer_folds(artefacts), True), Column("Optimism gap", "leaky minus grouped", True)]
    columns += [Column("Folds", "row-wise", True)]
    rows = [
        [
            view.text(words.display_name(name)),
            view.text(metric.label),
            _leaky(backends[name][metric.key]),
            view.score(backends[name][metric.key].get("grouped")),
            _gap(backends[name][metric.key].get("optimism_gap")),
            view.count(backends[name].get("n_folds")),
        ]
        for name in names
        for metric in words.metrics_in(backends[name])
    ]
    caption = (
        f"{WARNING} Same settings, rows split as if each stood for itself: mean ± standard deviation over row-wise "
        f"folds, by row, {words.counted(artefacts.contract['rows'], 'row')}. Grouped: mean over "
        f"{outer_folds(artefacts)}, as under Scores."
    )
    return Table("leaky-scores", caption, columns, rows, _notes(artefacts))


def _notes(artefacts: Artefacts) -> list[str]:
    column = held_out_column(artefacts)
    notes = [f"Rows of every {column} stand on both sides of a row-wise split, so the gap holds that difference too."]
    if column is None:
        notes = []
    if ENSEMBLE in artefacts.entrants:
        notes.append("The ensemble has no leaky reference: row-wise splits are run for the backends alone.")
    return notes


def _leaky(found: dict[str, float | None]) -> Cell:
    mean, sd = found.get("leaky"), found.get("leaky_sd")
    return view.number(mean, words.score(mean) + ("" if mean is None or sd is None else f" ± {sd:.3f}"))


def _gap(value: float | None) -> Cell:
    return view.number(value, words.UNDEFINED if value is None else f"{value:+.3f}")
