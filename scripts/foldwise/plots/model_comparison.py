"""Comparison of all models of a dataset and the two baselines: four metrics with the values of every fold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foldwise.evaluation.comparison_records import Comparison
from foldwise.io.files import read_table
from foldwise.model_names import BASELINES
from foldwise.plots.labels import shortened
from foldwise.plots.style import GREY, Subject, entitle, model_style, new_figure, save, styled
from foldwise.results import wording
from foldwise.results.load import read_record

_METRICS = ("auc", "ap", "f1", "log_loss")
_DIRECTION = {"log_loss": "nats, lower is better"}


def write_comparison_plot(path: str | Path, *, comparison: str | Path, metrics: str | Path) -> None:
    """Write the comparison of all models of a dataset as a PNG file.

    Args:
        path: path of the picture.
        comparison: path of comparison.json.
        metrics: path of the dataset's metrics.parquet.
    """
    results = read_record(comparison, Comparison)
    save(draw_comparison(results, read_table(metrics).to_pandas()), path)
    print(f"drew the comparison of {len(results.models)} models and baselines on {results.dataset}")


@styled()
def draw_comparison(comparison: Comparison, metrics: pd.DataFrame) -> Figure:
    """Draw the metrics of all models and baselines by row, the compared metric with its interval first.

    Args:
        comparison: content of comparison.json.
        metrics: metrics.parquet of the dataset, one row a model, fold, level, slice and metric.
    """
    rows = metrics[(metrics["level"] == comparison.level) & (metrics["slice"] == "all")]
    shown = [comparison.metric, *(metric for metric in _METRICS if metric != comparison.metric)]
    order = _order(comparison)

    figure = new_figure(3.9 + 1.75 * (len(shown) - 1) + 1.2, 1.9 + 0.52 * max(len(order), 2))
    grid = figure.subplots(1, len(shown), sharey=True, squeeze=False, width_ratios=[2.0] + [1.0] * (len(shown) - 1))[0]
    ends = {model.name: model.ends for model in comparison.models if model.ends is not None}
    for axes, metric in zip(grid, shown, strict=True):
        _panel(axes, order, rows[rows["metric"] == metric], ends if metric == comparison.metric else {})
        axes.set_title(wording.metric_named(metric).label)
        axes.set_xlabel(_DIRECTION.get(metric, "higher is better"))
    grid[0].set_yticks(range(len(order)), [shortened(wording.display_name(name), 24) for name in order])
    grid[0].set_ylim(len(order) - 0.4, -0.6)
    if comparison.metric == "auc":
        grid[0].axvline(0.5, color=GREY, linestyle=":", linewidth=1)

    compared = wording.metric_named(comparison.metric).spoken
    note = (
        f"{comparison.verdict} Dots: one test fold each; large mark: mean over folds; "
        f"bar: {comparison.confidence:.0%} {wording.HEADLINE_INTERVAL} of the mean {compared}."
    )
    entitle(figure, Subject(comparison.dataset, "", _population(comparison)), "comparison of the models", note)
    return figure


def _panel(axes: Axes, order: Sequence[str], rows: pd.DataFrame, ends: Mapping[str, tuple[float, float]]) -> None:
    for place, name in enumerate(order):
        style = model_style(name)
        values = rows.loc[rows["backend"] == name].sort_values("fold")["value"].dropna().to_numpy()
        if name in ends:
            axes.hlines(place, *ends[name], color=style.colour, linewidth=7, alpha=0.28)
        if not len(values):
            continue
        height = place + np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.array([float(place)])
        axes.scatter(values, height, s=13 if len(values) <= 10 else 6, color=style.colour, alpha=0.5, linewidth=0)
        axes.scatter(values.mean(), place, s=70, marker=style.mark, color=style.colour, edgecolor="white", zorder=3)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7 if ends else 4, steps=[1, 2, 5, 10]))


def _order(comparison: Comparison) -> list[str]:
    """Return the models, the best estimate first, then the baselines."""
    models = [model for model in comparison.models if model.name not in BASELINES]
    models.sort(key=lambda model: float("inf") if model.estimate is None else -model.estimate)
    return [*(model.name for model in models), *BASELINES]


def _population(comparison: Comparison) -> str:
    counts = comparison.counts
    extent = ((counts.rows, "row"), (counts.units, "unit"), (counts.groups, "group"), (counts.folds, "test fold"))
    repeats = f" ({counts.repeats} repeats)" if counts.repeats > 1 else ""
    return f"By row: {', '.join(wording.counted(n, noun) for n, noun in extent)}{repeats}, the same for all"
