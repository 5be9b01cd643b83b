"""Bootstrap of whole groups over predicted rows.

The rows of one group, such as the copies of one video, depend on each other: a draw takes groups with all their rows,
never single rows. The predictions are fixed, so the spread of the draws leaves out the variance of training.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.stats.metrics import Labels, auc, average_precision, confusion, decision_metrics, row_log_loss

DRAWS = 2000
SEED = 42

# Cells of the largest array of a chunk of draws: 2 MB, which fit the processor's cache.
_CELLS = 250_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Percentiles:
    """A percentile interval of the draws.

    Attributes:
        estimate: metric of all rows, each counted once.
        low: lower percentile of the draws.
        high: upper percentile of the draws.
        confidence: share of the draws between the two.
        se: standard deviation of the draws.
        n_draws: draws in which the metric is defined.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    se: float
    n_draws: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers."""
        return asdict(self)


def group_bootstrap(
    label: Labels,
    prediction: Floats,
    group: npt.NDArray[Any],
    confidence: float,
    draws: int = DRAWS,
    seed: int = SEED,
    calibrated: Floats | None = None,
) -> dict[str, Percentiles]:
    """Return percentile intervals over draws of groups (Efron and Tibshirani 1993, chapter 13; Field and Welsh 2007).

    Args:
        label: shape (n,), 0 or 1, both present.
        prediction: shape (n,), probability of class 1; decisions are taken at 0.5.
        group: shape (n,), the group of each row.
        confidence: such as 0.95.
        draws: number of draws; each draws as many groups as there are, with replacement.
        seed: seed of the draws.
        calibrated: shape (n,), the probability that log-loss and Brier score are computed on; None: ``prediction``.

    Returns:
        ``auc``, ``ap``, ``f1``, ``accuracy``, ``precision``, ``recall``, ``log_loss`` and ``brier`` -> interval.

    Example:
        >>> label = np.tile([0, 1], 20).astype(np.int8)
        >>> intervals = group_bootstrap(label, 0.3 + 0.4 * label, np.arange(40), 0.95, draws=100)
        >>> intervals["auc"].low, intervals["auc"].high
        (1.0, 1.0)
    """
    resampled = resampled_metrics(label, prediction, group, draws, seed, calibrated)
    estimates = pooled_metrics(label, prediction, calibrated)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    intervals = {}
    for metric, values in resampled.items():
        defined = values[np.isfinite(values)]
        low, high = (float(v) for v in np.quantile(defined, ends))
        se = float(defined.std(ddof=1))
        intervals[metric] = Percentiles(estimates[metric], low, high, confidence, se, len(defined))
    return intervals


def pooled_metrics(label: Labels, prediction: Floats, calibrated: Floats | None = None) -> dict[str, float]:
    """Return the metrics of the bootstrap on all rows, each counted once."""
    probability = prediction if calibrated is None else calibrated
    decided = decision_metrics(confusion(label, prediction))
    return {
        "auc": auc(label, prediction),
        "ap": average_precision(label, prediction),
        "f1": decided["f1"],
        "accuracy": decided["accuracy"],
        "precision": decided["precision"],
        "recall": decided["recall"],
        "log_loss": float(row_log_loss(label, probability).mean()),
        "brier": float(((probability - label) ** 2).mean()),
    }


def resampled_metrics(
    label: Labels,
    prediction: Floats,
    group: npt.NDArray[Any],
    draws: int,
    seed: int,
    calibrated: Floats | None = None,
) -> dict[str, Floats]:
    """Return each metric on every draw, shape (draws,); NaN where a draw has one class only.

    A draw is a weight for each group, the number of times it was drawn: sums over groups give the metrics of decisions
    and losses, cumulative sums along the ranking give AUC and AP. AUC and AP are those of
    :mod:`foldwise.stats.metrics` with weights; to rank the rows once for all draws is what makes 2,000 draws quick.
    """
    _, index = np.unique(group, return_inverse=True)
    ranking = _rank(label, prediction, index)
    sums = _sums_by_group(label, prediction, prediction if calibrated is None else calibrated, index)
    parts = [
        {**_ranking_metrics(weights, ranking), **_sum_metrics(np.einsum("dg,gs->ds", weights, sums))}
        for weights in _draw(len(sums), draws, seed, max(1, _CELLS // len(label)))
    ]
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}


@dataclass(frozen=True)
class _Ranking:
    """Rows from the highest prediction to the lowest, and the runs of equal predictions with a positive row.

    Attributes:
        index: shape (n,), the group of each row.
        positive_index: shape (m,), the group of each positive row, in the same order.
        before: shape (runs,), number of rows ranked above the run.
        up_to: shape (runs,), that and the rows of the run.
        positives_before: shape (runs,), number of positive rows ranked above the run.
        positives_up_to: shape (runs,), that and the positive rows of the run.
    """

    index: npt.NDArray[np.intp]
    positive_index: npt.NDArray[np.intp]
    before: npt.NDArray[np.intp]
    up_to: npt.NDArray[np.intp]
    positives_before: npt.NDArray[np.intp]
    positives_up_to: npt.NDArray[np.intp]


def _rank(label: Labels, prediction: Floats, index: npt.NDArray[np.intp]) -> _Ranking:
    order = np.argsort(-prediction, kind="stable")
    index, positive = index[order], label[order] == 1
    edges = np.concatenate([[0], np.flatnonzero(np.diff(prediction[order])) + 1, [len(order)]])
    positives = np.concatenate([[0], np.cumsum(positive)])[edges]
    kept = np.flatnonzero(np.diff(positives))
    return _Ranking(index, index[positive], edges[kept], edges[kept + 1], positives[kept], positives[kept + 1])


def _draw(groups: int, draws: int, seed: int, chunk: int) -> Iterator[Floats]:
    """Yield how often each group was drawn, shape (at most chunk, groups); the chunk changes no draw."""
    random = np.random.default_rng(seed)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = random.integers(0, groups, (size, groups)) + groups * np.arange(size)[:, np.newaxis]
        yield np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups).astype(np.float64)


def _ranking_metrics(weights: Floats, ranking: _Ranking) -> Mapping[str, Floats]:
    rows = _cumulated(weights, ranking.index)
    positives = _cumulated(weights, ranking.positive_index)
    n_rows, n_positives = rows[:, -1], positives[:, -1]
    called, hit = rows.take(ranking.up_to, 1), positives.take(ranking.positives_up_to, 1)
    hit_before = positives.take(ranking.positives_before, 1)
    gained = hit - hit_before
    # Negatives above a run count against its positives, those within it by one half.
    false = called - hit + rows.take(ranking.before, 1) - hit_before
    with np.errstate(invalid="ignore", divide="ignore"):
        against = np.einsum("dr,dr->d", gained, false) / (2 * n_positives * (n_rows - n_positives))
        precision = np.divide(hit, called, out=false, where=called > 0)
        average_precision = np.einsum("dr,dr->d", gained, precision) / n_positives
    return {"auc": 1 - against, "ap": np.where(n_rows > n_positives, average_precision, np.nan)}


def _cumulated(weights: Floats, index: npt.NDArray[np.intp]) -> Floats:
    """Return the summed weights of the first 0, 1, ... rows on each draw, shape (draws, rows + 1)."""
    sums = np.zeros((len(weights), len(index) + 1))
    np.cumsum(weights.take(index, 1), axis=1, out=sums[:, 1:])
    return sums


def _sums_by_group(label: Labels, prediction: Floats, calibrated: Floats, index: npt.NDArray[np.intp]) -> Floats:
    """Return sums of each group, shape (groups, 7).

    The columns are rows, true positives, false positives, false negatives, right decisions, log-loss and squared error.
    """
    called = prediction >= 0.5
    positive = label == 1
    columns = (
        np.ones(len(label)),
        called & positive,
        called & ~positive,
        ~called & positive,
        called == positive,
        row_log_loss(label, calibrated),
        (calibrated - label) ** 2,
    )
    return np.stack([np.bincount(index, weights=column) for column in columns], axis=1)


def _sum_metrics(sums: Floats) -> Mapping[str, Floats]:
    rows, hits, false, missed, right, loss, squared = sums.T
    return {
        "f1": _share(2 * hits, 2 * hits + false + missed),
        "accuracy": right / rows,
        "precision": _share(hits, hits + false),
        "recall": _share(hits, hits + missed),
        "log_loss": loss / rows,
        "brier": squared / rows,
    }


def _share(part: Floats, total: Floats) -> Floats:
    """Return part / total, 0 where the total is 0."""
    return np.divide(part, total, out=np.zeros_like(part), where=total > 0)
