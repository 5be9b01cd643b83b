"""The interval has the variance added up by hand, stays in the range of the metric, and compares two models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from foldwise.stats.influence import METRICS, PredictedRows, contributions
from foldwise.stats.influence_interval import (
    CrossValidation,
    Influences,
    influence_difference,
    influence_interval,
    influences,
)
from foldwise.stats.training_variance import SplitShares
from scipy import stats

SPLITS, GROUPS, ROWS = 3, 24, 4
LARGEST_LOG_LOSS = float(-np.log(np.finfo(np.float64).eps))


def validation(repeats: int = 1, signal: float = 1.0, seed: int = 0, noise: float = 1.0) -> CrossValidation:
    """Predict 24 groups of 4 rows in 3 folds a repeat, every second group positive, by models that differ."""
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(GROUPS, dtype=np.int32), ROWS)
    label = (group % 2).astype(np.int8)
    known = signal * (label - 0.5) + noise * (random.normal(size=GROUPS)[group] + random.normal(size=len(group)))
    test, inner, repeat = [], [], []
    for number in range(repeats):
        part = (np.arange(GROUPS) // 2 + number * (np.arange(GROUPS) // 8)) % SPLITS
        for fold in range(SPLITS):
            of_fold = known + noise * 0.5 * random.normal(size=len(group))
            tested = part[group] == fold
            for rows, kept in ((test, tested), (inner, ~tested)):
                predicted = 1 / (1 + np.exp(-of_fold[kept]))
                rows.append(PredictedRows(label[kept], predicted, group[kept], 0.4 + 0.05 * fold))
            repeat.append(number + 1)
    return CrossValidation(test, inner, np.array(repeat), GROUPS, SplitShares.equal(SPLITS, 4))


def constant(probability: float, label: int | None = None) -> CrossValidation:
    """Predict the same for every row; with ``label`` every row has it."""
    given = validation()
    parts = {}
    for name in ("test", "inner"):
        parts[name] = [
            PredictedRows(
                rows.label if label is None else np.full_like(rows.label, label),
                np.full(len(rows.label), probability),
                rows.group,
            )
            for rows in getattr(given, name)
        ]
    return replace(given, **parts)


@pytest.mark.parametrize("metric", METRICS)
def test_the_variance_is_that_added_up_by_hand(metric: str) -> None:
    given = validation()
    folds = [contributions(metric, rows, GROUPS) for rows in given.test]
    mean = np.mean([fold.value for fold in folds])
    by_class = {"recall": 12, "tpr": 12, "fpr": 12, "auc": 12, "ap": 12}
    groups = by_class.get(metric, GROUPS)
    outer = np.zeros(GROUPS)
    for fold in folds:
        for part in fold.centred_at(float(mean)):
            outer += part / SPLITS * np.sqrt(groups / (groups - 1))
    inner = np.full((SPLITS, GROUPS), np.nan)
    for j, rows in enumerate(given.inner):
        for group in np.unique(rows.group):
            inner[j, group] = contributions(metric, rows, GROUPS).influence[:, group].sum() * len(rows.label) / 96
    spread = np.nanvar(inner, axis=0, ddof=1).sum()
    measured = influences(metric, given)
    assert measured.estimate == pytest.approx(mean)
    assert measured.testing_variance == pytest.approx((outer**2).sum())
    assert measured.training_variance == pytest.approx(given.shares.inner_factor * spread)
    interval = influence_interval(measured, 0.9)
    assert interval.se**2 == pytest.approx((outer**2).sum() + given.shares.inner_factor * spread)
    df = 2 * (outer**2).sum() ** 2 / (GROUPS * np.var(outer**2, ddof=1))
    assert interval.df == pytest.approx(min(df, GROUPS - 1))
    half = stats.t.ppf(0.95, interval.df) * interval.se
    if metric in ("log_loss", "brier"):
        ends = mean * np.exp(-half / mean), min(mean * np.exp(half / mean), 1 if metric == "brier" else 37)
    else:
        centre, wide = np.log(mean / (1 - mean)), half / mean / (1 - mean)
        ends = 1 / (1 + np.exp(-centre + wide)), 1 / (1 + np.exp(-centre - wide))
    assert (interval.low, interval.high) == pytest.approx(ends)
    assert (interval.confidence, interval.n_folds) == (0.9, SPLITS)


def test_one_row_a_group_and_one_model_give_the_variance_of_a_mean() -> None:
    random = np.random.default_rng(4)
    group = np.arange(60, dtype=np.int32)
    label = (random.random(60) < 0.5).astype(np.int8)
    predicted = random.random(60)
    folds = [group % 3 == fold for fold in range(3)]
    test = [PredictedRows(label[kept], predicted[kept], group[kept]) for kept in folds]
    inner = [PredictedRows(label[~kept], predicted[~kept], group[~kept]) for kept in folds]
    given = CrossValidation(test, inner, np.ones(3, np.int64), 60, SplitShares.equal(3, 3))
    right = (predicted >= 0.5) == (label == 1)
    assert influences("accuracy", given).testing_variance == pytest.approx(right.var(ddof=1) / 60)


def test_contributions_are_averaged_over_repeats_and_the_larger_training_term_counts() -> None:
    given = validation(repeats=2)
    halves = [
        replace(given, test=given.test[kept], inner=given.inner[kept], repeat=given.repeat[kept])
        for kept in (slice(0, SPLITS), slice(SPLITS, None))
    ]
    both, apart = influences("brier", given), [influences("brier", half) for half in halves]
    assert both.estimate == pytest.approx(np.mean([one.estimate for one in apart]))
    # The halves are centred at their own means, the whole at that of both.
    assert both.tested == pytest.approx(np.mean([one.tested for one in apart], axis=0), abs=1e-3)
    steady = replace(both, trained=np.zeros_like(both.trained))
    assert steady.training_variance == pytest.approx(2.5 * both.pooled.var(axis=0, ddof=1).sum())
    same = replace(both, pooled=np.zeros_like(both.pooled))
    assert both.training_variance == max(steady.training_variance, same.training_variance)
    assert 0 < steady.training_variance != same.training_variance > 0


def test_a_pooled_metric_has_the_threshold_of_each_fold() -> None:
    given = validation(repeats=2)
    rows = given.test[:SPLITS]
    called = np.concatenate([part.prediction >= part.threshold for part in rows])
    together = PredictedRows(
        np.concatenate([part.label for part in rows]),
        called.astype(np.float64),
        np.concatenate([part.group for part in rows]),
    )
    expected = contributions("f1", together, GROUPS).influence.sum(axis=0)
    assert influences("f1", given).pooled[0] == pytest.approx(expected)


@pytest.mark.parametrize("signal", [0.0, 2.0, 8.0, 40.0])
@pytest.mark.parametrize("metric", METRICS)
def test_the_ends_stay_in_the_range_around_the_estimate(metric: str, signal: float) -> None:
    most = LARGEST_LOG_LOSS if metric == "log_loss" else 1.0
    for seed in range(3):
        for way in (signal, -signal):
            interval = influence_interval(influences(metric, validation(signal=way, seed=seed)), 0.99)
            assert 0 <= interval.low <= interval.estimate <= interval.high <= most


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("label", [None, 0, 1])
def test_constant_predictions_have_ends_too(probability: float, label: int | None) -> None:
    for metric in METRICS:
        measured = influences(metric, constant(probability, label))
        if np.isfinite(measured.estimate):
            interval = influence_interval(measured, 0.95)
            most = LARGEST_LOG_LOSS if metric == "log_loss" else 1.0
            assert 0 <= interval.low <= interval.estimate <= interval.high <= most


def test_an_estimate_at_the_edge_has_the_exact_binomial_end_of_its_groups() -> None:
    perfect = influences("auc", validation(signal=60, noise=0.5))
    assert (perfect.estimate, perfect.counted) == (1, 12)
    interval = influence_interval(perfect, 0.95)
    assert (interval.low, interval.high) == (pytest.approx(stats.beta.ppf(0.025, 12, 1)), 1)
    missed = influence_interval(influences("recall", constant(0.0)), 0.95)
    assert (missed.low, missed.high) == (0, pytest.approx(stats.beta.ppf(0.975, 1, 12)))


def test_the_auc_of_a_constant_prediction_is_one_half_for_certain() -> None:
    interval = influence_interval(influences("auc", constant(0.3)), 0.95)
    assert (interval.low, interval.estimate, interval.high, interval.se) == (0.5, 0.5, 0.5, 0)


def test_a_difference_has_subtracted_influences() -> None:
    first, second = (influences("auc", validation(signal=signal)) for signal in (2.0, 1.0))
    interval, t, p = influence_difference(first, second, 0.95)
    testing = ((first.tested - second.tested) ** 2).sum()
    training = np.nanvar(first.trained - second.trained, axis=0, ddof=1).sum() * first.shares.inner_factor
    assert interval.se == pytest.approx(np.sqrt(testing + training))
    assert interval.estimate == pytest.approx(first.estimate - second.estimate)
    assert t == pytest.approx(interval.estimate / interval.se)
    assert p == pytest.approx(2 * stats.t.sf(abs(t), interval.df))
    half = stats.t.ppf(0.975, interval.df) * interval.se
    assert (interval.low, interval.high) == pytest.approx((interval.estimate - half, interval.estimate + half))
    reverse, minus_t, same_p = influence_difference(second, first, 0.95)
    assert (reverse.low, reverse.high, minus_t, same_p) == pytest.approx((-interval.high, -interval.low, -t, p))


def test_a_model_does_not_differ_from_itself() -> None:
    model = influences("auc", validation())
    interval, t, p = influence_difference(model, model, 0.95)
    assert (interval.low, interval.high, t, p) == (0, 0, 0, 1)


def test_a_difference_stays_in_its_range() -> None:
    wide: Any = {"tested": np.full(GROUPS, 0.5), "trained": np.zeros((SPLITS, GROUPS))}
    first = replace(influences("auc", validation(signal=60, noise=0.5)), **wide)
    second = replace(first, by_fold=np.full(SPLITS, 0.1), tested=-first.tested)
    interval, _, _ = influence_difference(first, second, 0.95)
    assert (interval.low, interval.high) == (-1, 1)


def test_degrees_of_freedom_fall_with_unequal_contributions() -> None:
    def df(tested: np.ndarray) -> float:
        return replace(model, tested=tested).df

    model: Influences = influences("auc", validation())
    one = np.zeros(GROUPS)
    one[0] = 1.0
    assert df(one) == pytest.approx(2)
    assert df(np.ones(GROUPS)) == df(np.zeros(GROUPS)) == GROUPS - 1
    many = np.random.default_rng(0).normal(size=20_000)
    # Of normal contributions the sum of squares has about as many degrees as there are: 3 standard errors of a
    # kurtosis from 20,000 draws are 5 %.
    assert df(many) == pytest.approx(20_000, rel=0.08)


def test_one_repeat_of_two_folds_is_refused() -> None:
    given = replace(validation(), shares=SplitShares.equal(2, 3))
    with pytest.raises(ValueError, match="two outer folds"):
        influence_interval(influences("auc", given), 0.95)
