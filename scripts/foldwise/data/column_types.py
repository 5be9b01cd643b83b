"""Typing one feature column: numbers to float32, text to stable codes, or a reason to leave it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.data.readers import as_text, plain, text_column
from foldwise.errors import UserError, counted, listed, nearest


@dataclass(frozen=True)
class Rules:
    """What the configuration of a dataset says about one column.

    Attributes:
        categorical: True or False as listed in the configuration, None to go by the column's type.
        sentinels: values that are read as missing.
        infinite_is_missing: whether an infinity counts as missing instead of being an error.
    """

    categorical: bool | None = None
    sentinels: Sequence[Any] = ()
    infinite_is_missing: bool = False


@dataclass(frozen=True)
class TypedColumn:
    """A typed feature column.

    Attributes:
        values: float32, float64, or int32 codes; missing is null.
        categories: the text of each code, None for a number.
    """

    values: pa.Array
    categories: list[str] | None = None

    @property
    def type(self) -> str:
        """``float32``, ``float64`` or ``category``."""
        if self.categories is not None:
            return "category"
        return "float32" if pa.types.is_float32(self.values.type) else "float64"


@dataclass(frozen=True)
class NotAFeature:
    """The reason why a column cannot be a feature."""

    reason: str


def type_feature(name: str, table: pa.Table, column: str, rules: Rules) -> TypedColumn | NotAFeature:
    """Turn a raw column into a feature.

    Args:
        name: the feature's name, for messages.
        table: the joined table; missing partners are null.
        column: name of the column in ``table``.
        rules: what the configuration says about it.

    Raises:
        UserError: for a type that is neither number, text nor boolean, or for an infinity.
    """
    array = plain(table.column(column))
    if array.null_count == len(array):
        return NotAFeature("all values missing")
    text = is_text(array.type) or pa.types.is_dictionary(table.column(column).type)
    if text or pa.types.is_boolean(array.type) or rules.categorical:
        if rules.categorical is False and text:
            raise UserError(f"column {name!r} is text and is not listed in categorical: list it there or exclude it")
        return _category(text_column(table, column), rules, may_be_identifier=text)
    if not is_number(array.type):
        raise UserError(
            f"column {name!r} has type {array.type}: a feature is a number, a text or a boolean: "
            "turn it into one, or name it in exclude"
        )
    return _number(name, array, rules)


def _category(text: pa.Array, rules: Rules, *, may_be_identifier: bool) -> TypedColumn | NotAFeature:
    text = without_sentinels(text, rules)
    categories = sorted(pc.unique(text).drop_null().to_pylist())
    if not categories:
        return NotAFeature("all values missing")
    if len(categories) == 1 and text.null_count == 0:
        return NotAFeature("constant")
    present = len(text) - text.null_count
    if may_be_identifier and len(categories) > max(2, present / 2):
        return NotAFeature(f"identifier-like text: {len(categories)} distinct values in {present} rows")
    codes = pc.index_in(text, value_set=pa.array(categories, pa.string()))
    return TypedColumn(codes.cast(pa.int32()), categories)


def without_sentinels(text: pa.Array, rules: Rules) -> pa.Array:
    """Return texts with the sentinels as null."""
    if not rules.sentinels:
        return text
    sentinels = pa.array([as_text(s) for s in rules.sentinels], pa.string())
    return pc.if_else(pc.is_in(text, value_set=sentinels), pa.scalar(None, pa.string()), text)


def read_numbers(name: str, array: pa.Array, rules: Rules) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the values of a column of numbers, shape (n,), and which of them are missing, shape (n,).

    Raises:
        UserError: for a sentinel that is text, or an infinity that does not count as missing.
    """
    missing = pc.is_null(array).to_numpy(zero_copy_only=False)
    values = _to_float64(array)
    for sentinel in rules.sentinels:
        if isinstance(sentinel, str):
            raise UserError(f"sentinels: {sentinel!r} is text and column {name!r} has numbers: leave out the quotes")
        missing |= values == _as_stored(sentinel, array.type)
    infinite = np.isinf(values) & ~missing
    if infinite.any() and not rules.infinite_is_missing:
        raise UserError(
            f"column {name!r} contains {counted(int(infinite.sum()), 'infinite value')}: correct the table, name the "
            "column in exclude, or set inf: missing"
        )
    return values, missing | infinite


def _number(name: str, array: pa.Array, rules: Rules) -> TypedColumn | NotAFeature:
    values, missing = read_numbers(name, array, rules)
    present = np.sort(values[~missing])
    if present.size == 0:
        return NotAFeature("all values missing")
    if present[0] == present[-1] and not missing.any():
        return NotAFeature("constant")
    check_range(name, present[[0, -1]])
    target = np.float32 if _survives_float32(present) else np.float64
    return TypedColumn(pa.array(values.astype(target), mask=missing))


def check_range(name: str, values: npt.NDArray[np.float64]) -> None:
    """Refuse numbers that no backend accepts.

    Raises:
        UserError: when one of the values, shape (n,), is outside the range of float32.
    """
    if values.size and np.abs(values).max() > np.finfo(np.float32).max:
        raise UserError(f"column {name!r} contains values beyond 3.4e38, which no backend accepts: scale or exclude it")


def _as_stored(value: float, kind: pa.DataType) -> float:
    """Return a number as a column of that type stores it: 0.1 is another number in float32."""
    return float(kind.to_pandas_dtype()(value)) if pa.types.is_floating(kind) else float(value)


def _survives_float32(values: npt.NDArray[np.float64]) -> bool:
    """Return whether sorted values have as many distinct values in float32."""
    return bool(np.count_nonzero(np.diff(values)) == np.count_nonzero(np.diff(values.astype(np.float32))))


def _to_float64(array: pa.Array) -> npt.NDArray[np.float64]:
    filled = pc.fill_null(pc.cast(array, pa.float64(), safe=False), float("nan"))
    return np.array(filled.to_numpy(zero_copy_only=False), dtype=np.float64)


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column of that type contains text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of that type contains numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def equals_label(feature: TypedColumn, label: npt.NDArray[np.int8]) -> bool:
    """Return whether a column with two values equals the label or its opposite, on at least half of the rows.

    Args:
        feature: the typed column, n rows.
        label: shape (n,), 0 or 1.
    """
    present = feature.values.is_valid().to_numpy(zero_copy_only=False)
    values = feature.values.drop_null().to_numpy(zero_copy_only=False)
    if 2 * values.size < label.size or values.size == 0:
        return False
    high = values == values.max()
    if not (values[~high] == values.min()).all():
        return False
    kept = label[present] == 1
    return bool((high == kept).all() or (high != kept).all())


def check_known(names: Sequence[str], columns: Sequence[str], key: str) -> None:
    """Refuse names in a list of the configuration that are not columns.

    Raises:
        UserError: with the key, the unknown names and some of the columns.
    """
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise UserError(
            f"{key} names {listed(unknown)}, which is not a column{nearest(unknown[0], columns)}; there are "
            f"{listed(columns)}"
        )
