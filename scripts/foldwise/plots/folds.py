"""The test folds beside each other: their scores and their confusion matrix."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from foldwise.plots.labels import count, metric_name, shortened
from foldwise.plots.metric_values import fold_scores, interval, mean_and_spread
from foldwise.plots.style import Subject, entitle, new_figure, styled
from foldwise.results.colours import GREY, INK, PALE

_COMPARED = ("accuracy", "f1", "auc", "ap")


@styled()
def draw_fold_comparison(subject: Subject, metrics: Mapping[str, Any]) -> Figure:
    """Draw accuracy, F1, AUC and average precision of every test fold, with their means.

    Args:
        subject: what the plot is about.
        metrics: metrics.json of the backend.
    """
    scores = fold_scores(metrics)
    figure = new_figure(8.0, 6.0)
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, metric in zip(grid.flat, _COMPARED, strict=True):
        _fold_panel(axes, subject, scores, metrics, metric)
    drawn = scores[list(_COMPARED)].to_numpy()
    lowest = float(np.nanmin(drawn)) if np.isfinite(drawn).any() else 0.0
    constant = [metrics.get("trivial", {}).get("constant", {}).get(metric) for metric in _COMPARED]
    lowest = min([lowest, *(value for value in constant if value is not None)])
    grid[0, 0].set_ylim(max(-0.02, lowest - 0.08), 1.02)
    for axes in grid[1]:
        axes.set_xlabel("Test fold")
    for axes in grid[:, 0]:
        axes.set_ylabel("Score, over rows")
    note = "Line and ±: mean and standard deviation over folds."
    shaded = [found for metric in _COMPARED if (found := interval(metrics, metric))]
    if shaded:
        note += f" Shaded: {shaded[0][2]:.0%} interval of the mean (corrected t), where there is one."
    if any(value is not None for value in constant):
        note += " Dotted: the constant answer."
    if not np.isfinite(drawn).all():
        note += " An x marks a fold in which the score is not defined."
    entitle(figure, subject, "scores of the test folds", f"{note} Accuracy and F1 at threshold 0.5.")
    return figure


@styled()
def draw_confusion(subject: Subject, confusion: NDArray[Any], label: Mapping[str, Any], over: str) -> Figure:
    """Draw the confusion matrix at threshold 0.5.

    Args:
        subject: what the plot is about.
        confusion: counts of rows, [[tn, fp], [fn, tp]].
        label: ``column``, ``negative`` and ``positive`` as in table.json.
        over: in words, which test folds were added up.
    """
    figure = new_figure(5.6, 5.4)
    axes = figure.add_subplot()
    totals = confusion.sum(axis=1, keepdims=True)
    share = confusion / np.maximum(totals, 1)
    colours = LinearSegmentedColormap.from_list("share", ["#FFFFFF", subject.look.colour])
    axes.imshow(share, cmap=colours, vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        ink = _readable_on(colours(share[row, column]))
        shown = f"{share[row, column]:.1%}" if totals[row, 0] else "no rows"
        axes.text(column, row - 0.06, shown, ha="center", va="center", color=ink, fontsize=17)
        counted = f"{confusion[row, column]:,} of {totals[row, 0]:,}"
        axes.text(column, row + 0.14, counted, ha="center", va="center", color=ink, fontsize=9)
    name = shortened(str(label["column"]), 14)
    values = [shortened(str(label[side]), 12) for side in ("negative", "positive")]
    axes.set_xticks([0, 1], ["called negative", "called positive"])
    rows = [f"{side}\n{name} = {value}" for side, value in zip(("negative", "positive"), values, strict=True)]
    axes.set_yticks([0, 1], rows)
    axes.set(xlabel="Decision (score at least 0.5 is positive)", ylabel="Truth")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    entitle(figure, subject, "confusion matrix", f"{over}; percentages are shares of a true class.")
    return figure


def pooled_confusion(metrics: Mapping[str, Any]) -> tuple[NDArray[np.int64], str]:
    """Add up the confusion matrices of the first repeat, where every row is scored once.

    Returns:
        The counts, [[tn, fp], [fn, tp]], and in words what they were added up over.
    """
    results = metrics["fold_results"]
    first = min(fold["repeat"] for fold in results)
    taken = [fold["confusion"] for fold in results if fold["repeat"] == first]
    parts = count(len(taken), "test fold")
    over = f"Sum over the {parts}" + (f" of repeat {first}" if len(taken) < len(results) else "")
    return np.array(taken, dtype=np.int64).sum(axis=0), over


def _fold_panel(axes: Axes, subject: Subject, scores: pd.DataFrame, metrics: Mapping[str, Any], metric: str) -> None:
    look = subject.look
    found = interval(metrics, metric)
    if found:
        axes.axhspan(found[0], found[1], color=look.colour, alpha=0.12, linewidth=0)
    constant = metrics.get("trivial", {}).get("constant", {}).get(metric)
    if constant is not None:
        axes.axhline(constant, color=GREY, linestyle=":", linewidth=1.4)
    axes.axhline(scores[metric].mean(), color=look.colour, linewidth=1.4)
    _part_repeats(axes, scores)
    size = 42 if len(scores) <= 10 else 20
    axes.scatter(
        scores["fold"],
        scores[metric],
        s=size,
        color=look.colour,
        marker=look.mark,
        edgecolor="white",
        zorder=3,
    )
    missing = scores.loc[scores[metric].isna(), "fold"]
    for fold in missing:
        axes.text(fold, 0.02, "x", ha="center", color=INK, transform=axes.get_xaxis_transform())
    axes.set_title(_title(metrics, metric))
    axes.set_xlim(scores["fold"].min() - 0.6, scores["fold"].max() + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(visible=False, axis="x")


def _readable_on(background: tuple[float, ...]) -> str:
    """Return white or ink, whichever stands out more by the contrast ratio of WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in background[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.066 else INK


def _title(metrics: Mapping[str, Any], metric: str) -> str:
    text = mean_and_spread(metrics, metric)
    return text[0].upper() + text[1:] if metric_name(metric)[0].islower() else text


def _part_repeats(axes: Axes, scores: pd.DataFrame) -> None:
    starts = scores.groupby("repeat")["fold"].min().sort_values()
    for start in starts.iloc[1:]:
        axes.axvline(start - 0.5, color=PALE, linewidth=1)
