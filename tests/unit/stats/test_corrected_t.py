"""The corrected t, the posterior and Holm's adjustment give the numbers computed by hand."""

import numpy as np
import pytest
from foldwise.stats.corrected_t import Posterior, corrected_t, holm, posterior, reason_to_refuse
from scipy import stats

DIFFERENCES = np.array([0.01, 0.03, -0.01, 0.02, 0.04])


def test_the_interval_is_that_of_nadeau_and_bengio() -> None:
    # Values of 5 folds: .70 .72 .74 .76 .78; mean .74; deviations -.04 -.02 0 .02 .04.
    # Sum of squares .004; variance .004 / 4 = .001. Test rows over train rows: 1 / 4.
    # Variance of the mean: .001 * (1 / 5 + 1 / 4) = .00045; its root .0212132.
    # t at .975 with 4 degrees of freedom: 2.776445. Half width: .0588973. t against 0: .74 / .0212132 = 34.8839.
    interval, t, p = corrected_t(np.array([0.70, 0.72, 0.74, 0.76, 0.78]), 0.25, 0.95)
    assert interval.estimate == pytest.approx(0.74)
    assert interval.se == pytest.approx(0.0212132, abs=1e-7)
    assert (interval.low, interval.high) == pytest.approx((0.6811027, 0.7988973), abs=1e-6)
    assert (interval.df, interval.n_folds, interval.confidence) == (4, 5, 0.95)
    assert t == pytest.approx(34.8839, abs=1e-3)
    assert p == pytest.approx(4.03e-6, rel=0.01)


def test_without_a_test_share_it_is_the_plain_t_test() -> None:
    values = np.array([0.3, -0.1, 0.2, 0.4, 0.1])
    interval, t, p = corrected_t(values, 0.0, 0.9)
    expected = stats.ttest_1samp(values, 0)
    assert (t, p) == pytest.approx((expected.statistic, expected.pvalue))
    assert (interval.low, interval.high) == pytest.approx(tuple(expected.confidence_interval(0.9)))


@pytest.mark.parametrize(("difference", "p"), [(0.0, 1.0), (0.1, 0.0)])
def test_folds_without_spread_have_an_interval_of_no_width(difference: float, p: float) -> None:
    interval, _, p_value = corrected_t(np.full(5, difference), 0.25, 0.95)
    assert p_value == p
    assert interval.low == interval.high == difference


def test_more_confidence_makes_a_wider_interval() -> None:
    values = np.array([0.70, 0.72, 0.74, 0.76, 0.78])
    narrow, wide = (corrected_t(values, 0.25, confidence)[0] for confidence in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_an_interval_is_written_as_plain_numbers() -> None:
    interval = corrected_t(np.array([0.7, 0.8]), 0.25, 0.95)[0].as_dict()
    assert set(interval) == {"estimate", "low", "high", "confidence", "se", "df", "n_folds"}
    assert {type(v) for v in interval.values()} == {int, float}


def correlated_t(differences: np.ndarray, test_share: float, rope: float) -> Posterior:
    """Return the posterior with the standard error of the corrected t: the Bayesian correlated t-test."""
    interval, _, _ = corrected_t(differences, test_share, 0.95)
    return posterior(interval.estimate, interval.se, interval.df, rope)


def test_the_posterior_is_that_of_corani_and_benavoli() -> None:
    # Mean .018; deviations -.008 .012 -.028 .002 .022, squares sum .00148, variance .00037.
    # rho = 1/5: scale^2 = .00037 * (1/5 + .2/.8) = .0001665, scale .01290349.
    # t = (.01 - .018) / scale = -.6199873 and (-.01 - .018) / scale = -2.1699556. With 4 degrees of freedom
    # F(t) = 1/2 + 3/8 * u * (1 - u^2 / 12) with u = t / sqrt(1 + t^2 / 4): -.592187, -1.470632.
    # F: .284420 and .047907.
    shares = correlated_t(DIFFERENCES, 0.25, 0.01)
    assert shares.above == pytest.approx(1 - 0.284420, abs=2e-6)
    assert shares.below == pytest.approx(0.047907, abs=2e-6)
    assert shares.above + shares.inside + shares.below == pytest.approx(1)


def test_the_posterior_agrees_with_draws_from_mean_and_variance() -> None:
    # The posterior of a mean under a flat prior, by drawing the variance first: sum of squares / chi squared.
    random = np.random.default_rng(1)
    variance = ((DIFFERENCES - DIFFERENCES.mean()) ** 2).sum() / random.chisquare(4, 200_000)
    mean = DIFFERENCES.mean() + random.normal(size=200_000) * np.sqrt(variance * (1 / 5 + 0.25))
    shares = correlated_t(DIFFERENCES, 0.25, 0.01)
    drawn = ((mean > 0.01).mean(), (abs(mean) <= 0.01).mean(), (mean < -0.01).mean())
    assert (shares.above, shares.inside, shares.below) == pytest.approx(drawn, abs=0.005)


def test_without_a_region_the_tail_is_half_the_p_value_of_the_corrected_t() -> None:
    _, _, p = corrected_t(DIFFERENCES, 0.25, 0.95)
    assert correlated_t(DIFFERENCES, 0.25, 0.0).below == pytest.approx(p / 2)


def test_the_posterior_of_the_opposite_differences_is_mirrored() -> None:
    one, other = correlated_t(DIFFERENCES, 0.25, 0.01), correlated_t(-DIFFERENCES, 0.25, 0.01)
    assert (one.above, one.inside, one.below) == pytest.approx((other.below, other.inside, other.above))


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(0.0, (0, 1, 0)), (0.005, (0, 1, 0)), (0.01, (0, 1, 0)), (0.25, (1, 0, 0)), (-0.25, (0, 0, 1))],
)
def test_folds_without_spread_have_a_posterior_of_one_value(
    difference: float, expected: tuple[float, float, float]
) -> None:
    shares = correlated_t(np.full(4, difference), 0.25, 0.01)
    assert (shares.above, shares.inside, shares.below) == expected


def test_holm_adjusts_as_in_a_known_example() -> None:
    # Four p values, ordered .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04; no smaller than the one before: .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_one_test_alone_and_none_beyond_one() -> None:
    assert holm([0.2]) == [0.2]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("values", "groups", "reason"),
    [
        ([0.7, 0.8], 9, "9 groups in the rarer class, fewer than 10"),
        ([0.7, float("nan"), 0.8], 20, "not defined in 1 of 3 folds"),
        ([0.7], 20, "one fold only"),
    ],
)
def test_an_interval_is_refused_with_a_reason(values: list[float], groups: int, reason: str) -> None:
    assert reason_to_refuse(np.array(values), groups) == reason


def test_ten_groups_of_the_rarer_class_are_enough() -> None:
    assert reason_to_refuse(np.array([0.7, 0.8]), 10) is None
