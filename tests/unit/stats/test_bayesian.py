"""The Bayesian correlated t-test gives the probabilities that can be worked out another way."""

import numpy as np
import pytest
from foldwise.stats.corrected_t import corrected_t, correlated_t

DIFFERENCES = np.array([0.01, 0.03, -0.01, 0.02, 0.04])


def test_the_posterior_is_that_of_corani_and_benavoli() -> None:
    # Mean .018; deviations -.008 .012 -.028 .002 .022, squares sum .00148, variance .00037.
    # rho = 1/5: scale^2 = .00037 * (1/5 + .2/.8) = .0001665, scale .01290349.
    # t = (.01 - .018) / scale = -.6199873 and (-.01 - .018) / scale = -2.1699556. With 4 degrees of freedom
    # F(t) = 1/2 + 3/8 * u * (1 - u^2 / 12) with u = t / sqrt(1 + t^2 / 4): -.592187, -1.470632.
    # F: .284420 and .047907.
    found = correlated_t(DIFFERENCES, 0.25, 0.01)
    assert found.above == pytest.approx(1 - 0.284420, abs=2e-6)
    assert found.below == pytest.approx(0.047907, abs=2e-6)
    assert found.above + found.inside + found.below == pytest.approx(1)


def test_it_agrees_with_draws_from_mean_and_variance() -> None:
    # The posterior of a mean under a flat prior, by drawing the variance first: sum of squares / chi squared.
    random = np.random.default_rng(1)
    variance = ((DIFFERENCES - DIFFERENCES.mean()) ** 2).sum() / random.chisquare(4, 200_000)
    mean = DIFFERENCES.mean() + random.normal(size=200_000) * np.sqrt(variance * (1 / 5 + 0.25))
    found = correlated_t(DIFFERENCES, 0.25, 0.01)
    drawn = ((mean > 0.01).mean(), (abs(mean) <= 0.01).mean(), (mean < -0.01).mean())
    assert (found.above, found.inside, found.below) == pytest.approx(drawn, abs=0.005)


def test_without_a_region_the_tail_is_half_the_p_value_of_the_corrected_t() -> None:
    _, _, p = corrected_t(DIFFERENCES, 0.25, 0.95)
    assert correlated_t(DIFFERENCES, 0.25, 0.0).below == pytest.approx(p / 2)


def test_the_other_way_round_it_is_mirrored() -> None:
    one, other = correlated_t(DIFFERENCES, 0.25, 0.01), correlated_t(-DIFFERENCES, 0.25, 0.01)
    assert (one.above, one.inside, one.below) == pytest.approx((other.below, other.inside, other.above))


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(0.0, (0, 1, 0)), (0.005, (0, 1, 0)), (0.01, (0, 1, 0)), (0.25, (1, 0, 0)), (-0.25, (0, 0, 1))],
)
def test_folds_without_spread_leave_no_doubt(difference: float, expected: tuple[float, float, float]) -> None:
    found = correlated_t(np.full(4, difference), 0.25, 0.01)
    assert (found.above, found.inside, found.below) == expected
