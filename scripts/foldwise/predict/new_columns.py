"""One feature column of a new table, read as training read it, a part of its rows at a time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.data.column_types import Rules, check_range, is_number, is_text, read_numbers, without_sentinels
from foldwise.data.contract import Feature
from foldwise.data.feature_matrix import Values
from foldwise.data.readers import plain, text_column
from foldwise.errors import UserError
from foldwise.io.json_record import JsonRecord, Key

_EXAMPLES = 20


@dataclass(frozen=True)
class Conversion(JsonRecord):
    """A column whose type in the new table differs from its type in training."""

    name: str
    new_type: Annotated[str, Key("from")]
    training_type: Annotated[str, Key("to")]


@dataclass(frozen=True)
class UnseenCategories(JsonRecord):
    """A column with categories unseen in training: rows with one, and up to 20 of them with their rows."""

    name: str
    rows: int
    values: Mapping[str, int]


class ContractColumn:
    """Reads a column as training did: the same types, category codes, sentinels and infinities.

    Attributes:
        name: the feature's name.
        missing: number of missing values so far, including unseen categories.
        unseen: rows with a category unseen in training.
        unseen_values: up to 20 such categories, with their number of rows.
    """

    def __init__(self, feature: Feature, kind: pa.DataType, inf: str) -> None:
        """Take a feature of the contract, the type of the new column and the contract's ``inf``."""
        self.name = feature.name
        self.missing = 0
        self.unseen = 0
        self.unseen_values: Counter[str] = Counter()
        self._stored = feature.stored
        self._kind = kind
        self._rules = Rules(None, feature.sentinels, inf == "missing")
        self._type = feature.type
        self._categories = pa.array(feature.categories or [], pa.string())

    @property
    def conversion(self) -> Conversion | None:
        """The new type and that of the training table; None where they are the same."""
        training_type, new_type = _type_name(self._stored), _type_name(str(self._kind))
        return None if training_type == new_type else Conversion(self.name, new_type, training_type)

    def values(self, part: pa.Table) -> Values:
        """Return the column's values in a part of n rows, shape (n,): missing is NaN, a category its code.

        Raises:
            UserError: for values that the contract's type cannot represent.
        """
        if self._type == "category":
            values: Values = self._codes(part)
        elif (floats := self._plain_floats(part.column(self.name))) is not None:
            values = floats
        else:
            values = self._numbers(part.column(self.name))
        self.missing += int(np.count_nonzero(np.isnan(values)))
        return values

    def _plain_floats(self, column: pa.ChunkedArray) -> Values | None:
        """Return what :meth:`_numbers` returns, in a fifth of the time; None for values that need more checks."""
        if column.type not in (pa.float32(), pa.float64()) or self._rules.sentinels:
            return None
        values = column.to_numpy()
        if (np.abs(values) > np.finfo(np.float32).max).any():
            return None
        floats: Values = values.astype(self._type, copy=False)
        return floats

    def _numbers(self, column: pa.ChunkedArray) -> Values:
        array = self._as_numbers(plain(column))
        values, missing = read_numbers(self.name, array, self._rules)
        values[missing] = np.nan
        check_range(self.name, values[~missing])
        if self._type == "float64":
            return values
        narrow: Values = values.astype(np.float32)
        if self.conversion and pa.types.is_integer(array.type) and (narrow != values)[~missing].any():
            raise self._refusal("contains integers that single precision, used in training, cannot represent")
        return narrow

    def _as_numbers(self, array: pa.Array) -> pa.Array:
        """Convert text, booleans and wide integers to numbers where that loses nothing."""
        kind = array.type
        if pa.types.is_null(kind) or pa.types.is_boolean(kind):
            return pc.cast(array, pa.float32())
        if not is_text(kind) and not is_number(kind):
            raise self._refusal(f"has type {kind}")
        if is_text(kind) or (self.conversion and pa.types.is_integer(kind)):
            try:
                numbers = pc.cast(pc.utf8_trim_whitespace(array) if is_text(kind) else array, pa.float64())
            except pa.ArrowInvalid as fault:
                raise self._refusal(f"cannot be read as numbers ({str(fault).rstrip('.')})") from None
            return numbers if is_text(kind) else array
        return array

    def _codes(self, part: pa.Table) -> npt.NDArray[np.float32]:
        text = without_sentinels(self._text(part), self._rules)
        codes = pc.index_in(text, value_set=self._categories)
        unseen = text.filter(pc.and_(pc.is_null(codes), pc.is_valid(text)))
        self.unseen += len(unseen)
        for entry in pc.value_counts(unseen).to_pylist():
            if entry["values"] in self.unseen_values or len(self.unseen_values) < _EXAMPLES:
                self.unseen_values[entry["values"]] += entry["counts"]
        values: npt.NDArray[np.float32] = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.float32)
        values[values < 0] = np.nan
        return values

    def _text(self, part: pa.Table) -> pa.Array:
        array = plain(part.column(self.name))
        if self._stored != "bool" or not is_number(array.type):
            return text_column(part, self.name)
        if not pc.all(pc.is_in(array.drop_null(), value_set=pa.array([0, 1]).cast(array.type))).as_py():
            raise self._refusal("contains numbers other than 0 and 1")
        return pc.if_else(pc.equal(array, pa.scalar(1, array.type)), "true", "false")

    def _refusal(self, problem: str) -> UserError:
        return UserError(
            f"column {self.name!r} {problem}; its type in the training table is {_type_name(self._stored)}: convert it"
        )


def _type_name(kind: str) -> str:
    """Return the name of a type; all text types have one name."""
    return "text" if "string" in kind else kind
