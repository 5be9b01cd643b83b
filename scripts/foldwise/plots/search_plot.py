"""Hyperparameter search: metric on the inner folds by the value of each tuned parameter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from foldwise.plots.labels import shortened
from foldwise.plots.style import INK, Subject, entitle, faint, new_figure, say_nothing_to_show, styled
from foldwise.results.wording import counted, metric_named

_PARAMETER = "param_"
_MOST_LISTED_VALUES = 8
_ALWAYS_LISTED_VALUES = 4
_LOGARITHMIC_FROM = 30.0
_WIDEST_LABELS = 36


@styled()
def draw_search(subject: Subject, search: pd.DataFrame, metric: str, greater_is_better: bool) -> Figure:
    """Draw the mean inner metric for each value of each parameter that has more than one.

    Args:
        subject: what the plot shows.
        search: search.parquet of all folds, one row a fold and point.
        metric: key of the search metric.
        greater_is_better: its direction.
    """
    search = search.astype({"chosen": bool})
    complete = _evaluated_on_all(search)
    unit = " (nats)" if metric == "log_loss" else ""
    up = f"Inner {metric_named(metric).spoken}{unit},\n{'higher' if greater_is_better else 'lower'} is better"
    tuned = [name for name in map(str, search) if name.startswith(_PARAMETER) and search[name].nunique() > 1]
    points = _count_points(search, complete)
    if not tuned or complete.empty:
        return _draw_without_choice(subject, search, up, points)

    complete = complete.assign(level=aligned(complete, tuned))
    listed = [name for name in tuned if _is_listed(search[name], search["fold"].nunique())]
    columns = min(3, len(tuned))
    rows = -(-len(tuned) // columns)
    figure = new_figure(max(2.9 * columns + 0.6, 5.6), 2.55 * rows + 1.3)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, tuned, strict=False):
        if name in listed:
            _values_panel(axes, subject, complete, name, sorted(search[name].dropna().unique()))
        else:
            _range_panel(axes, subject, complete, name)
        axes.set_title(_title(name, complete[name]))
    for axes in grid.flat[len(tuned) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(up)
    note = _note(points, bool(listed), listed != tuned)
    if any(complete[name].nunique() < search[name].nunique() for name in listed):
        note += " A value without a dot: none of its points was evaluated on all inner folds."
    if listed != tuned:
        note += _leave_out_the_worst(grid[0, 0], complete, listed, greater_is_better)
    entitle(figure, subject, "hyperparameter search", note)
    return figure


def _is_listed(values: pd.Series, folds: int) -> bool:
    """Tell whether a parameter is shown value by value: it has few, each in more than one point of a fold."""
    if not pd.api.types.is_numeric_dtype(values):
        return True
    most = max(_ALWAYS_LISTED_VALUES, min(_MOST_LISTED_VALUES, values.count() // (2 * folds)))
    return values.nunique() <= most


def _title(name: str, values: pd.Series) -> str:
    """Return the name of a parameter; if only some points have it, also their number."""
    short = shortened(name.removeprefix(_PARAMETER), 28)
    points = int(values.notna().sum())
    return short if points == len(values) else f"{short}\n(in {points:,} of {len(values):,} points)"


def _note(points: str, some_listed: bool, some_ranges: bool) -> str:
    note = f"Metric: mean over inner folds; {points}; differences in level between outer folds are removed."
    if some_listed:
        note += (
            " Dot: mean of one outer fold over its points with that value; bar: mean over outer folds; "
            "below a value: outer folds that chose it."
        )
    if some_ranges:
        note += " Parameters with many values: a dot is one point, ringed if an outer fold chose it."
    return note


def _count_points(search: pd.DataFrame, complete: pd.DataFrame) -> str:
    folds = counted(search["fold"].nunique(), "outer fold")
    sizes = search.groupby("fold").size()
    same = f"{counted(int(sizes.iloc[0]), 'point')} in each of {folds}"
    points = same if sizes.nunique() == 1 else f"{counted(len(search), 'point')} over {folds}"
    stopped = len(search) - len(complete)
    if not stopped:
        return points
    return f"{points} ({stopped:,} of {len(search):,} not evaluated on all inner folds and not shown)"


def _leave_out_the_worst(axes: Axes, search: pd.DataFrame, listed: Sequence[str], greater_is_better: bool) -> str:
    """Limit the shared axis where a few bad points would flatten all others; return how many are outside."""
    sign = -1 if greater_is_better else 1
    loss = sign * search["level"]
    # Every mean bar remains visible.
    means = [float((sign * _by_value_and_fold(search, name).mean(axis=1)).max()) for name in listed]
    limit = max([float(loss.min() + 3 * (loss.quantile(0.75) - loss.min())), *means])
    room = 0.05 * (limit - float(loss.min()))
    outside = int((loss > limit + room).sum())
    if not outside or not room:
        return ""
    if greater_is_better:
        axes.set_ylim(bottom=-limit - room)
    else:
        axes.set_ylim(top=limit + room)
    return f" {counted(outside, 'point')} with a worse metric outside the axis."


def aligned(search: pd.DataFrame, parameters: Sequence[str]) -> pd.Series:
    """Return ``mean_score`` without the differences in level between outer folds.

    Some folds are harder for every point, which would hide the effect of a parameter. Every fold is shifted so that
    its median over the points that all folds evaluated (over its own points, if there are none) is the common one;
    the median, because single points that fail would shift a mean.
    """
    evaluated = search.groupby(list(parameters), dropna=False)["fold"].transform("nunique")
    shared = search[evaluated == search["fold"].nunique()]
    level = (shared if len(shared) else search).groupby("fold")["mean_score"].median()
    moved: pd.Series = search["mean_score"] - search["fold"].map(level) + level.mean()
    return moved


def _evaluated_on_all(search: pd.DataFrame) -> pd.DataFrame:
    scores = search.filter(regex=r"^score_\d+$")
    kept: pd.DataFrame = search[np.isfinite(scores).all(axis=1) & np.isfinite(search["mean_score"])]
    return kept


def _by_value_and_fold(search: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the mean aligned metric: a row per value of the parameter, a column per outer fold."""
    means: pd.DataFrame = search.groupby([name, "fold"])["level"].mean().unstack("fold")
    return means


