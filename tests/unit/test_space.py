"""A search space is the backend's file with the configuration's values in place of its own."""

from pathlib import Path
from typing import Any

import pytest
from foldwise.backends import SPECIFICATIONS
from foldwise.errors import UserError
from foldwise.search.space import grid, read_space

SPACES = Path(__file__).parents[2] / "config" / "search"


@pytest.mark.parametrize(("name", "points"), [("xgboost", 64), ("lightgbm", 64), ("catboost", 72)])
def test_the_shipped_spaces_are_those_of_the_study(name: str, points: int) -> None:
    assert len(grid(read_space(SPACES / f"{name}.yaml", name, {}))) == points


def test_every_backend_has_a_space() -> None:
    assert {p.stem for p in SPACES.glob("*.yaml")} == set(SPECIFICATIONS)


def test_an_override_takes_the_place_of_one_parameter() -> None:
    space = read_space(SPACES / "xgboost.yaml", "xgboost", {"max_depth": [7]})
    assert space == {**read_space(SPACES / "xgboost.yaml", "xgboost", {}), "max_depth": [7]}


def test_a_parameter_may_be_added() -> None:
    assert read_space(SPACES / "xgboost.yaml", "xgboost", {"gamma": [0, 1]})["gamma"] == [0, 1]


def test_one_value_is_a_list_of_one() -> None:
    assert read_space(SPACES / "xgboost.yaml", "xgboost", {"grow_policy": "lossguide"})["grow_policy"] == ["lossguide"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"max_dept": [3]}, "search.space.xgboost: 'max_dept' is no parameter of xgboost; did you mean 'max_depth'?"),
        ({"max_depth": []}, "search.space.xgboost.max_depth: the list is empty"),
        ({"max_depth": [3, 5, 3]}, "names a value twice"),
        ({"n_estimators": [0]}, "search.space.xgboost.n_estimators: [0] given, whole numbers of trees from 1 expected"),
        ({"n_estimators": [1.5]}, "whole numbers of trees"),
        ({"n_estimators": [True]}, "whole numbers of trees"),
    ],
)
def test_a_wrong_space_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_space(SPACES / "xgboost.yaml", "xgboost", overrides)
    assert message in str(caught.value)
