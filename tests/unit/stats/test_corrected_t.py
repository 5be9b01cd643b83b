"""The corrected t interval and Holm's adjustment give the numbers that can be worked out by hand."""

import numpy as np
import pytest
from foldwise.stats.corrected_t import corrected_t, holm, reason_to_refuse
from scipy import stats


def test_the_interval_is_that_of_nadeau_and_bengio() -> None:
    # Scores of 5 folds: .70 .72 .74 .76 .78; mean .74; deviations -.04 -.02 0 .02 .04.
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
def test_folds_without_spread_leave_no_doubt(difference: float, p: float) -> None:
    interval, _, found = corrected_t(np.full(5, difference), 0.25, 0.95)
    assert found == p
    assert interval.low == interval.high == difference


def test_more_confidence_makes_a_wider_interval() -> None:
    values = np.array([0.70, 0.72, 0.74, 0.76, 0.78])
    narrow, wide = (corrected_t(values, 0.25, confidence)[0] for confidence in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_an_interval_is_written_as_plain_numbers() -> None:
    found = corrected_t(np.array([0.7, 0.8]), 0.25, 0.95)[0].as_dict()
    assert set(found) == {"estimate", "low", "high", "confidence", "se", "df", "n_folds"}
    assert {type(v) for v in found.values()} == {int, float}


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
