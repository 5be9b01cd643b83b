"""ROC and precision-recall curves: one thin line per test fold and their mean."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from foldwise.evaluation.predictions import by_unit
from foldwise.evaluation.records import Level, Metrics
from foldwise.plots.style import GREY, INK, Subject, entitle, faint, new_figure, say_nothing_to_show, styled
from foldwise.results import wording
from foldwise.stats.metrics import precision_recall_points, roc_points

Line = NDArray[np.float64]
GRID: Line = np.linspace(0.0, 1.0, 1001)


def true_positive_rate(label: NDArray[Any], score: NDArray[Any]) -> Line:
    """Return the ROC curve of one fold, read off at the false positive rates in ``GRID``."""
    line: Line = np.interp(GRID, *roc_points(label, score))
    line[0] = 0.0
    return line


def precision(label: NDArray[Any], score: NDArray[Any]) -> Line:
    """Return the precision of one fold at the recalls in ``GRID``, without interpolation.

    The value at a recall is that of the highest threshold which reaches it, so that the area under the
    mean line is the mean average precision (a straight line between points would be too high).
    """
    values, recall = precision_recall_points(label, score)
    line: Line = values[np.searchsorted(recall, np.maximum(GRID - 1e-12, 1e-12), side="left")]
    return line


@styled()
def draw_roc(subject: Subject, predictions: pd.DataFrame, metrics: Metrics) -> Figure:
    """Draw the ROC curve.

    Args:
        subject: what the plot shows.
        predictions: test rows of all folds with ``fold``, ``unit``, ``label`` and ``score``.
        metrics: metrics of the model.
    """
    figure, axes = _square_plot("False positive rate (share of negative rows)", "True positive rate (recall)")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance, AUC 0.5")
    note = _lines(axes, subject, predictions, metrics, "auc", true_positive_rate)
    entitle(figure, subject, "ROC curve", note)
    return figure


@styled()
def draw_precision_recall(subject: Subject, predictions: pd.DataFrame, metrics: Metrics) -> Figure:
    """Draw the precision-recall curve; arguments as for :func:`draw_roc`."""
    figure, axes = _square_plot(
        "Recall (share of positive rows that are predicted positive)",
        "Precision (share of predicted positive rows that are positive)",
    )
    share = float(predictions["label"].mean())
    axes.axhline(share, color=GREY, linestyle=":", label=f"chance, share of positive rows {share:.3f}")
    note = _lines(axes, subject, predictions, metrics, "ap", precision)
    entitle(figure, subject, "precision-recall curve", note)
    return figure


def _lines(
    axes: Axes,
    subject: Subject,
    predictions: pd.DataFrame,
    metrics: Metrics,
    metric: str,
    line_of: Callable[[NDArray[Any], NDArray[Any]], Line],
) -> str:
    """Draw the line of every fold, their mean by row and their mean by unit; return the note below the plot."""
    by_fold = _fold_lines(predictions, line_of)
    left_out = predictions["fold"].nunique() - len(by_fold)
    if not len(by_fold):
        say_nothing_to_show(axes, "No test fold has rows of both classes: there is no curve.")
        return ""
    steps = "steps-pre" if metric == "ap" else "default"
    colour = subject.style.colour
    axes.plot(GRID, by_fold.T, color=colour, linewidth=0.8, alpha=faint(len(by_fold)), drawstyle=steps)
    # The legend has a line of its own: at the opacity of 30 overlapping lines it could not be seen.
    axes.plot([], [], color=colour, linewidth=0.8, alpha=0.7, label=f"one test fold (n = {len(by_fold)})")
    mean = f"mean over folds, by row\n{mean_and_sd(metrics, metric)}{_interval(metrics, metric)}"
    axes.plot(GRID, by_fold.mean(axis=0), color=colour, linewidth=2.4, label=mean)
    units = by_unit(predictions)
    unit_lines = _fold_lines(units, line_of)
    if len(units) < len(predictions) and len(unit_lines):
        mean = f"mean over folds, by unit (mean prediction of its rows)\n{mean_and_sd(metrics, metric, 'unit')}"
        axes.plot(GRID, unit_lines.mean(axis=0), color=INK, linewidth=1.4, linestyle="--", label=mean)
    axes.legend(loc="best")
    along = "false positive rate" if metric == "auc" else "recall"
    note = f"Mean: average of the folds' curves at each {along}; ± is the standard deviation over folds."
    return note + (f" Left out: {wording.counted(left_out, 'fold')} with one class only." if left_out else "")


def _fold_lines(predictions: pd.DataFrame, line_of: Callable[[NDArray[Any], NDArray[Any]], Line]) -> Line:
    """Return the curves of the folds with both classes, shape (folds, len(GRID))."""
    lines = [
        line_of(rows["label"].to_numpy(), rows["score"].to_numpy())
        for _, rows in predictions.groupby("fold")
        if rows["label"].nunique() == 2
    ]
    return np.array(lines).reshape(len(lines), len(GRID))


def mean_and_sd(metrics: Metrics, metric: str, level: Level = "row") -> str:
    """Return ``AUC 0.690 ± 0.030``: mean and standard deviation (ddof 1) over the folds where it is defined."""
    summary = metrics.summary(metric, level)
    spread = "" if summary.sd is None else f" ± {wording.number(summary.sd)}"
    return f"{wording.metric_named(metric).label} {wording.number(summary.mean)}{spread}"


def _interval(metrics: Metrics, metric: str) -> str:
    interval = metrics.interval(metric)
    if interval is None or interval.ends is None or interval.confidence is None:
        return ""
    return f"\n{interval.confidence:.0%} {wording.HEADLINE_INTERVAL} {wording.interval(*interval.ends)}"


def _square_plot(across: str, up: str) -> tuple[Figure, Axes]:
    figure = new_figure(5.6, 6.0)
    axes = figure.add_subplot(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), xlabel=across, ylabel=up)
    axes.set_box_aspect(1)
    return figure, axes
