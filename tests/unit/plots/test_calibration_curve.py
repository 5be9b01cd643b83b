"""The band of the calibration curve counts groups, not rows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.plots.calibration_curve import Reliability, reliability

GROUPS, COPIES = 100, 16
Array = npt.NDArray[Any]


def rows(copies: int = COPIES) -> tuple[Array, Array, Array]:
    """Return label, score and group of 100 groups whose rows are copies of one row."""
    random = np.random.default_rng(0)
    score = random.random(GROUPS)
    label = (random.random(GROUPS) < score).astype(np.int8)
    return tuple(np.repeat(values, copies) for values in (label, score, np.arange(GROUPS)))  # type: ignore[return-value]


def band_by(group: Array) -> Reliability:
    label, score, _ = rows()
    return reliability(label, score, group)


def mean_width(band: Reliability) -> float:
    return float((band.high - band.low).mean())


def test_rows_that_copy_each_other_within_a_group_widen_the_band() -> None:
    # Sixteen copies of a row say no more than one; as rows of their own the band is a quarter as wide.
    by_row = mean_width(band_by(np.arange(GROUPS * COPIES)))
    assert mean_width(band_by(rows()[2])) / by_row == pytest.approx(np.sqrt(COPIES), rel=0.2)


def test_the_band_of_copies_is_that_of_the_rows_copied() -> None:
    # As many groups are drawn, and each weighs the same: only the bins hold more rows.
    label, score, group = (np.concatenate([a] * 3) for a in rows(copies=10))
    band, copied = band_by(rows()[2]), reliability(label, score, group)
    np.testing.assert_array_equal(copied.low, band.low)
    np.testing.assert_array_equal(copied.high, band.high)


def test_the_curve_itself_does_not_depend_on_the_groups() -> None:
    by_group, by_row = band_by(rows()[2]), band_by(np.arange(GROUPS * COPIES))
    np.testing.assert_array_equal(by_group.positive, by_row.positive)


def test_the_band_contains_the_curve() -> None:
    band = band_by(rows()[2])
    assert ((band.low <= band.positive) & (band.positive <= band.high)).all()


def test_the_band_of_independent_rows_is_that_of_binomial_shares() -> None:
    random = np.random.default_rng(1)
    score = np.full(400, 0.3)
    label = (random.random(400) < 0.3).astype(np.int8)
    band = reliability(label, score, np.arange(400))
    share = label.mean()
    expected = 2 * 1.96 * np.sqrt(share * (1 - share) / 400)
    assert mean_width(band) == pytest.approx(expected, rel=0.1)


def test_the_names_of_the_groups_do_not_matter() -> None:
    _, _, group = rows()
    named = np.array([f"video_{g:03d}" for g in group])
    np.testing.assert_array_equal(band_by(named).low, band_by(group).low)


def test_large_groups_are_drawn_no_more_often_than_small_ones() -> None:
    # The one group with positive rows is missing from a third of the draws, though it holds half of the rows.
    label = np.repeat([1, 0], [100, 99])
    group = np.concatenate([np.zeros(100, int), np.arange(1, 100)])
    assert reliability(label, np.full(199, 0.5), group).low.tolist() == [0.0]
