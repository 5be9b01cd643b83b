"""A search space is read from the backend's file, or the user's, with values replaced by the configuration's."""

from pathlib import Path
from typing import Any

import pytest
from fixtures.small_study import study_space
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.errors import UserError
from foldwise.search.parameters import check_dimension, for_rows, values_of
from foldwise.search.space import Space, grid, read_space
from sklearn.model_selection import ParameterGrid

SPACES = Path(__file__).parents[3] / "config" / "search"


def read(given: str | dict[str, Any], backend: str = "xgboost", method: str = "grid") -> Space:
    return read_space(SPACES / f"{backend}.yaml", backend, given, method).dimensions


def refused(given: str | dict[str, Any], backend: str = "xgboost", method: str = "grid") -> str:
    with pytest.raises(UserError) as caught:
        read(given, backend, method)
    return str(caught.value)


@pytest.mark.parametrize(("name", "points"), [("xgboost", 3), ("lightgbm", 6), ("catboost", 3)])
def test_the_shipped_spaces_are_small_and_need_no_change(name: str, points: int) -> None:
    space = read_space(SPACES / f"{name}.yaml", name, {})
    assert len(grid(space.dimensions)) == points
    assert len(space.dimensions[SPECIFICATIONS[name].trees]) == 1
    assert space.notes == ()


@pytest.mark.parametrize(("name", "points"), [("xgboost", 64), ("lightgbm", 64), ("catboost", 72)])
def test_the_example_of_the_study_names_its_grid_and_every_parameter_of_the_shipped_space(
    name: str, points: int
) -> None:
    assert set(read({}, name)) <= set(study_space(name))
    assert len(grid(read(study_space(name), name))) == points


def test_every_backend_has_a_space() -> None:
    assert {p.stem for p in SPACES.glob("*.yaml")} == set(SPECIFICATIONS)


def test_an_override_replaces_one_parameter() -> None:
    assert read({"max_depth": [7]}) == {**read({}), "max_depth": [7]}


def test_a_parameter_may_be_added() -> None:
    assert read({"gamma": [0, 1]})["gamma"] == [0, 1]


def test_one_value_is_a_list_of_one() -> None:
    assert read({"grow_policy": "lossguide"})["grow_policy"] == ["lossguide"]


