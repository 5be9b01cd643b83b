"""A point is evaluated at its own number of trees, or where the mean curve of the inner folds stops."""

import numpy as np
import pytest
from foldwise.search.fits import Fit
from foldwise.search.objective import AtTreeCounts, EarlyStopping, stopping_tree
from foldwise.stats.metrics import log_loss

# Best alone after 2 trees and after 6, together after 4: means 5, 4.5, 4, 3.5, 4.5, 4.5, 6, 7.
CURVES = [np.array(c, np.float64) for c in ([5, 3, 4, 4, 7, 8, 9, 9], [5, 6, 4, 3, 2, 1, 3, 5])]


@pytest.mark.parametrize(
    ("curve", "rounds", "trees"),
    [
        pytest.param([5, 4, 3, 2, 1], 2, 5, id="still falling at the end"),
        pytest.param([5, 4, 3, 4, 5, 1], 2, 3, id="stops before a later gain"),
        pytest.param([5, 4, 3, 4, 5, 1], 4, 6, id="patient enough for the later gain"),
        pytest.param([1, 2, 3], 5, 1, id="never better than the first tree"),
        pytest.param([2, 2, 2], 5, 1, id="the first of equal ones"),
        pytest.param([3], 1, 1, id="one tree"),
    ],
)
def test_a_curve_stops_where_it_was_best(curve: list[float], rounds: int, trees: int) -> None:
    assert stopping_tree(np.array(curve, np.float64), rounds, greater_is_better=False) == trees
    assert stopping_tree(-np.array(curve, np.float64), rounds, greater_is_better=True) == trees


@pytest.mark.parametrize("sign", [1, -1])
def test_inner_folds_that_disagree_stop_where_their_mean_is_best(sign: int) -> None:
    objective = EarlyStopping("log_loss", greater_is_better=sign < 0, rounds=3)
    evaluation = objective.combine(Fit({}, {8: [0]}, None), [sign * curve for curve in CURVES])[8]
    assert evaluation.trees == 4
    assert evaluation.metric.tolist() == [sign * 4, sign * 3]


def test_the_trees_of_a_point_limit_its_curve() -> None:
    objective = EarlyStopping("log_loss", greater_is_better=False, rounds=3)
    by_limit = objective.combine(Fit({}, {8: [0], 3: [1], 1: [2]}, None), CURVES)
    assert {limit: evaluation.trees for limit, evaluation in by_limit.items()} == {8: 4, 3: 3, 1: 1}
    assert by_limit[3].metric.tolist() == [4, 4]


def test_without_early_stopping_a_point_has_the_metric_of_its_own_trees() -> None:
    objective = AtTreeCounts(log_loss, greater_is_better=False)
    by_trees = objective.combine(Fit({}, {8: [0], 3: [1]}, None), [np.array([0.1, 0.2]), np.array([0.3, 0.4])])
    assert {trees: (e.trees, e.metric.tolist()) for trees, e in by_trees.items()} == {
        8: (8, [0.1, 0.3]),
        3: (3, [0.2, 0.4]),
    }
