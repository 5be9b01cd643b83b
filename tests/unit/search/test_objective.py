"""A point is evaluated at its own number of trees, or at one number taken from all inner folds."""

import numpy as np
import pytest
from foldwise.search.fits import Fit
from foldwise.search.objective import AtTreeCounts, EarlyStopping, held, tree_count
from foldwise.stats.metrics import log_loss

# Best alone after 2 trees and after 6.
CURVES = [np.array(c, np.float64) for c in ([5, 3, 4, 4, 7, 8, 9, 9], [5, 6, 4, 3, 2, 1, 3, 5])]


@pytest.mark.parametrize(
    ("curves", "trees"),
    [
        pytest.param([[5, 4, 3, 2, 1]], 5, id="still falling at the end"),
        pytest.param([[1, 2, 3]], 1, id="never better than the first tree"),
        pytest.param([[2, 2, 2]], 1, id="the first of equal ones"),
        pytest.param([[3]], 1, id="one tree"),
        pytest.param([[3, 2, 1, 0], [3, 2, 1, 0], [3, 5, 9, 12]], 3, id="one fold with large losses does not decide"),
        pytest.param([[1] * 9 + [0], [1, 0] + [1] * 8], 4, id="less than the mean of 10 and 2"),
    ],
)
def test_the_number_of_trees_is_the_geometric_mean_of_the_best_of_the_folds(
    curves: list[list[float]], trees: int
) -> None:
    assert tree_count(np.array(curves, np.float64), greater_is_better=False) == trees
    assert tree_count(-np.array(curves, np.float64), greater_is_better=True) == trees


def test_a_curve_that_stopped_early_keeps_its_last_value() -> None:
    np.testing.assert_array_equal(held([np.array([3.0, 2.0]), np.array([1.0])]), [[3, 2], [1, 1]])


@pytest.mark.parametrize("sign", [1, -1])
def test_inner_folds_that_disagree_are_read_at_one_number_of_trees(sign: int) -> None:
    objective = EarlyStopping("log_loss", greater_is_better=sign < 0, rounds=3)
    evaluation = objective.combine(Fit({}, {8: [0]}, None), [sign * curve for curve in CURVES])[8]
    assert evaluation.trees == 3
    assert evaluation.metric.tolist() == [sign * 4, sign * 4]


def test_the_trees_of_a_point_limit_its_curve() -> None:
    objective = EarlyStopping("log_loss", greater_is_better=False, rounds=3)
    by_limit = objective.combine(Fit({}, {8: [0], 3: [1], 1: [2]}, None), CURVES)
    assert {limit: evaluation.trees for limit, evaluation in by_limit.items()} == {8: 3, 3: 2, 1: 1}
    assert by_limit[3].metric.tolist() == [3, 6]


def test_without_early_stopping_a_point_has_the_metric_of_its_own_trees() -> None:
    objective = AtTreeCounts(log_loss, greater_is_better=False)
    by_trees = objective.combine(Fit({}, {8: [0], 3: [1]}, None), [np.array([0.1, 0.2]), np.array([0.3, 0.4])])
    assert {trees: (e.trees, e.metric.tolist()) for trees, e in by_trees.items()} == {
        8: (8, [0.1, 0.3]),
        3: (3, [0.2, 0.4]),
    }
