"""Intervals of the mean of a metric over outer folds, from the influence of every group.

The variance has two parts. What the test groups add is the sum of their squared influences: Bayle, Bayle, Janson and
Mackey (2020), arXiv 2007.12671; Obuchowski (1997) and LeDell et al. (2015) for the AUC. What the shared train rows add
is in :mod:`foldwise.stats.training_variance`, our own derivation. The interval is for the mean metric of the models of
this very cross-validation on new groups.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from foldwise.stats.influence import Contributions, PredictedRows, contributions
from foldwise.stats.training_variance import SplitShares, variance_over_inner_models, variance_over_repeats

Floats = npt.NDArray[np.float64]

# Log-losses are computed from probabilities that are at least the machine epsilon.
_LARGEST = {"log_loss": float(-np.log(np.finfo(np.float64).eps))}
_ON_LOG_SCALE = ("log_loss", "brier")


@dataclass(frozen=True)
class CrossValidation:
    """The predictions of a model in J = K * R outer folds: K folds of each of R repeats.

    Attributes:
        test: J, the test rows of each outer fold, the threshold of the fold with them.
        inner: J, the train rows of each outer fold with their inner out-of-fold predictions and the same threshold.
        repeat: shape (J,), the repeat of each outer fold.
        groups: G, the number of groups; groups are numbered from 0.
        shares: how the groups of a repeat are split.
    """

    test: Sequence[PredictedRows]
    inner: Sequence[PredictedRows]
    repeat: npt.NDArray[np.int64]
    groups: int
    shares: SplitShares


@dataclass(frozen=True)
class Influences:
    """The mean of a metric over outer folds, or a difference of two such means, and what each group contributes.

    Attributes:
        metric: name of the metric.
        by_fold: shape (J,), the metric on every outer fold, or the difference; NaN where it is not defined.
        tested: shape (G,), contributions on the test folds, the mean over repeats.
        pooled: shape (R, G), contributions to the metric of the pooled test rows of each repeat.
        trained: shape (J, G), contributions to the metric of the inner out-of-fold predictions of each outer fold,
            times the share of all rows that are in that train part; NaN where the group is not in it.
        repeat: shape (J,), the repeat of each outer fold.
        counted: groups that the metric is about; for AUC and average precision those of the rarer class.
        shares: how the groups of a repeat are split.
    """

    metric: str
    by_fold: Floats
    tested: Floats
    pooled: Floats
    trained: Floats
    repeat: npt.NDArray[np.int64]
    counted: int
    shares: SplitShares

    def minus(self, other: "Influences") -> "Influences":
        """Return the difference from another model on the same folds."""
        return Influences(
            self.metric,
            self.by_fold - other.by_fold,
            self.tested - other.tested,
            self.pooled - other.pooled,
            self.trained - other.trained,
            self.repeat,
            self.counted,
            self.shares,
        )

    @property
    def estimate(self) -> float:
        """The mean over the outer folds, or the difference of two; NaN where the metric is not defined in a fold."""
        return float(self.by_fold.mean())

    @property
    def estimate_where_defined(self) -> float | None:
        """The mean over the outer folds where the metric is defined; None where it is in none."""
        defined = self.by_fold[np.isfinite(self.by_fold)]
        return float(defined.mean()) if len(defined) else None

    @property
    def testing_variance(self) -> float:
        """The part of the variance that the test groups add."""
        return float(np.square(self.tested).sum())

    @property
    def training_variance(self) -> float | None:
        """The part that the shared train rows add, the larger of its two estimates; None where neither is possible."""
        estimates = (
            variance_over_inner_models(self.trained, self.repeat, self.shares),
            variance_over_repeats(self.pooled, self.shares),
        )
        return max((estimate for estimate in estimates if estimate is not None), default=None)

    @property
    def df(self) -> float:
        """Degrees of freedom of the variance, from the fourth moment of the groups' contributions: 2 to G - 1."""
        squares, groups = np.square(self.tested), len(self.tested)
        variance_of_sum = groups * float(squares.var(ddof=1))
        most = float(groups - 1)
        if not variance_of_sum:
            return most
        return float(np.clip(2 * self.testing_variance**2 / variance_of_sum, 2, most))


@dataclass(frozen=True)
class InfluenceInterval:
    """An interval for a mean over outer folds.

    Attributes:
        estimate: mean over folds.
        low: lower end, within the range of the metric.
        high: upper end, within it.
        confidence: share of studies in which such an interval should cover the true mean.
        se: standard error of the mean.
        df: degrees of freedom.
        n_folds: number of outer folds.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    se: float
    df: float
    n_folds: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers."""
        return asdict(self)


