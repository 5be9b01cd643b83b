"""A chosen number at the end of its dimension is named, with the end."""

from typing import Any

import pytest
from foldwise.search.edges import edges_of


@pytest.mark.parametrize(
    ("point", "space", "edges"),
    [
        pytest.param({"depth": 6}, {"depth": [3, 6]}, {"depth": "highest"}, id="the higher of two values"),
        pytest.param({"depth": 3}, {"depth": [6, 3, 4]}, {"depth": "lowest"}, id="whatever their order"),
        pytest.param({"depth": 4}, {"depth": [3, 4, 6]}, {}, id="in between"),
        pytest.param({"depth": 4}, {"depth": [4]}, {}, id="the only value"),
        pytest.param({"rate": 0.5}, {"rate": {"low": 0.01, "high": 0.5}}, {"rate": "highest"}, id="a bound"),
        pytest.param({"rate": 0.4}, {"rate": {"low": 0.01, "high": 0.5}}, {}, id="within a range"),
        pytest.param(
            {"n": 3}, {"n": {"low": 3, "high": 9, "when": {"policy": ["a"]}}}, {"n": "lowest"}, id="with a condition"
        ),
        pytest.param(
            {"n": 9}, {"n": {"values": [3, 9], "when": {"p": ["a"]}}}, {"n": "highest"}, id="values with a condition"
        ),
        pytest.param({"extra": True}, {"extra": [False, True]}, {}, id="true is no number"),
        pytest.param({"policy": "b"}, {"policy": ["a", "b"]}, {}, id="nor is a text"),
        pytest.param({"rate": 2}, {"rate": [1.0, 2.0]}, {"rate": "highest"}, id="whole and real"),
    ],
)
def test_a_number_at_an_end_of_its_dimension_is_named(
    point: dict[str, Any], space: dict[str, Any], edges: dict[str, str]
) -> None:
    assert edges_of(point, space) == edges


def test_the_limit_of_trees_is_left_out_with_early_stopping() -> None:
    point, space = {"depth": 3, "trees": 9}, {"depth": [3, 6], "trees": [5, 9]}
    assert edges_of(point, space) == {"depth": "lowest", "trees": "highest"}
    assert edges_of(point, space, without="trees") == {"depth": "lowest"}


def test_a_dimension_that_the_point_does_not_have_counts_not() -> None:
    assert edges_of({"depth": 4}, {"depth": [3, 4, 6], "leaves": [3, 9]}) == {}
