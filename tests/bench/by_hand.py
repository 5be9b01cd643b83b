"""What a practitioner writes in a few lines, and what needs no model: methods that the workflow is compared with.

A method sees the train rows with their labels and inner folds, and of the test rows the features alone. Everything
runs on one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.training.logistic_regression import fit_and_predict
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

SEED = 42
Probabilities = npt.NDArray[np.float64]
_MOST_TREES = 2000
_PATIENCE = 50


@dataclass(frozen=True)
class Task:
    """One outer fold of a table: n train rows and m test rows of p features.

    Attributes:
        train: features of the train rows, n x p; a category is its code, missing is NaN.
        label: shape (n,), 0 or 1.
        inner: shape (n,): inner fold of each train row, from 1.
        test: features of the test rows, m x p.
    """

    train: FeatureMatrix
    label: npt.NDArray[np.int8]
    inner: npt.NDArray[np.int16]
    test: FeatureMatrix


Method = Callable[[Task], Probabilities]
"""From a task to the probability of class 1 of its test rows, shape (m,)."""


def constant(task: Task) -> Probabilities:
    """Predict the share of positive train rows."""
    return np.full(len(task.test), task.label.mean())


def logistic_regression(task: Task) -> Probabilities:
    """Predict with the workflow's own reference."""
    both = FeatureMatrix(
        np.concatenate([task.train.values, task.test.values]), task.train.names, task.train.categorical
    )
    unknown = np.zeros(len(task.test), np.int8)
    part = np.concatenate([task.inner, unknown.astype(np.int16)])
    return fit_and_predict(both, np.concatenate([task.label, unknown]), part, SEED)


def hist_gradient_boosting(task: Task) -> Probabilities:
    """Predict with scikit-learn's gradient boosting as it comes, told which columns are categories.

    Above 10,000 train rows it stops early on a random tenth of them, which it does not split by group.
    """
    categories = list(task.train.categorical) or None
    return _fitted(HistGradientBoostingClassifier(random_state=SEED, categorical_features=categories), task)


def extra_trees(task: Task) -> Probabilities:
    """Predict with 300 extremely randomised trees; categories are their codes."""
    return _fitted(ExtraTreesClassifier(n_estimators=300, n_jobs=1, random_state=SEED), task)


def lightgbm_by_hand(task: Task, **params: Any) -> Probabilities:
    """Predict with LightGBM's defaults, the number of trees from early stopping on the inner folds.

    Args:
        task: the outer fold.
        params: parameters that are not the defaults.
    """
    trees = []
    for fold in np.unique(task.inner):
        fit, held_out = task.inner != fold, task.inner == fold
        model = _lightgbm(_MOST_TREES, params).fit(
            task.train.values[fit],
            task.label[fit],
            eval_X=task.train.values[held_out],
            eval_y=task.label[held_out],
            eval_metric="binary_logloss",
            callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
            categorical_feature=list(task.train.categorical),
        )
        trees.append(model.best_iteration_)
    model = _lightgbm(max(1, round(float(np.mean(trees)))), params)
    return _fitted(model, task, categorical_feature=list(task.train.categorical))


def lightgbm_extra_trees(task: Task) -> Probabilities:
    """Predict as :func:`lightgbm_by_hand` with one random threshold a feature and node."""
    return lightgbm_by_hand(task, extra_trees=True)


def _lightgbm(trees: int, params: dict[str, Any]) -> Any:
    fixed: dict[str, Any] = {"learning_rate": 0.1, "n_jobs": 1, "random_state": SEED, "verbosity": -1}
    return lightgbm.LGBMClassifier(n_estimators=trees, **fixed, **params)


def _fitted(model: Any, task: Task, **options: Any) -> Probabilities:
    model.fit(task.train.values, task.label, **options)
    return np.asarray(model.predict_proba(task.test.values)[:, 1], np.float64)


METHODS: dict[str, Method] = {
    "constant": constant,
    "logistic-regression": logistic_regression,
    "hist-gradient-boosting": hist_gradient_boosting,
    "extra-trees": extra_trees,
    "lightgbm": lightgbm_by_hand,
    "lightgbm-extra-trees": lightgbm_extra_trees,
}
