"""The factors and the spreads of the training variance are those counted pair by pair."""

import numpy as np
import pytest
from foldwise.stats.training_variance import SplitShares, variance_over_inner_models, variance_over_repeats


def assigned(groups: int, n_splits: int, inner_splits: int, seed: int = 0) -> np.ndarray:
    """Split groups at random: shape (K, G), 0 for a test group, else the inner fold."""
    random = np.random.default_rng(seed)
    outer = random.permutation(groups) % n_splits
    inner = np.stack([random.permutation(groups) % inner_splits + 1 for _ in range(n_splits)])
    return np.where(outer == np.arange(n_splits)[:, np.newaxis], 0, inner).astype(np.int16)


def counted(inner_fold: np.ndarray) -> tuple[float, float, float]:
    """Return q, m and w by a loop over pairs of groups."""
    groups = inner_fold.shape[1]
    sizes, variances = [], []
    for a in range(groups):
        folds = np.flatnonzero(inner_fold[:, a] > 0)
        for b in set(range(groups)) - {a}:
            trained = [inner_fold[j, b] > 0 and inner_fold[j, b] != inner_fold[j, a] for j in folds]
            sizes += trained
            # One model says nothing about the spread.
            variances += [np.var(trained, ddof=1)] if len(folds) > 1 else []
    return float((inner_fold > 0).mean()), float(np.mean(sizes)), float(np.mean(variances))


def test_five_by_three_folds_have_the_factor_worked_out_by_hand() -> None:
    # q = 4/5, m = 8/15; w = 4/5 (3/4 * 2/9 + 1/4 * 4/9) + 1/5 * 2/9 = 4/15; m^2 / (q w) = 4/3.
    shares = SplitShares.equal(5, 3)
    assert (shares.trained, shares.inner_trained, shares.varies) == pytest.approx((4 / 5, 8 / 15, 4 / 15))
    assert shares.inner_factor == pytest.approx(4 / 3)


@pytest.mark.parametrize(("n_splits", "inner_splits"), [(3, 4), (5, 3), (6, 2)])
def test_shares_of_folds_are_those_counted_pair_by_pair(n_splits: int, inner_splits: int) -> None:
    folds = assigned(23, n_splits, inner_splits)
    folds[0, :4] = -1
    shares = SplitShares.of_folds(folds)
    assert (shares.trained, shares.inner_trained, shares.varies) == pytest.approx(counted(folds))


@pytest.mark.parametrize(("n_splits", "inner_splits"), [(3, 4), (5, 3), (10, 3)])
def test_many_groups_have_the_shares_of_equal_folds(n_splits: int, inner_splits: int) -> None:
    measured = SplitShares.of_folds(assigned(6000, n_splits, inner_splits))
    assert measured.inner_factor == pytest.approx(SplitShares.equal(n_splits, inner_splits).inner_factor, rel=0.01)


def test_two_outer_folds_do_not_show_the_training_variance() -> None:
    for shares in (SplitShares.equal(2, 3), SplitShares.of_folds(assigned(20, 2, 3))):
        assert np.isnan(shares.varies)
        assert variance_over_inner_models(np.ones((2, 20)), np.array([1, 1]), shares) is None


@pytest.mark.parametrize("repeats", [1, 2])
def test_the_variance_over_inner_models_is_summed_over_groups(repeats: int) -> None:
    random = np.random.default_rng(1)
    influence = random.normal(size=(3 * repeats, 6))
    repeat = np.repeat(np.arange(repeats), 3)
    for fold in range(3 * repeats):
        influence[fold, (np.arange(6) + fold // 3) % 3 == fold % 3] = np.nan
    expected = 0.0
    for number in range(repeats):
        for group in range(6):
            values = [v for v in influence[repeat == number, group] if np.isfinite(v)]
            assert len(values) == 2
            expected += (values[0] - values[1]) ** 2 / 2 / repeats
    shares = SplitShares.equal(3, 4)
    factor = shares.inner_factor * (2 / 3 + 1 / 3 / repeats)
    assert variance_over_inner_models(influence, repeat, shares) == pytest.approx(factor * expected)


def test_the_variance_over_repeats_is_summed_over_groups() -> None:
    shares = SplitShares.equal(5, 3)
    influence = np.array([[1.0, 0.0, 2.0], [3.0, 0.0, 2.5]])
    # Variances 2, 0 and 1/8; q / (1 - q) = 4 and 1 / R = 1/2.
    assert variance_over_repeats(influence, shares) == pytest.approx(4.5 * (2 + 1 / 8))
    assert variance_over_repeats(influence[:1], shares) is None
