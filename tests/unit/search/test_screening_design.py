"""The design of a screening is balanced and informative, and main effects predict the fits outside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.small_study import study_space
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.search.fits import Fit, plan_fits
from foldwise.search.parameters import Point
from foldwise.search.screening import design, indicators, predict
from foldwise.search.space import grid, read_space

SPACES = Path(__file__).parents[3] / "config" / "search"


def _fits(points: Sequence[Point], name: str) -> list[Fit]:
    return plan_fits(points, SPECIFICATIONS[name].trees, get_backend(name))


def _fits_of(space: Mapping[str, Any]) -> list[Fit]:
    return plan_fits(grid({**space, "trees": [1]}), "trees", get_backend("xgboost"))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("name", "size"), [("xgboost", 11), ("lightgbm", 11), ("catboost", 12)])
def test_the_design_has_every_value_about_equally_often(name: str, size: int, seed: int) -> None:
    points = grid(read_space(SPACES / f"{name}.yaml", name, study_space(name)).dimensions)
    columns = indicators(_fits(points, name))
    drawn = design(columns, seed)
    assert len(drawn) == size
    share = columns[drawn].sum(axis=0) / size
    # At most two fits more or fewer than in proportion.
    assert size * np.abs(share - columns.sum(axis=0) / columns.shape[0]).max() < 2.1


def test_the_design_is_the_most_informative_of_four_hundred() -> None:
    space = read_space(SPACES / "catboost.yaml", "catboost", study_space("catboost")).dimensions
    columns = indicators(_fits(grid(space), "catboost"))
    random = np.random.default_rng(3)
    # Without the first of every two or three columns of a parameter: the usual dummy coding.
    dummies = columns.toarray()[:, [0, 2, 4, 5, 7, 8, 10]]

    def information(rows: Any) -> float:
        return float(np.linalg.det(dummies[rows].T @ dummies[rows]))

    drawn = [information(random.choice(36, 12, replace=False)) for _ in range(400)]
    assert np.linalg.matrix_rank(dummies) == dummies.shape[1]
    assert information(design(columns, 3)) == pytest.approx(max(drawn))


def test_a_seed_gives_the_same_design_and_another_one_another() -> None:
    columns = indicators(_fits_of({"a": [1, 2, 3], "b": [0, 1, 2], "c": [0.1, 0.2, 0.3, 0.4]}))
    assert design(columns, 1) == design(columns, 1)
    assert design(columns, 1) != design(columns, 2)


def test_main_effects_predict_what_was_not_measured() -> None:
    fits = _fits_of({"a": [1, 2, 3], "b": [0, 1, 2], "c": [0.1, 0.2, 0.3, 0.4]})
    loss = np.array([f.params["a"] - 2.0 * f.params["b"] + f.params["c"] for f in fits])
    columns = indicators(fits)
    measured = design(columns, 1)
    predicted = predict(columns, measured, loss[measured].tolist())
    np.testing.assert_allclose(predicted - predicted.mean(), loss - loss.mean(), atol=0.01)


def test_a_value_whose_fits_are_all_nan_is_predicted_to_be_bad() -> None:
    columns = indicators(_fits_of({"a": [1, 2], "b": [1, 2, 3]}))
    predicted = predict(columns, [0, 1, 3, 4], [1.0, 1.2, np.inf, np.inf])
    assert (predicted[:3] < predicted[3:]).all()


def test_a_design_without_any_value_predicts_all_fits_to_be_equal() -> None:
    columns = indicators(_fits_of({"a": [1, 2, 3]}))
    assert predict(columns, [0, 1], [np.inf, np.inf]).tolist() == [0, 0, 0]


def test_the_design_has_more_fits_than_coefficients() -> None:
    # 30 fits and 1 + 9 + 2 coefficients: a third would be fewer.
    columns = indicators(_fits_of({"a": list(range(10)), "b": [0, 1, 2]}))
    assert len(design(columns, 1)) == 13


def test_numbers_of_trees_are_a_parameter_where_they_need_fits_of_their_own() -> None:
    points = grid({"n_estimators": [10, 20], "num_leaves": [3, 5], "boosting_type": ["dart"]})
    assert indicators(_fits(points, "lightgbm")).shape == (4, 1 + 2 + 2)
