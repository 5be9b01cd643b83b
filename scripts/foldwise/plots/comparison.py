"""All entrants of a dataset beside each other, with the two references."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foldwise.model_names import BASELINES
from foldwise.plots.labels import count, metric_name, shortened
from foldwise.plots.metric_values import possible
from foldwise.plots.style import Subject, entitle, new_figure, styled
from foldwise.results.colours import GREY, look

_PANELS = ("auc", "ap", "f1", "log_loss")
_DIRECTION = {"log_loss": "nats, lower is better"}


@styled()
def draw_comparison(comparison: Mapping[str, Any], metrics: pd.DataFrame) -> Figure:
    """Draw the scores of all entrants, the compared metric with its interval first.

    Args:
        comparison: comparison.json.
        metrics: the tidy metrics.parquet of the dataset.
    """
    compared = str(comparison["metric"])
    rows = metrics[(metrics["level"] == comparison.get("level", "row")) & (metrics["slice"] == "all")]
    shown = [
        compared,
        *(metric for metric in _PANELS if metric != compared and (rows["metric"] == metric).any()),
    ]
    intervals = {entrant["name"]: entrant for entrant in comparison["entrants"]}
    order = _order(comparison, rows)

    figure = new_figure(3.9 + 1.75 * (len(shown) - 1) + 1.2, 1.9 + 0.52 * max(len(order), 2))
    grid = figure.subplots(1, len(shown), sharey=True, squeeze=False, width_ratios=[2.0] + [1.0] * (len(shown) - 1))[0]
    for axes, metric in zip(grid, shown, strict=True):
        scores = rows[rows["metric"] == metric]
        _panel(axes, metric, order, scores, intervals if metric == compared else {})
        name = metric_name(metric)
        axes.set_title(name[0].upper() + name[1:])
        axes.set_xlabel(_DIRECTION.get(metric, "higher is better"))
    grid[0].set_yticks(range(len(order)), [shortened(look(name).name, 24) for name in order])
    grid[0].set_ylim(len(order) - 0.4, -0.6)
    if compared == "auc":
        grid[0].axvline(0.5, color=GREY, linestyle=":", linewidth=1)

    subject = Subject(str(comparison["dataset"]), "", _population(comparison, rows))
    note = (
        f"{comparison.get('verdict', '')} Dots: one test fold each; large mark: mean over folds; "
        f"bar: {_interval_name(comparison)} of the mean {metric_name(compared)}."
    )
    entitle(figure, subject, "comparison of the entrants", note)
    return figure


def _panel(
    axes: Axes,
    metric: str,
    order: Sequence[str],
    scores: pd.DataFrame,
    intervals: Mapping[str, Mapping[str, Any]],
) -> None:
    for place, name in enumerate(order):
        shown = look(name)
        values = scores.loc[scores["backend"] == name].sort_values(["repeat", "fold"])["value"].dropna().to_numpy()
        found = intervals.get(name, {})
        if found.get("low") is not None and found.get("high") is not None:
            low, high = possible(metric, found["low"], found["high"])
            axes.hlines(place, low, high, color=shown.colour, linewidth=7, alpha=0.28)
        if not len(values):
            continue
        apart = place + np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.array([float(place)])
        axes.scatter(values, apart, s=13 if len(values) <= 10 else 6, color=shown.colour, alpha=0.5, linewidth=0)
        axes.scatter(values.mean(), place, s=70, marker=shown.mark, color=shown.colour, edgecolor="white", zorder=3)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7 if intervals else 4, steps=[1, 2, 5, 10]))


def _order(comparison: Mapping[str, Any], rows: pd.DataFrame) -> list[str]:
    """Best estimate first, entrants that the comparison does not list after it, references last."""
    ranked = sorted(comparison["entrants"], key=lambda entrant: -_or_lowest(entrant.get("estimate")))
    names = dict.fromkeys([entrant["name"] for entrant in ranked] + sorted(rows["backend"].unique()))
    return [name for name in names if name not in BASELINES] + [name for name in BASELINES if name in names]


def _or_lowest(value: float | None) -> float:
    return float("-inf") if value is None else value


def _population(comparison: Mapping[str, Any], rows: pd.DataFrame) -> str:
    counts = comparison.get("counts", {})
    known = [count(int(counts[noun]), noun.removesuffix("s")) for noun in ("rows", "units", "groups") if noun in counts]
    folds = len(rows[["repeat", "fold"]].drop_duplicates())
    repeats = rows["repeat"].nunique()
    known.append(count(folds, "test fold") + (f" ({repeats} repeats)" if repeats > 1 else ""))
    level = "rows" if comparison.get("level", "row") == "row" else "units"
    return f"Over {level}: {', '.join(known)}, the same for all"


def _interval_name(comparison: Mapping[str, Any]) -> str:
    confidence = comparison.get("confidence")
    return "corrected t interval" if confidence is None else f"{confidence:.0%} corrected t interval"
