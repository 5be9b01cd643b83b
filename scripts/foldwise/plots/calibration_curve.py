"""Calibration curve: share of positive rows by predicted probability, above a histogram of the predictions."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import rankdata

from foldwise.plots.style import GREY, Subject, entitle, new_figure, styled
from foldwise.results.wording import counted

_MOST_BINS = 10
_FEWEST_ROWS_IN_A_BIN = 20
_DRAWS = 1000


class Reliability(NamedTuple):
    """One entry per bin: mean predicted probability, share of positive rows with its band, number of rows."""

    score: NDArray[np.float64]
    positive: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rows: NDArray[np.int64]


def reliability(label: NDArray[Any], score: NDArray[Any], group: NDArray[Any]) -> Reliability:
    """Divide rows by predicted probability into bins of equal size: at most ten, fewer for small tables.

    Rows with equal predictions are in one bin, so the sizes differ where predictions repeat. The band contains the
    middle 95 % of the share of positive rows over bootstrap samples of whole groups, with bins and predictions
    fixed: it accounts for the choice of groups, not for the variance of training.

    Args:
        label: shape (n,), 0 or 1.
        score: shape (n,), predicted probability.
        group: shape (n,), group of each row.
    """
    bins = int(np.clip(len(score) // _FEWEST_ROWS_IN_A_BIN, 1, _MOST_BINS))
    # Equal predictions have the same mean rank, and so the same bin.
    place = np.floor((rankdata(score) - 0.5) / len(score) * bins).astype(int)
    _, bin_of_row = np.unique(place, return_inverse=True)
    rows = np.bincount(bin_of_row)
    positive = np.bincount(bin_of_row, weights=label) / rows
    low, high = _band(label, bin_of_row, group)
    return Reliability(np.bincount(bin_of_row, weights=score) / rows, positive, low, high, rows)


def _band(label: NDArray[Any], place: NDArray[Any], group: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    _, owner = np.unique(group, return_inverse=True)
    shape = (int(owner.max()) + 1, int(place.max()) + 1)
    cell = owner * shape[1] + place
    size = shape[0] * shape[1]
    rows = np.bincount(cell, minlength=size).reshape(shape)
    positive = np.bincount(cell, weights=label, minlength=size).reshape(shape)
    drawn = np.random.default_rng(0).multinomial(shape[0], np.full(shape[0], 1 / shape[0]), size=_DRAWS)
    with np.errstate(invalid="ignore"):
        shares = (drawn @ positive) / (drawn @ rows)
    low, high = np.nanquantile(shares, [0.025, 0.975], axis=0)
    return low, high


@styled()
def draw_calibration(subject: Subject, predictions: pd.DataFrame) -> Figure:
    """Draw the calibration curves before and after calibration, pooled over the test folds of repeat 1.

    Args:
        subject: what the plot shows.
        predictions: test rows with ``repeat``, ``group``, ``label``, ``score`` and ``calibrated``.
    """
    once = predictions[predictions["repeat"] == 1]
    label, group = once["label"].to_numpy(), once["group"].to_numpy()
    score, calibrated = once["score"].to_numpy(), once["calibrated"].to_numpy()
    before, after = reliability(label, score, group), reliability(label, calibrated, group)

    figure = new_figure(5.6, 7.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="perfect calibration")
    bins = f"{counted(len(after.rows), 'bin')} of about {counted(np.median(after.rows), 'row')}"
    colour, mark = subject.style.colour, subject.style.mark
    upper.fill_between(after.score, after.low, after.high, color=colour, alpha=0.15, linewidth=0, label="95% by group")
    upper.plot(
        before.score, before.positive, color=GREY, marker=mark, linewidth=1.2, markersize=4, label="before calibration"
    )
    upper.plot(after.score, after.positive, color=colour, marker=mark, linewidth=1.8, label=f"calibrated, {bins}")
    upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Share of positive rows in the bin")
    upper.legend(loc="upper left")
    _histogram(lower, subject, label, calibrated)

    entitle(
        figure,
        subject,
        "calibration curve",
        "Each row is predicted once, as a test row (repeat 1). The calibrator is fitted on the inner out-of-fold "
        "predictions of the fold's train part. Bins of equal size, drawn at their mean prediction. Band: middle 95% "
        "over bootstrap samples of whole groups; it ignores the variance of training. Below: calibrated predictions.",
    )
    return figure


def _histogram(axes: Axes, subject: Subject, label: NDArray[Any], score: NDArray[Any]) -> None:
    edges = np.linspace(0, 1, 41).tolist()
    styles: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (0, "negative", {"color": GREY, "alpha": 0.45, "histtype": "stepfilled"}),
        (1, "positive", {"color": subject.style.colour, "linewidth": 1.6, "histtype": "step"}),
    )
    for value, name, drawn in styles:
        rows = score[label == value]
        axes.hist(rows, edges, label=f"{name} (n = {len(rows):,})", **drawn)
    axes.set(xlabel="Predicted probability of the positive class", ylabel="Rows")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderpad=0.1)