def test_a_file_replaces_the_shipped_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("n_estimators: [50]\nmax_depth: [2, 4]\n")
    assert read("mine.yaml") == {"max_depth": [2, 4], "n_estimators": [50]}
    assert read({"file": "mine.yaml", "max_depth": 6}) == {"max_depth": [6], "n_estimators": [50]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no file 'mine.yaml': correct the path (it counts from the working folder"),
        ("", "'mine.yaml' is empty"),
        ("- max_depth\n", "'mine.yaml' contains a list"),
        ("max_depth: [3\n", "'mine.yaml' cannot be read as YAML"),
        ("max_depth: [3]\n", "search.space.xgboost.n_estimators is missing"),
        ("n_estimators: [5]\nmax_dept: [3]\n", "did you mean 'max_depth'?"),
    ],
    ids=["missing", "empty", "list", "not YAML", "no trees", "misspelt"],
)
def test_a_file_that_is_not_a_space_is_refused(
    content: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("mine.yaml").write_text(content)
    message = refused("mine.yaml")
    assert message.startswith("search.space.xgboost")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"max_dept": [3]},
            "search.space.xgboost: 'max_dept' is not a parameter of xgboost; did you mean 'max_depth'?",
        ),
        ({"lambda_reg": [1]}, "'lambda_reg' is not a parameter of xgboost; did you mean 'reg_lambda'?"),
        ({"max_depth": []}, "search.space.xgboost.max_depth: the list is empty"),
        ({"max_depth": [3, 5, 3]}, "names a value twice"),
        ({"n_estimators": [0]}, "search.space.xgboost.n_estimators: [0] given, whole numbers of trees from 1 expected"),
        ({"n_estimators": [1.5]}, "n_estimators: 1.5 given, a whole number expected"),
        ({"n_estimators": [True]}, "n_estimators: True given, a whole number expected"),
        ({"n_estimators": {"low": 0, "high": 10, "step": 5}}, "whole numbers of trees from 1"),
        ({"n_estimators": {"values": [5], "when": {"max_depth": 3}}}, "needed in every point"),
        ({"file": 3}, "search.space.xgboost.file: 3 given, the path of a YAML file expected"),
        ({"learning_rate": "fast"}, "learning_rate: 'fast' given, a number expected"),
        ({"learning_rate": None}, "learning_rate: None given, a number expected"),
        ({"grow_policy": 3}, "grow_policy: 3 given, a text expected"),
        ({"grow_policy": {"low": 1, "high": 2}}, "grow_policy: a range of numbers given, a text expected"),
        ({"gamma": {"low": 2, "high": 1}}, "gamma: low 2 and high 1 given: low must be less than high"),
        ({"gamma": {"low": 1, "high": 1}}, "low must be less than high"),
        ({"gamma": {"low": 1}}, "gamma.high is missing"),
        ({"gamma": {"low": "a", "high": 1}}, "gamma.low: 'a' given, a number expected"),
        ({"gamma": {"low": 0, "high": 1, "log": True}}, "a logarithm needs a low above 0"),
        ({"gamma": {"low": 0, "high": 1, "log": 1}}, "gamma.log: 1 given, true or false expected"),
        ({"gamma": {"low": 1, "high": 9, "log": True, "step": 1}}, "step and log exclude each other"),
        ({"gamma": {"low": 0, "high": 1, "step": 0}}, "step 0 given from 0 to 1"),
        ({"gamma": {"low": 0, "high": 1, "step": 2}}, "step 2 given from 0 to 1"),
        ({"gamma": {"low": 0, "hihg": 1}}, "gamma: unknown key 'hihg'; did you mean 'high'?"),
        ({"gamma": {"low": 0, "high": 1, "values": [3]}}, "gamma: give either values"),
        ({"gamma": {"when": {"max_depth": 3}}}, "gamma: give either values"),
        ({"max_depth": {"low": 2.5, "high": 9}}, "max_depth.low: 2.5 given, a whole number expected"),
        (
            {"gamma": {"values": [1], "when": {"max_dept": 3}}},
            "'max_dept' is not a parameter of this space; did you mean",
        ),
        ({"gamma": {"values": [1], "when": {"max_depth": 4}}}, "gamma.when.max_depth: 4 is not one of its values"),
        ({"gamma": {"values": [1], "when": {}}}, "gamma.when: {} given"),
        ({"gamma": {"values": [1], "when": {"max_depth": []}}}, "gamma.when.max_depth: the list is empty"),
        (
            {"gamma": {"values": [1], "when": {"gamma": 1}}},
            "the conditions of 'gamma' depend on each other in a circle",
        ),
        ({"gamma": {"low": 0, "high": 1}}, "gamma: search.method: grid cannot try every value of a range without"),
        ({"gamma": {"low": 0, "high": 1, "step": 1e-5}}, "more than 100,000 points for search.method: grid"),
        ({"gamma": {"low": 0, "high": 1e300, "step": 1}}, "by 1 are more than 100,000 values: give a larger step"),
        ({"gamma": {"low": 0, "high": 100_000, "step": 1}}, "by 1 are more than 100,000 values: give a larger step"),
        ({"gamma": float("inf")}, "gamma: inf given, a number within the range of double precision expected"),
    ],
    ids=str,
)
def test_a_wrong_space_is_refused(overrides: dict[str, Any], message: str) -> None:
    assert message in refused(overrides)


def test_a_range_may_have_a_hundred_thousand_values() -> None:
    space = read({"gamma": {"low": 1, "high": 100_000, "step": 1}}, method="random")
    assert space["gamma"] == {"low": 1, "high": 100_000, "step": 1}


