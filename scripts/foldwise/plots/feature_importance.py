"""Feature importance: mean |SHAP| and share of the gain of the top features."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foldwise.plots.labels import shortened
from foldwise.plots.style import INK, Subject, entitle, new_figure, styled
from foldwise.results.wording import counted

_MOST_FEATURES = 20
_INCHES_PER_FEATURE = 0.24


@styled()
def draw_importance(subject: Subject, importance: pd.DataFrame) -> Figure:
    """Draw mean |SHAP| of the top features, and their share of the gain next to it.

    Args:
        subject: what the plot shows.
        importance: ``fold``, ``feature``, ``gain`` (share) and ``shap`` (log-odds). A feature that a fold
            does not list counts as 0 there.
    """
    shap = importance.pivot_table(index="feature", columns="fold", values="shap", fill_value=0.0)
    gain = importance.pivot_table(index="feature", columns="fold", values="gain", fill_value=0.0).loc[shap.index] * 100
    # Equal values are ordered by name, so that the picture does not depend on the order of the rows.
    order = shap.mean(axis=1).sort_index().sort_values(ascending=False, kind="stable").index[:_MOST_FEATURES]
    figure = new_figure(8.4, 1.75 + _INCHES_PER_FEATURE * max(len(order), 3))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _bars(left, subject, shap.loc[order])
    _bars(right, subject, gain.loc[order])
    left.set_yticks(range(len(order)), [shortened(str(name), 38) for name in order])
    left.set_ylim(max(len(order), 3) - 0.4, -0.6)
    left.set_xlabel("Mean |SHAP| over test rows (log-odds)")
    right.set_xlabel("Share of gain (%)" if subject.model != "catboost" else "Share of prediction change (%)")
    folds = shap.shape[1]
    shown = (
        f"{len(order)} of {counted(len(shap), 'feature')}" if len(order) < len(shap) else counted(len(shap), "feature")
    )
    note = f"Shown: {shown}, by mean |SHAP|. Bars: mean over {counted(folds, 'fold')}; dots: one fold each."
    entitle(figure, subject, "feature importance", note)
    return figure


def _bars(axes: Axes, subject: Subject, values: pd.DataFrame) -> None:
    folds = values.shape[1]
    places = np.arange(len(values))
    axes.barh(places, values.mean(axis=1), height=0.66, color=subject.style.colour, alpha=0.55)
    if folds > 1:
        # Folds are set apart upwards and downwards, in the same order in every bar.
        apart = np.linspace(-0.22, 0.22, folds)
        axes.scatter(
            values.to_numpy().ravel(),
            (places[:, None] + apart[None, :]).ravel(),
            s=9 if folds <= 10 else 3,
            color=INK,
            alpha=0.7 if folds <= 10 else 0.4,
            linewidth=0,
            zorder=3,
        )
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
