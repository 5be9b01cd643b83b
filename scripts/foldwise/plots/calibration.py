"""How often a score is right: the reliability curve over a histogram of the scores."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import rankdata

from foldwise.plots.palette import GREY
from foldwise.plots.style import Subject, entitle, new_figure, styled
from foldwise.plots.wording import count

_MOST_BINS = 10
_FEWEST_ROWS_IN_A_BIN = 20


class Reliability(NamedTuple):
    """One entry per bin: mean score, share of positive rows, number of rows."""

    score: NDArray[np.float64]
    positive: NDArray[np.float64]
    rows: NDArray[np.int64]


def reliability(label: NDArray[Any], score: NDArray[Any]) -> Reliability:
    """Sort rows by score into bins of equal size: up to ten, fewer for small tables.

    Rows with equal scores stay together, so bins may differ where scores repeat.
    """
    bins = int(np.clip(len(score) // _FEWEST_ROWS_IN_A_BIN, 1, _MOST_BINS))
    # Equal scores have the same mean rank, and so the same bin.
    place = np.floor((rankdata(score) - 0.5) / len(score) * bins).astype(int)
    rows = np.bincount(place, minlength=bins)
    held = rows > 0
    score_sum = np.bincount(place, weights=score, minlength=bins)
    positive_sum = np.bincount(place, weights=label, minlength=bins)
    return Reliability(score_sum[held] / rows[held], positive_sum[held] / rows[held], rows[held])


@styled()
def draw_calibration(subject: Subject, predictions: pd.DataFrame) -> Figure:
    """Draw the reliability curve of the models' own scores, pooled over the test folds of repeat 1.

    Args:
        subject: what the plot is about.
        predictions: test rows with ``repeat``, ``unit``, ``label`` and ``score``.
    """
    repeat = predictions["repeat"].min()
    once = predictions[predictions["repeat"] == repeat]
    label, score = once["label"].to_numpy(), once["score"].to_numpy()
    found = reliability(label, score)

    figure = new_figure(5.6, 7.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="a score that is a probability")
    bins = count(len(found.rows), "bin") + f" of about {count(int(np.median(found.rows)), 'row')}"
    upper.plot(
        found.score,
        found.positive,
        color=subject.look.colour,
        marker=subject.look.mark,
        linewidth=1.8,
        label=bins,
    )
    upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Share of positive rows in the bin")
    upper.legend(loc="upper left")
    _histogram(lower, subject, label, score)

    entitle(
        figure,
        subject,
        "calibration curve",
        f"Each row scored once, as test row (repeat {repeat}), by the scores that the models give, before "
        "calibration. Bins of equal size, drawn at their mean score. Rows of a unit are alike: the points "
        "are less certain than their number of rows suggests.",
    )
    return figure


def _histogram(axes: Axes, subject: Subject, label: NDArray[Any], score: NDArray[Any]) -> None:
    edges = np.linspace(0, 1, 41).tolist()
    looks: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (0, "negative", {"color": GREY, "alpha": 0.45, "histtype": "stepfilled"}),
        (1, "positive", {"color": subject.look.colour, "linewidth": 1.6, "histtype": "step"}),
    )
    for value, name, drawn in looks:
        rows = score[label == value]
        axes.hist(rows, edges, label=f"{name} (n = {len(rows):,})", **drawn)
    axes.set(xlabel="Score (probability of the positive class)", ylabel="Rows")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderpad=0.1)
