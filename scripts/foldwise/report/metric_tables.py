"""Tables of metrics over the outer folds: by row, by unit and by slice, with every interval and the leaky reference."""

from collections.abc import Iterator

from foldwise.evaluation.interval_records import Interval
from foldwise.evaluation.records import HEADLINE_METHOD, Level, MetricSummary, SliceMetrics
from foldwise.model_names import BASELINES, ENSEMBLE
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.training_records import LeakyMetric

WARNING = "Leaky reference: says nothing about new units."

# Rows kept on the page; the number of slices has no bound.
_SLICE_LIMIT = 400


def metric_table(results: DatasetResults, level: Level) -> Table:
    """Return one row a metric at one level, one column a model and baseline."""
    first = next(iter(results.metrics.values()))
    shown = wording.metrics_in(first.metric_names(level))
    summaries = {
        (name, m.key): metrics.summary(m.key, level) for name, metrics in results.metrics.items() for m in shown
    }
    rows = [
        [
            Cell(metric.label, metric.direction),
            *(_summary_cell(summaries[name, metric.key]) for name in results.metrics),
            *(html_table.metric(first.baseline(name, metric.key, level)) for name in BASELINES),
        ]
        for metric in shown
    ]
    n = first.counts.rows if level == "row" else first.counts.units
    noun = "fold" if results.held_out_column is None else "held-out value"
    extent = f"{wording.counted(n, level)}, {wording.counted(first.counts.folds, noun)}"
    columns = [
        Column("Metric"),
        *(Column(wording.display_name(n), extent, True) for n in (*results.metrics, *BASELINES)),
    ]
    over = "By row." if level == "row" else "By unit: the prediction of a unit is the mean over its rows."
    caption = (
        f"{over} Mean over {results.outer_folds} ± standard deviation between them; below it the interval of the mean."
    )
    return Table(f"metrics-{level}", caption, columns, rows, _interval_notes(summaries), sortable=False)


def _summary_cell(summary: MetricSummary) -> Cell:
    if summary.mean is None:
        return html_table.metric(None, f"on all {wording.counted(summary.n_folds, 'fold')}")
    lines = []
    if summary.interval is not None:
        ends = summary.interval.ends
        lines.append("no interval" if ends is None else wording.interval(*ends))
    if summary.n_defined < summary.n_folds:
        lines.append(f"{summary.n_defined} of {summary.n_folds} folds")
    spread = "" if summary.sd is None else f" ± {summary.sd:.3f}"
    return html_table.number(summary.mean, wording.number(summary.mean) + spread, "; ".join(lines))


def _interval_notes(summaries: dict[tuple[str, str], MetricSummary]) -> list[str]:
    """Write each reason for a missing interval once, with the metrics that it concerns."""
    reasons: dict[str, list[str]] = {}
    for (name, key), summary in summaries.items():
        if summary.interval is not None and summary.interval.refused:
            label = f"{wording.display_name(name)} {wording.metric_named(key).label}"
            reasons.setdefault(summary.interval.refused, []).append(label)
    return [f"No interval for {', '.join(labels)}: {reason}." for reason, labels in reasons.items()]


def interval_table(results: DatasetResults) -> Table:
    """Return the intervals of all models by every method, by row first, then by unit."""
    intervals = [entry for level in ("row", "unit") for entry in _intervals(results, level)]
    columns = [Column(c) for c in ("Model", "Level", "Metric", "Method")]
    columns += [Column(c, numeric=True) for c in ("Estimate", "Low", "High", "Confidence", "Folds", "Groups")]
    columns.append(Column("No interval because"))
    caption = (
        f"All intervals. That by {wording.method_name(HEADLINE_METHOD)} is the one shown elsewhere on this page. The "
        "baselines have intervals in metrics.json."
    )
    covers = {wording.method_name(method): interval.covers for *_, method, interval in intervals}
    notes = [f"{name[0].upper()}{name[1:]}: {text}." for name, text in covers.items()]
    return Table("intervals", caption, columns, [_interval_row(*entry) for entry in intervals], notes)


def _intervals(results: DatasetResults, level: Level) -> Iterator[tuple[str, Level, str, str, Interval]]:
    for name, metrics in results.metrics.items():
        for metric, methods in metrics.intervals_at(level).items():
            for method, interval in methods.items():
                yield name, level, metric, method, interval


