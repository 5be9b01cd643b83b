"""Plots over the test folds: four metrics fold by fold, and the confusion matrix."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foldwise.data.contract import Label
from foldwise.evaluation.records import Metrics
from foldwise.plots.curves import mean_and_sd
from foldwise.plots.labels import shortened
from foldwise.plots.style import GREY, INK, PALE, Subject, entitle, new_figure, styled
from foldwise.results import wording

_COMPARED = ("accuracy", "f1", "auc", "ap")


@styled()
def draw_fold_comparison(subject: Subject, metrics: Metrics) -> Figure:
    """Draw accuracy, F1, AUC and average precision by row of every test fold, with mean, interval and baseline.

    Args:
        subject: what the plot shows.
        metrics: metrics of the model.
    """
    figure = new_figure(8.0, 6.0)
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, metric in zip(grid.flat, _COMPARED, strict=True):
        _fold_panel(axes, subject, metrics, metric)
    values = [value for metric in _COMPARED for value in metrics.fold_values(metric)]
    constant = [metrics.baseline("constant", metric) for metric in _COMPARED]
    lowest = min([0.9, *(value for value in (*values, *constant) if value is not None)])
    grid[0, 0].set_ylim(max(-0.02, lowest - 0.08), 1.02)
    for axes in grid[1]:
        axes.set_xlabel("Test fold")
    for axes in grid[:, 0]:
        axes.set_ylabel("Metric, by row")
    note = "Line and ±: mean and standard deviation over folds."
    confidences = [i.confidence for metric in _COMPARED if (i := metrics.interval(metric)) and i.confidence is not None]
    if confidences:
        note += f" Shaded: {confidences[0]:.0%} {wording.HEADLINE_INTERVAL} of the mean, where there is one."
    note += f" Dotted: the {wording.display_name('constant').lower()}."
    if None in values:
        note += " An x marks a fold on which the metric is undefined."
    entitle(figure, subject, "metrics of the test folds", f"{note} Accuracy and F1 at threshold 0.5.")
    return figure


@styled()
def draw_confusion(subject: Subject, metrics: Metrics, label: Label) -> Figure:
    """Draw the confusion matrix of the shipped decision on units, summed over the test folds of repeat 1.

    Args:
        subject: what the plot shows.
        metrics: metrics of the model.
        label: the label column.
    """
    counts = np.array(metrics.decision.unit.confusion, np.int64)
    figure = new_figure(5.6, 5.4)
    axes = figure.add_subplot()
    totals = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(totals, 1)
    colours = LinearSegmentedColormap.from_list("share", ["#FFFFFF", subject.style.colour])
    axes.imshow(share, cmap=colours, vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        ink = _readable_on(colours(share[row, column]))
        shown = f"{share[row, column]:.1%}" if totals[row, 0] else "none"
        axes.text(column, row - 0.06, shown, ha="center", va="center", color=ink, fontsize=17)
        cell = f"{counts[row, column]:,} of {totals[row, 0]:,}"
        axes.text(column, row + 0.14, cell, ha="center", va="center", color=ink, fontsize=9)
    name = shortened(label.column, 14)
    values = [shortened(value, 12) for value in (label.negative, label.positive)]
    axes.set_xticks([0, 1], ["predicted negative", "predicted positive"])
    rows = [f"{side}\n{name} = {value}" for side, value in zip(("negative", "positive"), values, strict=True)]
    axes.set_yticks([0, 1], rows)
    axes.set(xlabel="Decision at the threshold of each fold", ylabel="True class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    folds = wording.counted(sum(fold.repeat == 1 for fold in metrics.folds), "test fold")
    over = f"sum over the {folds}" + (" of repeat 1" if metrics.counts.repeats > 1 else "")
    entitle(figure, subject, "confusion matrix", f"Units; {over}; percentages are shares of a true class.")
    return figure


def _fold_panel(axes: Axes, subject: Subject, metrics: Metrics, metric: str) -> None:
    style, interval = subject.style, metrics.interval(metric)
    if interval is not None and interval.ends is not None:
        axes.axhspan(*interval.ends, color=style.colour, alpha=0.12, linewidth=0)
    constant = metrics.baseline("constant", metric)
    if constant is not None:
        axes.axhline(constant, color=GREY, linestyle=":", linewidth=1.4)
    mean = metrics.mean(metric)
    if mean is not None:
        axes.axhline(mean, color=style.colour, linewidth=1.4)
    for before, after in pairwise(metrics.folds):
        if after.repeat != before.repeat:
            axes.axvline(after.fold - 0.5, color=PALE, linewidth=1)
    folds = [fold.fold for fold in metrics.folds]
    values = metrics.fold_values(metric)
    size = 42 if len(folds) <= 10 else 20
    drawn = np.array(values, dtype=float)
    axes.scatter(folds, drawn, s=size, color=style.colour, marker=style.mark, edgecolor="white", zorder=3)
    for fold, value in zip(folds, values, strict=True):
        if value is None:
            axes.text(fold, 0.02, "x", ha="center", color=INK, transform=axes.get_xaxis_transform())
    axes.set_title(mean_and_sd(metrics, metric))
    axes.set_xlim(min(folds) - 0.6, max(folds) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(visible=False, axis="x")


def _readable_on(background: tuple[float, ...]) -> str:
    """Return white or ink, whichever has the higher contrast ratio (WCAG 2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in background[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.066 else INK
