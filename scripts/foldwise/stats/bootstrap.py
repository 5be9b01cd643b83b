"""Bootstrap of whole groups over scored rows; nothing here knows of models.

Copies of one video are no fresh evidence: a draw takes groups with all their rows, never single rows.
The scores stand fixed, so the spread of the draws says nothing of how another training would have scored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.stats.metrics import Labels, auc, average_precision, confusion, decisions, row_log_loss

DRAWS = 2000
SEED = 42

# Cells of the largest matrix of a chunk of draws: 2 MB, which stays near the processor.
_CELLS = 250_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Percentiles:
    """A percentile interval of the draws.

    Attributes:
        estimate: score of all rows, each counted once.
        low: lower percentile of the draws.
        high: upper percentile of the draws.
        confidence: share of the draws between the two.
        se: standard deviation of the draws.
        n_draws: draws in which the score is defined.
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
    score: Floats,
    group: npt.NDArray[Any],
    confidence: float,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Percentiles]:
    """Return a percentile interval of AUC, AP, F1, accuracy, log-loss and Brier score over draws of groups.

    Args:
        label: shape (n,), 0 or 1, both present.
        score: shape (n,), probability of class 1; decisions are taken at 0.5.
        group: shape (n,), the group of each row.
        confidence: such as 0.95.
        draws: how often as many groups as there are get drawn with replacement.
        seed: of the draws.
    """
    found = resampled_scores(label, score, group, draws, seed)
    estimates = pooled_scores(label, score)
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    intervals = {}
    for metric, values in found.items():
        known = values[np.isfinite(values)]
        low, high = (float(v) for v in np.quantile(known, ends))
        intervals[metric] = Percentiles(estimates[metric], low, high, confidence, float(known.std(ddof=1)), len(known))
    return intervals


def pooled_scores(label: Labels, score: Floats) -> dict[str, float]:
    """Return the metrics of the bootstrap on all rows, each counted once."""
    decided = decisions(confusion(label, score))
    return {
        "auc": auc(label, score),
        "ap": average_precision(label, score),
        "f1": decided["f1"],
        "accuracy": decided["accuracy"],
        "log_loss": float(row_log_loss(label, score).mean()),
        "brier": float(((score - label) ** 2).mean()),
    }


def resampled_scores(label: Labels, score: Floats, group: npt.NDArray[Any], draws: int, seed: int) -> dict[str, Floats]:
    """Return each metric on every draw, shape (draws,); NaN where a draw holds one class only.

    A draw is a weight for each group, how often it was drawn: sums over groups give the metrics of
    decisions and losses, cumulative sums along the ranking give AUC and AP.
    """
    _, index = np.unique(group, return_inverse=True)
    ranking = _rank(label, score, index)
    sums = _sums_by_group(label, score, index)
    parts = [
        {**_ranked_scores(weights, ranking), **_summed_scores(np.einsum("dg,gs->ds", weights, sums))}
        for weights in _draw(len(sums), draws, seed, max(1, _CELLS // len(label)))
    ]
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in parts[0]}


@dataclass(frozen=True)
class _Ranking:
    """Rows from the highest score to the lowest, and the runs of equal scores that hold a positive row.

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


def _rank(label: Labels, score: Floats, index: npt.NDArray[np.intp]) -> _Ranking:
    order = np.argsort(-score, kind="stable")
    index, positive = index[order], label[order] == 1
    edges = np.concatenate([[0], np.flatnonzero(np.diff(score[order])) + 1, [len(order)]])
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


def _ranked_scores(weights: Floats, ranking: _Ranking) -> Mapping[str, Floats]:
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
        found = np.einsum("dr,dr->d", gained, precision) / n_positives
    return {"auc": 1 - against, "ap": np.where(n_rows > n_positives, found, np.nan)}


def _cumulated(weights: Floats, index: npt.NDArray[np.intp]) -> Floats:
    """Return the summed weights of the first 0, 1, ... rows on each draw, shape (draws, rows + 1)."""
    sums = np.zeros((len(weights), len(index) + 1))
    np.cumsum(weights.take(index, 1), axis=1, out=sums[:, 1:])
    return sums


def _sums_by_group(label: Labels, score: Floats, index: npt.NDArray[np.intp]) -> Floats:
    """Return rows, hits, false positives, misses, right decisions, log-loss and squared error of each group."""
    called = score >= 0.5
    positive = label == 1
    columns = (
        np.ones(len(label)),
        called & positive,
        called & ~positive,
        ~called & positive,
        called == positive,
        row_log_loss(label, score),
        (score - label) ** 2,
    )
    return np.stack([np.bincount(index, weights=column) for column in columns], axis=1)


def _summed_scores(sums: Floats) -> Mapping[str, Floats]:
    rows, hits, false, missed, right, loss, squared = sums.T
    cases = 2 * hits + false + missed
    return {
        "f1": np.divide(2 * hits, cases, out=np.zeros_like(hits), where=cases > 0),
        "accuracy": right / rows,
        "log_loss": loss / rows,
        "brier": squared / rows,
    }