def test_circular_conditions_are_refused() -> None:
    circle = {
        "gamma": {"values": [1], "when": {"max_bin": 8}},
        "max_bin": {"values": [8], "when": {"gamma": 1}},
    }
    assert "the conditions of 'gamma', 'max_bin' depend on each other" in refused(circle)


def test_a_condition_on_a_range_without_a_step_is_refused() -> None:
    space = {"gamma": {"low": 0, "high": 1}, "max_bin": {"values": [8], "when": {"gamma": 0.5}}}
    assert "a list of values or a range with a step" in refused(space, method="random")


def test_numbers_that_yaml_reads_as_strings_are_numbers() -> None:
    space = read({"learning_rate": {"low": "1e-3", "high": "3e-1", "log": True}}, method="random")
    assert space["learning_rate"] == {"low": 0.001, "high": 0.3, "log": True}


def test_the_value_no_of_catboost_that_yaml_reads_as_false_is_a_name() -> None:
    assert read({"bootstrap_type": [False, "MVS"]}, "catboost")["bootstrap_type"] == ["No", "MVS"]


def test_a_grid_of_lists_has_the_order_of_scikit_learn() -> None:
    space = {"b": [2, 1], "a": ["x", "y"], "c": [0.5]}
    assert grid(space) == list(ParameterGrid(space))


def test_a_range_with_a_step_is_enumerated() -> None:
    space: Space = {"b": {"low": 0.1, "high": 0.75, "step": 0.2}, "a": {"low": 1, "high": 5, "step": 2}}
    assert grid(space) == list(ParameterGrid({"a": [1, 3, 5], "b": [0.1, 0.3, 0.5, 0.7]}))
    assert {type(p["a"]) for p in grid(space)} == {int}


def test_a_conditional_parameter_is_only_in_points_that_meet_its_condition() -> None:
    space: Space = {
        "depth": {"values": [2, 3], "when": {"policy": ["level"]}},
        "leaves": {"values": [7, 9], "when": {"policy": ["leaf"]}},
        "balance": {"values": [0, 1], "when": {"leaves": [9]}},
        "policy": ["level", "leaf"],
    }
    assert grid(space) == [
        {"leaves": 7, "policy": "leaf"},
        {"depth": 2, "policy": "level"},
        {"depth": 3, "policy": "level"},
        {"balance": 0, "leaves": 9, "policy": "leaf"},
        {"balance": 1, "leaves": 9, "policy": "leaf"},
    ]


def test_values_for_large_tables_are_left_out_of_small_ones() -> None:
    dimension = check_dimension("max_depth", {"values": [3, 6, 10], "least_rows": {10: 2500, 6: 500}}, "integer")
    assert [for_rows(dimension, rows) for rows in (499, 500, 2499, 2500)] == [[3], [3, 6], [3, 6], [3, 6, 10]]
    assert values_of(dimension) == [3, 6, 10]
    assert for_rows([3, 6], 1) == [3, 6]


def test_a_condition_stays_where_values_are_left_out() -> None:
    given = {"values": [8, 64], "least_rows": {64: 100}, "when": {"grow_policy": "lossguide"}}
    left = for_rows(check_dimension("max_leaves", given, "integer"), 10)
    assert left == {"values": [8], "when": {"grow_policy": ["lossguide"]}}


@pytest.mark.parametrize(
    ("least_rows", "message"),
    [
        ({7: 100}, "max_depth.least_rows: 7 is not one of the values: '3', '6'"),
        ({3: 10, 6: 20}, "no value is left for a table with few rows"),
        ({6: "many"}, "values with their least number of train rows expected"),
        ([6], "values with their least number of train rows expected"),
    ],
)
def test_a_wrong_number_of_rows_is_refused(least_rows: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_dimension("max_depth", {"values": [3, 6], "least_rows": least_rows}, "integer")
