"""Tables with one row an outer fold: metrics and confusion, metrics by class, and the weights of the ensemble."""

from foldwise.evaluation.records import FoldMetrics
from foldwise.model_names import CONSTANT
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults

FOLD_LIMIT = 400
_METRICS = ("auc", "log_loss", "ap", "brier", "f1", "accuracy", "precision", "recall", "mcc")


def fold_table(results: DatasetResults) -> Table:
    """Return one row a model and fold: counts, metrics and the confusion matrix at threshold 0.5."""
    shown = [wording.metric_named(key) for key in _METRICS]
    columns = _fold_columns(results)
    columns += [Column(c, numeric=True) for c in ("Rows", "Units", "Groups", "Positive rows")]
    columns += [Column(m.label, m.direction if m.lower_is_better else "", numeric=True) for m in shown]
    columns.append(Column("AUC", "by unit", numeric=True))
    columns += [Column(c, "rows", numeric=True) for c in ("TN", "FP", "FN", "TP")]
    rows = []
    for name, fold in _folds(results):
        extent = fold.extent
        counts = (extent.n_rows, extent.n_units, extent.n_groups, extent.n_positive)
        rows.append(
            [
                *_fold_cells(results, name, fold),
                *map(html_table.count, counts),
                *(html_table.metric(fold.row[metric.key]) for metric in shown),
                html_table.metric(fold.unit["auc"]),
                *(html_table.count(n) for line in fold.confusion for n in line),
            ]
        )
    rows, notes = html_table.shortened(rows, FOLD_LIMIT, "metrics.parquet")
    caption = "Test rows of each outer fold, by row unless the heading says otherwise; threshold 0.5."
    if results.held_out_column is not None:
        caption = f"Each fold tests on one held-out value of {results.held_out_column}, with whole groups. {caption}"
    return Table("folds-table", caption, columns, rows, notes + _one_class_notes(results))


def class_table(results: DatasetResults) -> Table:
    """Return precision, recall and F1 of each class on each fold."""
    label = results.contract.label
    classes = {"class0": wording.setting(label.negative), "class1": wording.setting(label.positive)}
    keys = [(metric, key) for key in classes for metric in ("precision", "recall", "f1")]
    columns = _fold_columns(results)
    columns += [Column(wording.metric_named(m).label, f"class {classes[key]}", numeric=True) for m, key in keys]
    rows = [
        [*_fold_cells(results, name, fold), *(html_table.metric(fold.row[f"{m}_{key}"]) for m, key in keys)]
        for name, fold in _folds(results)
    ]
    rows, notes = html_table.shortened(rows, FOLD_LIMIT, "metrics.parquet")
    return Table("classes", "By class, over the test rows of each fold; threshold 0.5.", columns, rows, notes)


def weight_table(results: DatasetResults) -> Table | None:
    """Return the weights of the ensemble on each outer fold, one column a backend and one for the constant prediction.

    None without an ensemble.
    """
    weights = {(w.fold, w.backend): w for w in results.weights}
    if not weights:
        return None
    members = (*results.backends, CONSTANT)
    columns = [Column("Fold", numeric=True)]
    columns += [Column(wording.display_name(name), "weight", True) for name in members]
    columns.append(Column("Rows", "inner out-of-fold", True))
    rows = [
        [
            html_table.count(fold),
            *(html_table.metric(weights[fold, name].weight) for name in members),
            html_table.count(weights[fold, results.backends[0]].n_rows),
        ]
        for fold in sorted({fold for fold, _ in weights})
    ]
    caption = "Weights for the test rows of each outer fold, and the number of train rows that they are estimated on."
    return Table("weights", caption, columns, rows)


def _folds(results: DatasetResults) -> list[tuple[str, FoldMetrics]]:
    return [(name, fold) for name, metrics in results.metrics.items() for fold in metrics.folds]


def _fold_columns(results: DatasetResults) -> list[Column]:
    # A held-out value is tested once: there are no repeats.
    column = results.held_out_column
    part = Column("Repeat", numeric=True) if column is None else Column("Held out", column)
    return [Column("Model"), Column("Fold", numeric=True), part]


def _fold_cells(results: DatasetResults, name: str, fold: FoldMetrics) -> list[Cell]:
    part = html_table.count(fold.repeat) if results.held_out_column is None else html_table.text(fold.source)
    return [html_table.text(wording.display_name(name)), html_table.count(fold.fold), part]


def _one_class_notes(results: DatasetResults) -> list[str]:
    """Name the folds that test on one class only, and say what is undefined there."""
    folds = next(iter(results.metrics.values())).folds
    one_class = [fold for fold in folds if fold.extent.n_positive in (0, fold.extent.n_rows)]
    if not one_class:
        return []
    named = ", ".join(str(f.fold) if f.source is None else f"{f.fold} ({f.source})" for f in one_class)
    return [
        f"The test rows of fold {named} are of one class only: AUC and every metric of the class without rows are "
        "undefined there."
    ]
