"""What the searches of most outer folds met: an edge of the search space, or the limit of trees."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from foldwise.results.search_limits import search_limits
from foldwise.results.training_records import FoldParams, Seconds, TrainTest

FOLD = FoldParams(
    backend="xgboost",
    fold=1,
    chosen={"max_depth": 6, "reg_lambda": 1.0},
    trees=40,
    trees_limit_met=False,
    at_edge={},
    metric="log_loss",
    score=0.5,
    points=8,
    fits=24,
    seconds=Seconds(1.0, 1.0, 2.0),
    peak_memory_mb=100,
    imports_memory_mb=50,
    inner_folds=3,
    searched_rows=80,
    rows=TrainTest(80, 20),
    groups=TrainTest(40, 10),
    features=5,
    versions={},
)
DEEPEST, SHALLOWEST = {"max_depth": "highest"}, {"max_depth": "lowest"}


def folds(*edges: Mapping[str, str], **changed: Any) -> dict[str, list[FoldParams]]:
    depths = {"highest": 6, "lowest": 3}
    return {
        "xgboost": [
            replace(FOLD, fold=n, at_edge=at, chosen={"max_depth": depths.get(at.get("max_depth", ""), 4)}, **changed)
            for n, at in enumerate(edges, start=1)
        ]
    }


def test_an_edge_that_most_folds_choose_is_named_with_its_value_and_the_key_of_the_space() -> None:
    assert search_limits(folds(DEEPEST, DEEPEST, DEEPEST, DEEPEST, {})) == [
        "xgboost: max_depth 6 is the highest value of its dimension and chosen in 4 of 5 outer folds: higher values of "
        "search.space.xgboost.max_depth may be better"
    ]
    [line] = search_limits(folds(*[SHALLOWEST] * 5))
    assert line.startswith("xgboost: max_depth 3 is the lowest value of its dimension and chosen in 5 of 5 outer folds")
    assert "lower values of search.space.xgboost.max_depth" in line


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param([DEEPEST, DEEPEST, DEEPEST, {}, {}], id="three of five"),
        pytest.param([DEEPEST, DEEPEST, SHALLOWEST, SHALLOWEST, DEEPEST], id="two values, either of them an end"),
        pytest.param([{}] * 5, id="no edge"),
    ],
)
def test_without_a_clear_majority_nothing_is_said(edges: list[dict[str, str]]) -> None:
    assert search_limits(folds(*edges)) == []


def test_the_limit_of_trees_is_told_where_most_folds_meet_it() -> None:
    met = folds(*[{}] * 5, trees_limit_met=True)
    [line] = search_limits(met)
    assert line == (
        "xgboost: the limit of trees is met before early stopping in 5 of 5 outer folds: more trees in "
        "search.space.xgboost may be better"
    )
    four = {"xgboost": [replace(met["xgboost"][0], trees_limit_met=False), *met["xgboost"][1:]]}
    assert "in 4 of 5 outer folds" in search_limits(four)[0]
    three = {"xgboost": [*four["xgboost"][:-1], four["xgboost"][0]]}
    assert search_limits(three) == []


def test_every_backend_and_parameter_has_a_line_of_its_own() -> None:
    both = {"max_depth": "highest", "reg_lambda": "lowest"}
    of_two = [replace(FOLD, at_edge=both, trees_limit_met=True)] * 2
    lines = search_limits({"xgboost": of_two, "catboost": of_two})
    assert [line.split(" ")[:2] for line in lines] == [
        [f"{backend}:", about] for backend in ("xgboost", "catboost") for about in ("max_depth", "reg_lambda", "the")
    ]
