"""A column of a new table is read as numbers whatever its type, where that loses nothing."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from foldwise.data.contract import Feature
from foldwise.predict.new_columns import ContractColumn, Conversion


@pytest.mark.parametrize("trained", ["float32", "float64"])
@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param(pa.array([True, False, None]), [1, 0, np.nan], id="true is 1 and false 0"),
        pytest.param(pa.nulls(3), [np.nan] * 3, id="a column without any value is missing"),
    ],
)
def test_truths_and_empty_columns_are_read_as_numbers(trained: str, new: Any, expected: list[float]) -> None:
    column = ContractColumn(Feature("x", "table", "x", trained, "int64", [], 0, None), new.type, "error")
    values = column.values(pa.table({"x": new}))
    assert values.dtype == trained
    np.testing.assert_array_equal(values, expected)
    assert column.missing == np.isnan(expected).sum()
    assert column.conversion == Conversion("x", str(new.type), "int64")
