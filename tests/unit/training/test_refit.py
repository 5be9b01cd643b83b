"""A search may look at some points, and at some groups; both are drawn by the seed."""

import numpy as np
import pytest
from foldwise.backends.registry import get_backend
from foldwise.search.fits import TrainPart
from foldwise.search.run_search import search_points
from foldwise.search.settings import Settings
from foldwise.training.train_data import rows_of_some_groups
from tables import grouped, inner_folds


def test_a_random_search_scores_the_points_that_it_drew() -> None:
    data = grouped()
    space = {"max_depth": [2, 3], "learning_rate": [0.1], "n_estimators": [5, 10]}
    settings = Settings("xgboost", 1, 1, "cpu", "none", "log_loss", None, space, n_trials=2)
    part = TrainPart(data.matrix, data.label, None, inner_folds(data))
    assert len(search_points(part, get_backend("xgboost"), settings).points) == 2


def test_a_fraction_keeps_whole_groups_of_both_classes_in_every_inner_fold() -> None:
    data = grouped(groups=60)
    inner = inner_folds(data)
    kept = rows_of_some_groups(data.label, data.group, inner, 0.2, seed=3)
    assert all(len(set(kept[data.group == g])) == 1 for g in np.unique(data.group))
    assert kept.mean() == pytest.approx(0.2)
    for fold in (1, 2, 3):
        assert set(data.label[kept & (inner == fold)]) == {0, 1}


def test_the_whole_fraction_keeps_every_row() -> None:
    data = grouped()
    assert rows_of_some_groups(data.label, data.group, inner_folds(data), 1.0, seed=3).all()
