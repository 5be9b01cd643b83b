"""Tables of scores: overall, by slice and by fold."""

from collections.abc import Iterable, Iterator
from typing import Any

from foldwise.model_names import BASELINES, ENSEMBLE
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json
from foldwise.results.scores import (
    Level,
    Score,
    held_out_column,
    metric_keys,
    outer_folds,
    parse_interval,
    reference_score,
    score_of,
)
from foldwise.results.wording import Metric


def ensemble_table(artefacts: Artefacts) -> Table | None:
    """Return the weights of every outer fold, one column a backend; None where there is no ensemble."""
    # Those of inner folds score train rows only, for the calibrator and the threshold.
    lines = [line for line in artefacts.weights if line["inner_fold"] == 0]
    if not lines:
        return None
    found = {(line["fold"], line["backend"]): line for line in lines}
    folds = sorted({fold for fold, _ in found})
    columns = [Column("Fold", numeric=True)]
    columns += [Column(wording.display_name(name), "weight", True) for name in artefacts.backends]
    columns.append(Column("Rows", "inner out-of-fold", True))
    rows = [
        [
            html_table.count(fold),
            *(html_table.score(found[fold, name]["weight"]) for name in artefacts.backends),
            html_table.count(found[fold, artefacts.backends[0]]["n_rows"]),
        ]
        for fold in folds
    ]
    caption = "Weights for the test rows of each outer fold, with the rows of its train part that they rest on."
    return Table("weights", caption, columns, rows)


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
    covers = {wording.method_name(method): entry["covers"] for *_, method, entry in found if entry.get("covers")}
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
        html_table.text(wording.display_name(name)),
        Cell(level, wording.counted(over, level) if over else ""),
        html_table.text(wording.metric_named(metric).label),
        html_table.text(wording.method_name(method)),
        html_table.score(found.get("estimate")),
        html_table.score(interval.low),
        html_table.score(interval.high),
        html_table.number(interval.confidence, wording.percent(interval.confidence)),
        Cell("pooled") if interval.n_folds is None else html_table.count(interval.n_folds),
        html_table.count(interval.n_groups),
        html_table.text(interval.refused or ""),
    ]


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
            html_table.text(wording.display_name(name)),
            html_table.text(metric.label),
            _leaky(backends[name][metric.key]),
            html_table.score(backends[name][metric.key].get("grouped")),
            _gap(backends[name][metric.key].get("optimism_gap")),
            html_table.count(backends[name].get("n_folds")),
        ]
        for name in names
        for metric in wording.metrics_in(backends[name])
    ]
    caption = (
        f"{WARNING} Same settings, rows split as if each stood for itself: mean ± standard deviation over row-wise "
        f"folds, by row, {wording.counted(artefacts.contract['rows'], 'row')}. Grouped: mean over "
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
    return html_table.number(mean, wording.score(mean) + ("" if mean is None or sd is None else f" ± {sd:.3f}"))


def _gap(value: float | None) -> Cell:
    return html_table.number(value, wording.UNDEFINED if value is None else f"{value:+.3f}")


# Rows kept on the page; a table of slices has no bound of its own.
SLICE_LIMIT = 400
FOLD_LIMIT = 400
_FOLD_COLUMNS = ("auc", "log_loss", "ap", "brier", "f1", "accuracy", "precision", "recall", "mcc")
_FOLD_COUNTS = {"n_rows": "Rows", "n_units": "Units", "n_groups": "Groups", "n_positive": "Positive rows"}


def score_table(artefacts: Artefacts, level: Level) -> Table | None:
    """Return metrics by entrants and references at one level; None where nothing was measured."""
    by_entrant = artefacts.metrics_by_entrant()
    shown = wording.metrics_in(key for m in by_entrant.values() for key in metric_keys(m, level))
    if not shown:
        return None
    first = next(iter(by_entrant.values()))
    references = [r for r in BASELINES if any(reference_score(first, r, m.key, level) is not None for m in shown)]
    scores = {(name, m.key): score_of(found, m.key, level) for name, found in by_entrant.items() for m in shown}
    rows = [
        [
            Cell(metric.label, metric.direction),
            *(_score_cell(scores[name, metric.key]) for name in by_entrant),
            *(_reference_cell(reference_score(first, r, metric.key, level)) for r in references),
        ]
        for metric in shown
    ]
    columns = [Column("Metric")]
    over = {name: _extent(artefacts, found["counts"], level) for name, found in by_entrant.items()}
    columns += [Column(wording.display_name(name), extent, True) for name, extent in over.items()]
    columns += [Column(wording.display_name(r), _extent(artefacts, first["counts"], level), True) for r in references]
    return Table(
        f"scores-{level}", _score_caption(artefacts, level), columns, rows, _interval_notes(scores), sortable=False
    )


def _extent(artefacts: Artefacts, counts: Json, level: Level) -> str:
    over = counts.get("rows" if level == "row" else "units")
    parts = wording.counted(counts.get("folds"), "fold" if held_out_column(artefacts) is None else "held-out value")
    return f"{wording.counted(over, level)}, {parts}"


def _score_caption(artefacts: Artefacts, level: Level) -> str:
    over = "Row level: every row counts once." if level == "row" else "Unit level: the mean score of a unit's rows."
    folds = outer_folds(artefacts)
    return f"{over} Mean over {folds} ± standard deviation between them; below it the interval of the mean."


def _score_cell(found: Score) -> Cell:
    if found.mean is None:
        return html_table.score(None, f"on all {wording.counted(found.folds, 'fold')}")
    lines = []
    if found.interval is not None:
        refused = found.interval.refused
        lines.append("no interval" if refused else wording.interval(found.interval.low, found.interval.high))
    if found.defined < found.folds:
        lines.append(f"{found.defined} of {found.folds} folds")
    spread = "" if found.sd is None else f" ± {found.sd:.3f}"
    return html_table.number(found.mean, wording.score(found.mean) + spread, "; ".join(lines))


def _reference_cell(value: float | None) -> Cell:
    return Cell("not measured", kind="undefined") if value is None else html_table.score(value)


def _interval_notes(scores: dict[tuple[str, str], Score]) -> list[str]:
    """Say once for each reason why an interval is missing, and for which scores."""
    reasons: dict[str, list[str]] = {}
    for (name, metric), found in scores.items():
        if found.interval is not None and found.interval.refused:
            label = f"{wording.display_name(name)} {wording.metric_named(metric).label}"
            reasons.setdefault(found.interval.refused, []).append(label)
    return [f"No interval for {', '.join(labels)}: {reason}." for reason, labels in reasons.items()]


def slice_table(artefacts: Artefacts) -> Table | None:
    """Return AUC and accuracy by slice value, the entrants side by side; None without slices."""
    by_entrant = artefacts.metrics_by_entrant()
    cells: dict[tuple[str, str, str], dict[str, Json]] = {}
    for name, metrics in by_entrant.items():
        for entry in metrics.get("slices") or []:
            key = (str(entry["slice"]), str(entry["value"]), str(entry.get("level", "row")))
            cells.setdefault(key, {})[name] = entry
    if not cells:
        return None
    shown = [wording.metric_named(k) for k in ("auc", "accuracy")]
    columns = [Column("Slice"), Column("Value"), Column("Level")]
    columns += [Column(c, numeric=True) for c in (*_FOLD_COUNTS.values(), "Folds")]
    columns += [Column(m.label, wording.display_name(n), numeric=True) for m in shown for n in by_entrant]
    rows = [_slice_row(key, found, shown, by_entrant) for key, found in cells.items()]
    rows, notes = html_table.shortened(rows, SLICE_LIMIT, "metrics.parquet")
    caption = "Scores on the part of the test rows with one value of a slice column. Accuracy at threshold 0.5."
    notes.append("AUC is undefined where a slice holds one class only.")
    return Table("slices-table", caption, columns, rows, notes)


def _slice_row(
    key: tuple[str, str, str], found: dict[str, Json], shown: list[Metric], entrants: Iterable[str]
) -> list[Cell]:
    any_entry = next(iter(found.values()))
    return [
        *(html_table.text(part) for part in key),
        *(html_table.count(any_entry.get(n)) for n in (*_FOLD_COUNTS, "n_folds")),
        *(html_table.score(found.get(name, {}).get(m.key)) for m in shown for name in entrants),
    ]


def fold_table(artefacts: Artefacts) -> Table:
    """Return one row a backend and fold: counts, scores and the confusion at threshold 0.5."""
    shown = [wording.metric_named(k) for k in _FOLD_COLUMNS]
    by = held_out_column(artefacts)
    columns = _fold_heading(by, [Column(c, numeric=True) for c in _FOLD_COUNTS.values()])
    columns += [Column(m.label, m.direction if m.lower_is_better else "", numeric=True) for m in shown]
    columns.append(Column("AUC", "unit level", numeric=True))
    columns += [Column(c, "of rows", numeric=True) for c in ("TN", "FP", "FN", "TP")]
    rows = [
        [
            *_fold_name(name, fold, by),
            *(html_table.count(fold.get(n)) for n in _FOLD_COUNTS),
            *(html_table.score(fold.get(m.key)) for m in shown),
            html_table.score(fold.get("unit", {}).get("auc")),
            *(html_table.count(n) for n in _confusion(fold)),
        ]
        for name, fold in _folds(artefacts)
    ]
    rows, notes = html_table.shortened(rows, FOLD_LIMIT, "metrics.parquet")
    caption = "Outer test rows of each fold; row level unless the heading says otherwise; threshold 0.5."
    if by is not None:
        caption = f"Each fold tests on one held-out value of {by}, its groups intact. {caption}"
    return Table("folds-table", caption, columns, rows, notes + _one_class_notes(artefacts))


def class_table(artefacts: Artefacts) -> Table | None:
    """Return precision, recall and F1 of each class on each fold; None where they were not measured."""
    keys = [f"{m}_class{c}" for c in (0, 1) for m in ("precision", "recall", "f1")]
    folds = _folds(artefacts)
    if not any(key in fold for _, fold in folds for key in keys):
        return None
    label = artefacts.contract["label"]
    names = {
        "0": wording.setting("the rest" if label.get("negative") is None else label["negative"]),
        "1": wording.setting(label["positive"]),
    }
    by = held_out_column(artefacts)
    columns = _fold_heading(by, [])
    columns += [
        Column(wording.metric_named(k.split("_")[0]).label, f"class {names[k[-1]]}", numeric=True) for k in keys
    ]
    rows = [[*_fold_name(name, fold, by), *(html_table.score(fold.get(k)) for k in keys)] for name, fold in folds]
    rows, notes = html_table.shortened(rows, FOLD_LIMIT, "metrics.parquet")
    return Table("classes", "By class, over the test rows of each fold; threshold 0.5.", columns, rows, notes)


def _folds(artefacts: Artefacts) -> list[tuple[str, Json]]:
    return [(name, fold) for name, m in artefacts.metrics_by_entrant().items() for fold in m["fold_results"]]


def _fold_heading(by: str | None, more: Iterable[Column]) -> list[Column]:
    # Held-out values know no repeats.
    part = Column("Repeat", numeric=True) if by is None else Column("Held out", by)
    return [Column("Backend"), Column("Fold", numeric=True), part, *more]


def _fold_name(name: str, fold: Json, by: str | None) -> list[Cell]:
    part = html_table.count(fold.get("repeat")) if by is None else html_table.text(fold.get("source"))
    return [html_table.text(wording.display_name(name)), html_table.count(fold["fold"]), part]


def _one_class_notes(artefacts: Artefacts) -> list[str]:
    """Say which folds test on one class only, and what that does to their scores."""
    folds = next(iter(artefacts.metrics_by_entrant().values()))["fold_results"]
    found = [f for f in folds if f.get("n_positive") is not None and f["n_positive"] in (0, f.get("n_rows"))]
    if not found:
        return []
    named = ", ".join(f"{f['fold']} ({f['source']})" if "source" in f else str(f["fold"]) for f in found)
    return [
        f"One class only among the test rows of fold {named}: AUC and every score of the class without rows are "
        "undefined there."
    ]


def _confusion(fold: Json) -> list[Any]:
    matrix = fold.get("confusion") or [[None, None], [None, None]]
    return [n for row in matrix for n in row]
