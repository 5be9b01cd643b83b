"""Tables of scores: overall, by slice and by fold."""

from collections.abc import Iterable
from typing import Any

from foldwise.entrants import REFERENCES
from foldwise.report import view, words
from foldwise.report.artefacts import Artefacts, Json
from foldwise.report.protocol import held_out_column, outer_folds
from foldwise.report.scores import Level, Score, metric_keys, reference_score, score_of
from foldwise.report.view import Cell, Column, Table
from foldwise.report.words import Metric

# Rows kept on the page; a table of slices has no bound of its own.
SLICE_LIMIT = 400
FOLD_LIMIT = 400

_FOLD_COLUMNS = ("auc", "log_loss", "ap", "brier", "f1", "accuracy", "precision", "recall", "mcc")
_FOLD_COUNTS = {"n_rows": "Rows", "n_units": "Units", "n_groups": "Groups", "n_positive": "Positive rows"}


def score_table(artefacts: Artefacts, level: Level) -> Table | None:
    """Return metrics by entrants and references at one level; None where nothing was measured."""
    by_entrant = artefacts.metrics_by_entrant()
    shown = words.metrics_in(key for m in by_entrant.values() for key in metric_keys(m, level))
    if not shown:
        return None
    first = next(iter(by_entrant.values()))
    references = [r for r in REFERENCES if any(reference_score(first, r, m.key, level) is not None for m in shown)]
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
    columns += [Column(words.display_name(name), extent, True) for name, extent in over.items()]
    columns += [Column(words.display_name(r), _extent(artefacts, first["counts"], level), True) for r in references]
    return Table(
        f"scores-{level}", _score_caption(artefacts, level), columns, rows, _interval_notes(scores), sortable=False
    )


def _extent(artefacts: Artefacts, counts: Json, level: Level) -> str:
    over = counts.get("rows" if level == "row" else "units")
    parts = words.counted(counts.get("folds"), "fold" if held_out_column(artefacts) is None else "held-out value")
    return f"{words.counted(over, level)}, {parts}"


def _score_caption(artefacts: Artefacts, level: Level) -> str:
    over = "Row level: every row counts once." if level == "row" else "Unit level: the mean score of a unit's rows."
    folds = outer_folds(artefacts)
    return f"{over} Mean over {folds} ± standard deviation between them; below it the interval of the mean."


def _score_cell(found: Score) -> Cell:
    if found.mean is None:
        return view.score(None, f"on all {words.counted(found.folds, 'fold')}")
    lines = []
    if found.interval is not None:
        refused = found.interval.refused
        lines.append("no interval" if refused else words.interval(found.interval.low, found.interval.high))
    if found.defined < found.folds:
        lines.append(f"{found.defined} of {found.folds} folds")
    spread = "" if found.sd is None else f" ± {found.sd:.3f}"
    return view.number(found.mean, words.score(found.mean) + spread, "; ".join(lines))


def _reference_cell(value: float | None) -> Cell:
    return Cell("not measured", kind="undefined") if value is None else view.score(value)


def _interval_notes(scores: dict[tuple[str, str], Score]) -> list[str]:
    """Say once for each reason why an interval is missing, and for which scores."""
    reasons: dict[str, list[str]] = {}
    for (name, metric), found in scores.items():
        if found.interval is not None and found.interval.refused:
            label = f"{words.display_name(name)} {words.metric_named(metric).label}"
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
    shown = [words.metric_named(k) for k in ("auc", "accuracy")]
    columns = [Column("Slice"), Column("Value"), Column("Level")]
    columns += [Column(c, numeric=True) for c in (*_FOLD_COUNTS.values(), "Folds")]
    columns += [Column(m.label, words.display_name(n), numeric=True) for m in shown for n in by_entrant]
    rows = [_slice_row(key, found, shown, by_entrant) for key, found in cells.items()]
    rows, notes = view.shortened(rows, SLICE_LIMIT, "metrics.parquet")
    caption = "Scores on the part of the test rows with one value of a slice column. Accuracy at threshold 0.5."
    notes.append("AUC is undefined where a slice holds one class only.")
    return Table("slices-table", caption, columns, rows, notes)


def _slice_row(
    key: tuple[str, str, str], found: dict[str, Json], shown: list[Metric], entrants: Iterable[str]
) -> list[Cell]:
    any_entry = next(iter(found.values()))
    return [
        *(view.text(part) for part in key),
        *(view.count(any_entry.get(n)) for n in (*_FOLD_COUNTS, "n_folds")),
        *(view.score(found.get(name, {}).get(m.key)) for m in shown for name in entrants),
    ]


def fold_table(artefacts: Artefacts) -> Table:
    """Return one row a backend and fold: counts, scores and the confusion at threshold 0.5."""
    shown = [words.metric_named(k) for k in _FOLD_COLUMNS]
    by = held_out_column(artefacts)
    columns = _fold_heading(by, [Column(c, numeric=True) for c in _FOLD_COUNTS.values()])
    columns += [Column(m.label, m.direction if m.lower_is_better else "", numeric=True) for m in shown]
    columns.append(Column("AUC", "unit level", numeric=True))
    columns += [Column(c, "of rows", numeric=True) for c in ("TN", "FP", "FN", "TP")]
    rows = [
        [
            *_fold_name(name, fold, by),
            *(view.count(fold.get(n)) for n in _FOLD_COUNTS),
            *(view.score(fold.get(m.key)) for m in shown),
            view.score(fold.get("unit", {}).get("auc")),
            *(view.count(n) for n in _confusion(fold)),
        ]
        for name, fold in _folds(artefacts)
    ]
    rows, notes = view.shortened(rows, FOLD_LIMIT, "metrics.parquet")
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
        "0": words.setting("the rest" if label.get("negative") is None else label["negative"]),
        "1": words.setting(label["positive"]),
    }
    by = held_out_column(artefacts)
    columns = _fold_heading(by, [])
    columns += [Column(words.metric_named(k.split("_")[0]).label, f"class {names[k[-1]]}", numeric=True) for k in keys]
    rows = [[*_fold_name(name, fold, by), *(view.score(fold.get(k)) for k in keys)] for name, fold in folds]
    rows, notes = view.shortened(rows, FOLD_LIMIT, "metrics.parquet")
    return Table("classes", "By class, over the test rows of each fold; threshold 0.5.", columns, rows, notes)


def _folds(artefacts: Artefacts) -> list[tuple[str, Json]]:
    return [(name, fold) for name, m in artefacts.metrics_by_entrant().items() for fold in m["fold_results"]]


def _fold_heading(by: str | None, more: Iterable[Column]) -> list[Column]:
    # Held-out values know no repeats.
    part = Column("Repeat", numeric=True) if by is None else Column("Held out", by)
    return [Column("Backend"), Column("Fold", numeric=True), part, *more]


def _fold_name(name: str, fold: Json, by: str | None) -> list[Cell]:
    part = view.count(fold.get("repeat")) if by is None else view.text(fold.get("source"))
    return [view.text(words.display_name(name)), view.count(fold["fold"]), part]


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
