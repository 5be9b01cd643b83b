"""Clustered DeLong is scikit-learn's AUC, DeLong where a group is a row, and near a bootstrap of groups."""

import numpy as np
import pytest
from foldwise.stats.bootstrap import group_bootstrap, resampled_metrics
from foldwise.stats.delong import clustered_delong, clustered_delong_difference
from scipy import stats
from sklearn.metrics import roc_auc_score

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def clustered(groups: int = 120, rows: int = 6, mixed: bool = True, seed: int = 2) -> Rows:
    """Draw labels, predictions and groups; rows of a group are alike, and where ``mixed`` of both classes."""
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), random.integers(1, 2 * rows, groups))
    share = np.where(mixed, random.random(groups), np.arange(groups) % 2)[group]
    label = (random.random(len(group)) < share).astype(np.int8)
    prediction = label + 1.2 * random.normal(size=groups)[group] + random.normal(size=len(group))
    return label, prediction.round(1), group


def _delong_by_rows(label: np.ndarray, predictions: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return AUCs and their covariance matrix, as in DeLong, DeLong and Clarke-Pearson (1988)."""
    of_positives, of_negatives = [], []
    for prediction in predictions:
        positive, negative = prediction[label == 1], prediction[label == 0]
        wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
        of_positives.append(wins.mean(axis=1))
        of_negatives.append(wins.mean(axis=0))
    m, n = len(of_positives[0]), len(of_negatives[0])
    covariance = np.atleast_2d(np.cov(of_positives)) / m + np.atleast_2d(np.cov(of_negatives)) / n
    return np.array([part.mean() for part in of_positives]), covariance


@pytest.mark.parametrize("mixed", [True, False])
def test_the_estimate_is_the_auc_of_scikit_learn(mixed: bool) -> None:
    label, prediction, group = clustered(mixed=mixed)
    interval = clustered_delong(label, prediction, group, 0.95).estimate
    assert interval == pytest.approx(roc_auc_score(label, prediction), abs=1e-12)


def test_with_one_row_a_group_it_is_delong_by_rows() -> None:
    label, prediction, _ = clustered()
    [area], [[variance]] = _delong_by_rows(label, [prediction])
    interval = clustered_delong(label, prediction, np.arange(len(label)), 0.9)
    assert interval.se == pytest.approx(np.sqrt(variance))
    half = stats.norm.ppf(0.95) * np.sqrt(variance)
    assert (interval.low, interval.high) == pytest.approx((area - half, area + half))


def test_a_difference_with_one_row_a_group_is_that_of_delong_by_rows() -> None:
    label, prediction, _ = clustered()
    other = prediction + 2 * np.random.default_rng(5).normal(size=len(prediction))
    (a, b), covariance = _delong_by_rows(label, [prediction, other])
    se = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    interval, p = clustered_delong_difference(label, prediction, other, np.arange(len(label)), 0.95)
    assert (interval.estimate, interval.se) == pytest.approx((a - b, se))
    assert p == pytest.approx(2 * stats.norm.sf(abs(a - b) / se))


def test_the_variance_is_that_of_a_case_computed_by_hand() -> None:
    # Groups A: + .9, - .4; B: + .3; C: - .1, - .5. Shares of the 3 negatives beaten: .9 -> 1, .3 -> 1/3.
    # AUC = (1 + 1/3) / 2 = 2/3. Shares of the 2 positives above: .4 -> 1/2, .1 -> 1, .5 -> 1/2.
    # Deviations of positives: A 1/3, B -1/3, C 0; of negatives: A 1/2 - 2/3 = -1/6, B 0, C 3/2 - 4/3 = 1/6.
    # Positives: 2/1 * (1/9 + 1/9) / 2^2 = 1/9. Negatives: 2/1 * (1/36 + 1/36) / 3^2 = 1/81.
    # Both: 2 * 3/2 * (1/3 * -1/6) / (2 * 3) = -1/36. Sum: 36/324 + 4/324 - 9/324 = 31/324.
    label, prediction = np.array([1, 0, 1, 0, 0], np.int8), np.array([0.9, 0.4, 0.3, 0.1, 0.5])
    interval = clustered_delong(label, prediction, np.array(["A", "A", "B", "C", "C"]), 0.95)
    assert interval.estimate == pytest.approx(2 / 3)
    assert interval.se == pytest.approx(np.sqrt(31 / 324))


@pytest.mark.parametrize("mixed", [True, False])
def test_its_error_is_that_of_a_bootstrap_of_groups(mixed: bool) -> None:
    label, prediction, group = clustered(groups=400, mixed=mixed)
    drawn = group_bootstrap(label, prediction, group, 0.95, draws=2000)["auc"]
    # Monte Carlo error of a standard deviation from 2,000 draws: 1 / sqrt(2 * 2000) = 1.6 %; three times that,
    # and 1 % for the ends of 400 groups.
    assert clustered_delong(label, prediction, group, 0.95).se == pytest.approx(drawn.se, rel=0.06)


def test_the_error_of_a_difference_is_that_of_a_bootstrap_of_groups() -> None:
    label, prediction, group = clustered(groups=400)
    other = prediction + np.random.default_rng(5).normal(size=len(prediction))
    first, second = (resampled_metrics(label, s, group, 2000, seed=1)["auc"] for s in (prediction, other))
    interval, _ = clustered_delong_difference(label, prediction, other, group, 0.95)
    assert interval.se == pytest.approx((first - second).std(ddof=1), rel=0.06)


def test_copies_of_rows_inside_their_groups_change_nothing() -> None:
    label, prediction, group = clustered()
    once = clustered_delong(label, prediction, group, 0.95)
    tenfold = clustered_delong(*(np.tile(part, 10) for part in (label, prediction, group)), 0.95)
    assert (tenfold.estimate, tenfold.se) == pytest.approx((once.estimate, once.se))


def test_the_same_predictions_do_not_differ() -> None:
    label, prediction, group = clustered()
    interval, p = clustered_delong_difference(label, prediction, prediction, group, 0.95)
    assert (interval.estimate, interval.low, interval.high, p) == (0, 0, 0, 1.0)


def test_a_constant_prediction_has_auc_one_half_and_no_error() -> None:
    label, prediction, group = clustered()
    constant = np.zeros(len(label))
    alone = clustered_delong(label, constant, group, 0.95)
    assert (alone.estimate, alone.se) == (0.5, 0)
    against, _ = clustered_delong_difference(label, prediction, constant, group, 0.95)
    assert against.se == pytest.approx(clustered_delong(label, prediction, group, 0.95).se)


def test_a_perfect_ranking_has_a_p_value_of_zero() -> None:
    label, _, group = clustered(mixed=False)
    interval, p = clustered_delong_difference(label, label.astype(float), np.zeros(len(label)), group, 0.95)
    assert (interval.estimate, interval.se, p) == (0.5, 0, 0)
