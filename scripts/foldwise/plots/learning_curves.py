"""Learning curves: log loss and AUC of train and validation part by number of trees."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foldwise.plots.style import GREY, INK, Subject, entitle, faint, new_figure, styled
from foldwise.results import wording

_LABELS = {"log_loss": "Log loss per row (nats), lower is better", "auc": "AUC, higher is better"}


@styled()
def draw_learning_curves(subject: Subject, curve: pd.DataFrame, trees: Mapping[int, int]) -> Figure:
    """Draw log loss and AUC by number of trees, for the chosen point of every fold.

    Args:
        subject: what the plot shows.
        curve: ``fold``, ``iteration``, ``inner_fold``, ``part`` (train, validation), ``metric``, ``value``.
        trees: outer fold -> number of trees of its model.
    """
    shown = [metric for metric in _LABELS if metric in set(curve["metric"])]
    figure = new_figure(4.4 * len(shown) + 0.6, 4.6)
    grid = figure.subplots(1, len(shown), squeeze=False)
    for axes, metric in zip(grid.flat, shown, strict=True):
        _panel(axes, subject, curve[curve["metric"] == metric], trees)
        axes.set(title=wording.metric_named(metric).label, ylabel=_LABELS[metric])
    grid[0, 0].legend(loc="best")
    inner = wording.counted(curve["inner_fold"].nunique(), "inner fold")
    note = (
        f"Thin lines: one outer fold each (n = {curve['fold'].nunique()}), mean over its {inner}, "
        "chosen point. Thick lines: mean over outer folds, up to the number of trees that all of them reach."
    )
    entitle(figure, subject, "learning curves", note)
    return figure


def _panel(axes: Axes, subject: Subject, curve: pd.DataFrame, trees: Mapping[int, int]) -> None:
    folds = curve["fold"].nunique()
    for part, colour, style in (("train", GREY, "--"), ("validation", subject.style.colour, "-")):
        lines = curve[curve["part"] == part].pivot_table(index="iteration", columns="fold", values="value")
        if lines.empty:
            continue
        # A single tree leaves one point, which a line cannot show.
        mark = "." if len(lines) == 1 else ""
        axes.plot(lines.index, lines.to_numpy(), color=colour, linewidth=0.7, alpha=faint(folds))
        common = lines.dropna()
        axes.plot(
            common.index,
            common.mean(axis=1),
            color=colour,
            linestyle=style,
            linewidth=2.4,
            marker=mark,
            label=f"{part}, mean",
        )
    _mark_number_of_trees(axes, subject, curve[curve["part"] == "validation"], trees)
    axes.set(xlabel="Number of trees", xlim=(0, 1.04 * curve["iteration"].max()))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))


def _mark_number_of_trees(axes: Axes, subject: Subject, validation: pd.DataFrame, trees: Mapping[int, int]) -> None:
    last = validation[validation["iteration"] == validation["fold"].map(dict(trees))]
    ends = last.groupby("fold")[["iteration", "value"]].mean()
    if len(ends):
        axes.scatter(
            ends["iteration"],
            ends["value"],
            s=30 if len(ends) <= 10 else 16,
            marker=subject.style.mark,
            facecolor=subject.style.colour,
            edgecolor=INK,
            linewidth=0.8,
            alpha=0.9,
            zorder=4,
            label=f"trees of the model of a fold (n = {len(ends)})",
        )