def _values_panel(axes: Axes, subject: Subject, search: pd.DataFrame, name: str, tried: list[Any]) -> None:
    folds = search["fold"].nunique()
    values = _by_value_and_fold(search, name).reindex(tried)
    apart = np.linspace(-0.2, 0.2, folds) if folds > 1 else np.zeros(1)
    places = np.arange(len(values))
    axes.scatter(
        (places[:, None] + apart[None, :]).ravel(),
        values.to_numpy().ravel(),
        s=16 if folds <= 10 else 7,
        color=subject.style.colour,
        alpha=max(faint(folds), 0.35),
        linewidth=0,
    )
    mean = values.mean(axis=1)
    axes.plot(places, mean, color=subject.style.colour, linewidth=1)
    axes.hlines(mean, places - 0.28, places + 0.28, color=subject.style.colour, linewidth=2.6)
    chosen = search[search["chosen"]].groupby(name)["fold"].nunique().reindex(values.index, fill_value=0)
    names = [f"{_short(value)}\n{times}/{folds}" for value, times in chosen.items()]
    axes.set_xticks(places, names, fontsize=8 if len(names) <= 5 else 7)
    if max(len(_short(value)) for value in chosen.index) * len(names) > _WIDEST_LABELS:
        axes.tick_params(axis="x", labelrotation=60)
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.grid(visible=False, axis="x")


def _range_panel(axes: Axes, subject: Subject, search: pd.DataFrame, name: str) -> None:
    folds = search["fold"].nunique()
    axes.scatter(search[name], search["level"], s=9, color=subject.style.colour, alpha=faint(folds), linewidth=0)
    chosen = search[search["chosen"]]
    axes.scatter(
        chosen[name],
        chosen["level"],
        s=34,
        facecolor=subject.style.colour,
        edgecolor=INK,
        linewidth=1,
        zorder=3,
    )
    lowest, highest = search[name].min(), search[name].max()
    if lowest > 0 and highest / lowest >= _LOGARITHMIC_FROM:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def _draw_without_choice(subject: Subject, search: pd.DataFrame, up: str, points: str) -> Figure:
    """Show the inner metrics of the chosen point of every fold, where the search had nothing to choose from."""
    figure = new_figure(5.8, 4.2)
    axes = figure.add_subplot(xlabel="Outer fold", ylabel=up)
    chosen = search[search["chosen"]].set_index("fold").filter(regex=r"^score_\d+$")
    if chosen.empty or not np.isfinite(chosen.to_numpy()).any():
        say_nothing_to_show(axes, "No point was evaluated on all inner folds.")
    else:
        style = subject.style
        fold = np.repeat(chosen.index.to_numpy(), chosen.shape[1])
        axes.scatter(
            fold,
            chosen.to_numpy().ravel(),
            s=16,
            color=style.colour,
            alpha=0.45,
            linewidth=0,
            label="one inner fold",
        )
        axes.scatter(
            chosen.index,
            chosen.mean(axis=1),
            s=44,
            marker="_",
            color=style.colour,
            linewidth=2.4,
            label="mean",
        )
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))
        axes.set_xlim(chosen.index.min() - 0.6, chosen.index.max() + 0.6)
        axes.legend(loc="best")
    entitle(
        figure,
        subject,
        "hyperparameter search",
        f"{points}. No parameter had more than one value to choose from.",
    )
    return figure


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float | np.number) else shortened(str(value), 10)