def influences(metric: str, validation: CrossValidation) -> Influences:
    """Return the mean of a metric over the outer folds, and what each group contributes to it.

    Args:
        metric: one of :data:`foldwise.stats.influence.METRICS`.
        validation: the predictions of the model.
    """
    groups, repeats = validation.groups, np.unique(validation.repeat)
    folds = [contributions(metric, rows, groups) for rows in validation.test]
    by_fold = np.array([fold.value for fold in folds])
    estimate = float(by_fold.mean())
    pooled = np.zeros((len(repeats), groups))
    tested = np.zeros(groups)
    counted = groups
    for position, number in enumerate(repeats):
        of_repeat = np.flatnonzero(validation.repeat == number).tolist()
        some = [folds[j] for j in of_repeat]
        has_rows = np.any([fold.has_rows for fold in some], axis=0)
        counted = min([counted, *(int(groups_of_part) for groups_of_part in has_rows.sum(axis=1) if groups_of_part)])
        tested += _corrected_sum(some, has_rows, estimate) / len(some) / len(repeats)
        if len(repeats) > 1:
            together = _together([validation.test[j] for j in of_repeat])
            pooled[position] = contributions(metric, together, groups).influence.sum(axis=0)
    rows = sum(len(part.label) for part in validation.test) / len(repeats)
    trained = np.stack([_of_train_part(metric, inner, groups, rows) for inner in validation.inner])
    return Influences(metric, by_fold, tested, pooled, trained, validation.repeat, counted, validation.shares)


def influence_interval(model: Influences, confidence: float) -> InfluenceInterval:
    """Return the interval of a mean over outer folds.

    The ends are on the logit scale for a metric between 0 and 1, on the log scale for log-loss and Brier score, so that
    they stay within the range of the metric. At the edge of the range, such as an AUC of exactly 1, the influences are
    all 0: the other end is then that of the exact binomial interval (Clopper and Pearson 1934) of the groups that the
    metric is about, all of them on one side. Elsewhere a variance of 0 gives two equal ends, as for the AUC of a
    constant prediction.

    Args:
        model: from :func:`influences`; no fold without a value, and with a training part of the variance.
        confidence: such as 0.95.

    Raises:
        ValueError: where the training part of the variance cannot be estimated: one repeat of two folds.
    """
    se = _standard_error(model)
    low, high = _ends(model, float(stats.t.ppf((1 + confidence) / 2, model.df)) * se, confidence)
    return InfluenceInterval(model.estimate, low, high, confidence, se, model.df, len(model.repeat))


def influence_difference(
    first: Influences, second: Influences, confidence: float
) -> tuple[InfluenceInterval, float, float]:
    """Return the interval of the difference of two models on the same folds, with t and the two-sided p against zero.

    Args:
        first: from :func:`influences`.
        second: the same metric of another model, on the same folds.
        confidence: such as 0.95.

    Raises:
        ValueError: where the training part of the variance cannot be estimated: one repeat of two folds.
    """
    difference = first.minus(second)
    se, estimate, df = _standard_error(difference), difference.estimate, difference.df
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * se
    most = _LARGEST.get(first.metric, 1.0)
    with np.errstate(divide="ignore"):
        t = float(np.divide(estimate, se)) if estimate else 0.0
    low, high = max(-most, estimate - half), min(most, estimate + half)
    interval = InfluenceInterval(estimate, low, high, confidence, se, df, len(difference.repeat))
    return interval, t, float(2 * stats.t.sf(abs(t), df))


def _corrected_sum(folds: Sequence[Contributions], has_rows: npt.NDArray[np.bool_], centre: float) -> Floats:
    """Return the contributions of the groups to the sum over the folds of a repeat, shape (G,).

    Each part is multiplied by sqrt(I / (I - 1)) for its I groups, as a sample variance is.
    """
    counts = has_rows.sum(axis=1)
    factor = np.sqrt(counts / np.maximum(counts - 1, 1))
    return np.asarray(factor @ np.sum([fold.centred_at(centre) for fold in folds], axis=0), np.float64)


def _together(parts: Sequence[PredictedRows]) -> PredictedRows:
    thresholds = [np.broadcast_to(np.asarray(part.threshold, np.float64), part.label.shape) for part in parts]
    return PredictedRows(
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.prediction for part in parts]),
        np.concatenate([part.group for part in parts]),
        np.concatenate(thresholds),
    )


def _of_train_part(metric: str, inner: PredictedRows, groups: int, rows: float) -> Floats:
    """Return the contributions to the metric of a train part, of the size they have in all rows, shape (G,)."""
    influence = contributions(metric, inner, groups).influence.sum(axis=0) * (len(inner.label) / rows)
    return np.where(np.bincount(inner.group, minlength=groups) > 0, influence, np.nan)


def _standard_error(model: Influences) -> float:
    training = model.training_variance
    if training is None:
        raise ValueError("two outer folds do not show the variance of training")
    return float(np.sqrt(model.testing_variance + training))


def _ends(model: Influences, half: float, confidence: float) -> tuple[float, float]:
    """Return the ends of an interval that is ``half`` wide on each side on the scale of the metric itself."""
    estimate, most = model.estimate, _LARGEST.get(model.metric, 1.0)
    on_one_side = float(((1 - confidence) / 2) ** (1 / model.counted))
    if model.metric not in _ON_LOG_SCALE:
        if estimate <= 0:
            return 0.0, 1 - on_one_side
        if estimate >= 1:
            return on_one_side, 1.0
        centre, spread = special.logit(estimate), half / (estimate * (1 - estimate))
        low, high = (float(special.expit(centre + side * spread)) for side in (-1, 1))
    else:
        if estimate <= 0:
            return 0.0, most * (1 - on_one_side)
        with np.errstate(over="ignore", under="ignore"):
            low, high = (float(estimate * np.exp(side * half / estimate)) for side in (-1, 1))
    # Rounding can push an end past an estimate that it equals.
    return min(low, estimate), min(most, max(high, estimate))
