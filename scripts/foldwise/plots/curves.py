"""ROC and precision-recall: one thin line per test fold and their mean."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from foldwise.evaluation.predictions import by_unit
from foldwise.plots.labels import count
from foldwise.plots.metric_values import interval, mean_and_spread
from foldwise.plots.style import Subject, entitle, faint, new_figure, say_nothing_to_show, styled
from foldwise.results.colours import GREY, INK

Line = NDArray[np.float64]
GRID: Line = np.linspace(0.0, 1.0, 1001)


def true_positive_rate(label: NDArray[Any], score: NDArray[Any]) -> Line:
    """Return the ROC curve of one fold, read off at the false positive rates in ``GRID``."""
    false_positives, true_positives, _ = roc_curve(label, score)
    line: Line = np.interp(GRID, false_positives, true_positives)
    line[0] = 0.0
    return line


def precision(label: NDArray[Any], score: NDArray[Any]) -> Line:
    """Return the precision of one fold at the recalls in ``GRID``, without interpolation.

    The value at a recall is that of the highest threshold which reaches it, so that the area under the
    mean line is the mean average precision (a straight line between points would be too high).
    """
    found, recall, _ = precision_recall_curve(label, score)
    # The last point (recall 0, precision 1) is a convention of scikit-learn and no threshold of the model.
    found, recall = found[-2::-1], recall[-2::-1]
    line: Line = found[np.searchsorted(recall, np.maximum(GRID - 1e-12, 1e-12), side="left")]
    return line


@styled()
def draw_roc(subject: Subject, predictions: pd.DataFrame, metrics: Mapping[str, Any]) -> Figure:
    """Draw the ROC curve.

    Args:
        subject: what the plot is about.
        predictions: test rows of all folds with ``fold``, ``unit``, ``label`` and ``score``.
        metrics: metrics.json of the backend.
    """
    figure, axes = _square_plot("False positive rate (share of negative rows)", "True positive rate (recall)")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="chance, AUC 0.5")
    note = _lines(axes, subject, predictions, metrics, "auc", true_positive_rate)
    entitle(figure, subject, "ROC curve", note)
    return figure


@styled()
def draw_precision_recall(subject: Subject, predictions: pd.DataFrame, metrics: Mapping[str, Any]) -> Figure:
    """Draw the precision-recall curve; arguments as for :func:`draw_roc`."""
    figure, axes = _square_plot(
        "Recall (share of positive rows found)", "Precision (share of found rows that are positive)"
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
    metrics: Mapping[str, Any],
    metric: str,
    line_of: Callable[[NDArray[Any], NDArray[Any]], Line],
) -> str:
    by_fold = _fold_lines(predictions, line_of)
    left_out = predictions["fold"].nunique() - len(by_fold)
    if not len(by_fold):
        say_nothing_to_show(axes, "No test fold holds rows of both classes: there is no curve.")
        return ""
    steps = "steps-pre" if metric == "ap" else "default"
    colour = subject.look.colour
    axes.plot(GRID, by_fold.T, color=colour, linewidth=0.8, alpha=faint(len(by_fold)), drawstyle=steps)
    # The legend's line is drawn apart: at the lines' own opacity it could not be seen beside 30 folds.
    axes.plot([], [], color=colour, linewidth=0.8, alpha=0.7, label=f"one test fold (n = {len(by_fold)})")
    mean = f"mean over folds, rows\n{mean_and_spread(metrics, metric)}"
    axes.plot(
        GRID,
        by_fold.mean(axis=0),
        color=subject.look.colour,
        linewidth=2.4,
        label=mean + _bounds(metrics, metric),
    )
    _unit_line(axes, predictions, metrics, metric, line_of)
    axes.legend(loc="best")
    along = "false positive rate" if metric == "auc" else "recall"
    note = f"Mean: average of the folds' curves at each {along}; ± is the standard deviation over folds."
    return note + (f" Left out: {count(left_out, 'fold')} with one class only." if left_out else "")


def _unit_line(
    axes: Axes,
    predictions: pd.DataFrame,
    metrics: Mapping[str, Any],
    metric: str,
    line_of: Callable[[NDArray[Any], NDArray[Any]], Line],
) -> None:
    units = by_unit(predictions)
    by_fold = _fold_lines(units, line_of)
    if len(units) == len(predictions) or not len(by_fold):
        return
    fold_results = [
        {**fold.get("unit", {}), "fold": fold["fold"], "repeat": fold["repeat"]} for fold in metrics["fold_results"]
    ]
    score = mean_and_spread({"fold_results": fold_results}, metric)
    name = f"mean over folds, units (mean score of a unit)\n{score}"
    axes.plot(GRID, by_fold.mean(axis=0), color=INK, linewidth=1.4, linestyle="--", label=name)


def _fold_lines(predictions: pd.DataFrame, line_of: Callable[[NDArray[Any], NDArray[Any]], Line]) -> Line:
    lines = [
        line_of(rows["label"].to_numpy(), rows["score"].to_numpy())
        for _, rows in predictions.groupby("fold")
        if rows["label"].nunique() == 2
    ]
    return np.array(lines).reshape(len(lines), len(GRID))


def _bounds(metrics: Mapping[str, Any], metric: str) -> str:
    found = interval(metrics, metric)
    return "" if found is None else f"\n{found[2]:.0%} interval {found[0]:.3f} to {found[1]:.3f} (corrected t)"


def _square_plot(across: str, up: str) -> tuple[Figure, Axes]:
    figure = new_figure(5.6, 6.0)
    axes = figure.add_subplot(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), xlabel=across, ylabel=up)
    axes.set_box_aspect(1)
    return figure, axes
