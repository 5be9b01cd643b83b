"""Typing one column: numbers, categories, and reasons to leave a column out."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.data.column_types import NotAFeature, Rules, TypedColumn, check_known, equals_label, type_feature
from foldwise.errors import UserError


def typed(values: Any, **rules: Any) -> TypedColumn | NotAFeature:
    """Type one column under the given rules."""
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    return type_feature("x", pa.table({"x": column}), "x", Rules(**rules))


def feature(values: Any, **rules: Any) -> TypedColumn:
    outcome = typed(values, **rules)
    assert isinstance(outcome, TypedColumn), outcome
    return outcome


def reason(values: Any, **rules: Any) -> str:
    outcome = typed(values, **rules)
    assert isinstance(outcome, NotAFeature), outcome
    return outcome.reason


@pytest.mark.parametrize(
    "values",
    [
        pa.array([0.1, 0.2, 0.3]),
        pa.array([1, 2, 3]),
        pa.array([1, 2, 3], pa.uint8()),
        pa.array([0.5, 1.5, 2.5], pa.float32()),
        pa.array(np.array([0.5, 1.5, 2.5], np.float16)),
        pa.array([1, 2, 3]).cast(pa.decimal128(30, 2)),
    ],
    ids=lambda values: str(values.type),
)
def test_numbers_of_any_type_become_float32(values: pa.Array) -> None:
    assert feature(values).type == "float32"
    assert feature(values).values.type == pa.float32()


@pytest.mark.parametrize("values", [[1.0, 1.0 + 1e-12, 2.0], [2**24, 2**24 + 1, 5], [1e-50, 2e-50, 1.0]])
def test_numbers_that_float32_would_make_equal_stay_float64(values: list[float]) -> None:
    kept = feature(values)
    assert kept.type == "float64"
    assert kept.values.to_pylist() == values


def test_an_integer_beyond_float64_still_becomes_a_number() -> None:
    assert feature([2**60, 2**60 + 1, 5]).values.null_count == 0


def test_nan_and_null_are_missing_and_stay_in_place() -> None:
    assert feature([1.0, None, float("nan"), 2.0]).values.is_valid().to_pylist() == [True, False, False, True]


@pytest.mark.parametrize(
    "values", [[None, None], [float("nan"), None], pa.nulls(3), pa.array([None, None], pa.string())], ids=str
)
def test_a_column_without_a_value_is_left_out(values: Any) -> None:
    assert reason(values) == "all values missing"


@pytest.mark.parametrize("values", [[3.0, 3.0], [7, 7], ["a", "a"], [True, True]])
def test_a_constant_column_is_left_out(values: Any) -> None:
    assert reason(values) == "constant"


@pytest.mark.parametrize("values", [[3.0, None], ["a", None, "a"], [True, None]])
def test_one_value_with_gaps_is_kept_because_the_gaps_say_something(values: Any) -> None:
    assert feature(values).values.null_count == 1


def test_texts_get_codes_in_sorted_order_whatever_comes_first() -> None:
    first = feature(["b", "a", "c", "a", "b", "c"])
    second = feature(["c", "c", "a", "b", "a", "b"])
    assert first.categories == second.categories == ["a", "b", "c"]
    assert first.values.to_pylist() == [1, 0, 2, 0, 1, 2]
    assert first.values.type == pa.int32()


def test_a_missing_text_has_no_code() -> None:
    assert feature(["b", None, "a", "b", "a"]).values.to_pylist() == [1, None, 0, 1, 0]


def test_texts_that_differ_in_case_or_blanks_are_different() -> None:
    assert feature(["A", "a", " a", "A", "a", " a"]).categories == [" a", "A", "a"]


def test_booleans_are_coded_false_before_true() -> None:
    coded = feature([True, False, True])
    assert coded.categories == ["false", "true"]
    assert coded.values.to_pylist() == [1, 0, 1]


@pytest.mark.parametrize("values", [["x", "y", "x", "y"], [3, 10, 3, 10]], ids=["texts", "numbers"])
def test_a_pandas_category_is_a_category_whatever_it_holds(values: list[Any]) -> None:
    coded = feature(pa.array(pd.Categorical(values)))
    assert coded.type == "category"
    assert coded.values.to_pylist() in ([0, 1, 0, 1], [1, 0, 1, 0])


def test_a_listed_number_is_coded_by_its_text() -> None:
    assert feature([30.0, 25.0, 30.0, 25.0], categorical=True).categories == ["25", "30"]


def test_a_text_that_is_not_listed_is_refused() -> None:
    with pytest.raises(UserError, match="not listed in categorical"):
        typed(["a", "b", "a"], categorical=False)


def test_a_boolean_that_is_not_listed_is_coded_all_the_same() -> None:
    assert feature([True, False], categorical=False).type == "category"


@pytest.mark.parametrize(
    "values",
    [
        [f"clip {n}" for n in range(8)],
        [*(f"clip {n}" for n in range(7)), "clip 0"],
        [*(f"clip {n}" for n in range(7)), None],
    ],
    ids=["every row its own", "one text twice", "one missing"],
)
def test_a_text_that_identifies_its_row_is_left_out(values: list[str | None]) -> None:
    assert reason(values).startswith("identifier-like text")


def test_two_texts_in_two_rows_are_no_names() -> None:
    assert feature(["a", "b"]).categories == ["a", "b"]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.float16()], ids=str)
def test_a_sentinel_becomes_missing_in_the_precision_of_its_column(kind: pa.DataType) -> None:
    values = pa.array(np.array([0.1, 5.0, 7.0]).astype(kind.to_pandas_dtype()))
    assert feature(values, sentinels=[0.1]).values.null_count == 1


@pytest.mark.parametrize(
    ("values", "sentinels", "missing"),
    [
        ([0, 30, 25], [0, 30], 2),
        ([0, 30, 25], [0.5], 0),
        (["none", "avc", "none", "vp9", "avc"], ["none"], 2),
        ([True, False, True], [True], 2),
        ([0, 30, 25], [float("inf")], 0),
    ],
)
def test_sentinels_become_missing(values: Any, sentinels: list[Any], missing: int) -> None:
    assert feature(values, sentinels=sentinels).values.null_count == missing


def test_a_column_of_sentinels_alone_is_left_out() -> None:
    assert reason([0, 0, 0], sentinels=[0]) == "all values missing"
    assert reason(["x", "x"], sentinels=["x"]) == "all values missing"


def test_a_number_coded_as_category_takes_its_sentinel_as_number() -> None:
    assert feature([0.0, 1.0, 2.0, 1.0], categorical=True, sentinels=[0.0]).categories == ["1", "2"]


def test_a_text_as_sentinel_of_a_number_is_refused() -> None:
    with pytest.raises(UserError, match="leave out the quotes"):
        typed([0, 1], sentinels=["0"])


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_an_infinity_is_an_error_that_counts_them(infinity: float) -> None:
    with pytest.raises(UserError, match="'x' contains 2 infinite values"):
        typed([1.0, infinity, infinity])


def test_an_infinity_can_be_declared_missing() -> None:
    assert feature([1.0, np.inf, 2.0], infinite_is_missing=True).values.to_pylist() == [1.0, None, 2.0]


def test_an_infinity_can_be_a_sentinel() -> None:
    assert feature([1.0, np.inf, 2.0], sentinels=[np.inf]).values.null_count == 1


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [b"a"], [pd.Timestamp("2024-01-01")]], ids=str)
def test_a_type_that_is_no_feature_is_named(values: Any) -> None:
    kind = str(pa.array(values).type)
    with pytest.raises(UserError) as caught:
        typed([*values, None])
    assert f"has type {kind}" in str(caught.value)


LABEL = np.array([0, 1, 0, 1, 1, 0], np.int8)


@pytest.mark.parametrize(
    ("values", "equal"),
    [
        ([0, 1, 0, 1, 1, 0], True),
        ([5, 2, 5, 2, 2, 5], True),
        (["b", "a", "b", "a", "a", "b"], True),
        ([None, 1, 0, 1, None, 0], True),
        ([None, 1, None, 1, 1, None], True),
        ([None, 1, None, None, None, 0], False),
        ([0, 1, 0, 1, 1, 1], False),
        ([0, 1, 0, 2, 1, 0], False),
    ],
    ids=["itself", "turned", "as text", "with gaps", "there for one class only", "too few known", "one off", "three"],
)
def test_a_column_that_says_what_the_label_says_is_recognised(values: list[Any], equal: bool) -> None:
    assert equals_label(feature(values), LABEL) is equal


def test_an_unknown_column_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UserError, match="exclude names 'nois', which is not a column; did you mean 'noise'"):
        check_known(["noise", "nois"], ["noise", "frames"], "exclude")