def _interval_row(name: str, level: Level, metric: str, method: str, interval: Interval) -> list[Cell]:
    confidence = interval.confidence
    return [
        html_table.text(wording.display_name(name)),
        Cell(level, wording.counted(interval.n_rows if level == "row" else interval.n_units, level)),
        html_table.text(wording.metric_named(metric).label),
        html_table.text(wording.method_name(method)),
        html_table.metric(interval.estimate),
        html_table.metric(interval.low),
        html_table.metric(interval.high),
        html_table.text("") if confidence is None else html_table.number(confidence, wording.percent(confidence)),
        Cell("pooled") if interval.n_folds is None else html_table.count(interval.n_folds),
        html_table.count(interval.n_groups),
        html_table.text(interval.refused),
    ]


def slice_table(results: DatasetResults) -> Table | None:
    """Return AUC and accuracy by slice value, one column a model; None without slices."""
    slices: dict[tuple[str, str], dict[str, SliceMetrics]] = {}
    for name, metrics in results.metrics.items():
        for entry in metrics.slices:
            slices.setdefault((entry.slice, entry.value), {})[name] = entry
    if not slices:
        return None
    shown = [wording.metric_named(key) for key in ("auc", "accuracy")]
    columns = [Column("Slice"), Column("Value")]
    columns += [Column(c, numeric=True) for c in ("Rows", "Units", "Groups", "Positive rows", "Folds")]
    columns += [Column(m.label, wording.display_name(name), True) for m in shown for name in results.metrics]
    rows = []
    for (column, value), models in slices.items():
        first = next(iter(models.values()))
        extent = first.extent
        counts = (extent.n_rows, extent.n_units, extent.n_groups, extent.n_positive, first.n_folds)
        means = [html_table.metric(models[name].metrics[m.key]) for m in shown for name in results.metrics]
        rows.append([html_table.text(column), html_table.text(value), *map(html_table.count, counts), *means])
    rows, notes = html_table.shortened(rows, _SLICE_LIMIT, "metrics.parquet")
    caption = (
        f"Test rows with one value of a slice column. By row, mean over the {results.outer_folds} where the metric is "
        "defined; Folds: those where the AUC is. Accuracy at threshold 0.5."
    )
    notes.append("AUC is undefined where a slice has rows of one class only.")
    return Table("slices-table", caption, columns, rows, notes)


def leaky_table(results: DatasetResults) -> Table | None:
    """Return the metrics of row-wise folds compared with those of grouped folds; None where the run has none."""
    if results.leaky is None:
        return None
    columns = [Column("Model"), Column("Metric"), Column("Leaky", "row-wise folds", True)]
    columns += [Column("Grouped", results.outer_folds, True), Column("Optimism gap", "leaky minus grouped", True)]
    columns += [Column("Folds", "row-wise", True)]
    rows = [
        [
            html_table.text(wording.display_name(name)),
            html_table.text(metric.label),
            _leaky_cell(backend.metrics[metric.key]),
            html_table.metric(backend.metrics[metric.key].grouped),
            _gap_cell(backend.metrics[metric.key].optimism_gap),
            html_table.count(backend.n_folds),
        ]
        for name, backend in results.leaky.backends.items()
        for metric in wording.metrics_in(backend.metrics)
    ]
    caption = (
        f"{WARNING} Same settings, rows split as if each were a group of its own: mean ± standard deviation over "
        f"row-wise folds, by row, {wording.counted(results.contract.rows, 'row')}. Grouped: mean over "
        f"{results.outer_folds}, as under Metrics."
    )
    notes = []
    if results.held_out_column is not None:
        notes.append(
            f"A row-wise split puts rows of every {results.held_out_column} in train and test, so the gap contains "
            "that difference too."
        )
    if ENSEMBLE in results.models:
        notes.append("The ensemble has no leaky reference: only the backends are trained on row-wise splits.")
    return Table("leaky-metrics", caption, columns, rows, notes)


def _leaky_cell(metric: LeakyMetric) -> Cell:
    spread = "" if metric.leaky is None or metric.leaky_sd is None else f" ± {metric.leaky_sd:.3f}"
    return html_table.number(metric.leaky, wording.number(metric.leaky) + spread)


def _gap_cell(value: float | None) -> Cell:
    return html_table.number(value, wording.UNDEFINED if value is None else f"{value:+.3f}")
