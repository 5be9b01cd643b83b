"""One feature column of a new table, brought to the column contract, a part of its rows at a time."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.data.column_types import Rules, check_range, is_number, is_text, read_numbers, without_sentinels
from foldwise.data.feature_matrix import Values
from foldwise.data.readers import plain, text_column
from foldwise.errors import UserError

_EXAMPLES = 20


class ContractColumn:
    """Reads a column as training read it: the same types, codes, sentinels and infinities.

    Attributes:
        name: the feature's name.
        missing: values missing so far, unseen categories among them.
        unseen: rows with a category that the training table does not hold.
        unseen_values: up to 20 such categories, with their rows.
    """

    def __init__(self, feature: Mapping[str, Any], kind: pa.DataType, inf: str) -> None:
        """Take one of the contract's ``features``, the type of the new column and the contract's ``inf``."""
        self.name = str(feature["name"])
        self.missing = 0
        self.unseen = 0
        self.unseen_values: Counter[str] = Counter()
        self._stored = str(feature["stored"])
        self._kind = kind
        self._rules = Rules(None, feature["sentinels"], inf == "missing")
        self._type = feature["type"]
        self._categories = pa.array(feature["categories"] or [], pa.string())

    @property
    def conversion(self) -> dict[str, str] | None:
        """What the new type is and what it was in the training table; None where they are alike."""
        there, here = _word(self._stored), _word(str(self._kind))
        return None if there == here else {"name": self.name, "from": here, "to": there}

    def values(self, part: pa.Table) -> Values:
        """Return the column's values in a part of n rows, shape (n,): missing is NaN, a category its code.

        Raises:
            UserError: for values that the contract's type cannot hold.
        """
        if self._type == "category":
            values: Values = self._codes(part)
        elif (found := self._plain_floats(part.column(self.name))) is not None:
            values = found
        else:
            values = self._numbers(part.column(self.name))
        self.missing += int(np.count_nonzero(np.isnan(values)))
        return values

    def _plain_floats(self, column: pa.ChunkedArray) -> Values | None:
        """Return what :meth:`_numbers` does, in a fifth of the time; None for values that ask for more."""
        if column.type not in (pa.float32(), pa.float64()) or self._rules.sentinels:
            return None
        values = column.to_numpy()
        if (np.abs(values) > np.finfo(np.float32).max).any():
            return None
        found: Values = values.astype(self._type, copy=False)
        return found

    def _numbers(self, column: pa.ChunkedArray) -> Values:
        array = self._as_numbers(plain(column))
        values, missing = read_numbers(self.name, array, self._rules)
        values[missing] = np.nan
        check_range(self.name, values[~missing])
        if self._type == "float64":
            return values
        narrow: Values = values.astype(np.float32)
        if self.conversion and pa.types.is_integer(array.type) and (narrow != values)[~missing].any():
            raise self._refusal("holds whole numbers that single precision, in which it was trained, cannot")
        return narrow

    def _as_numbers(self, array: pa.Array) -> pa.Array:
        """Turn text, booleans and wide whole numbers into numbers where nothing is lost."""
        kind = array.type
        if pa.types.is_null(kind) or pa.types.is_boolean(kind):
            return pc.cast(array, pa.float32() if pa.types.is_null(kind) else pa.int8())
        if not is_text(kind) and not is_number(kind):
            raise self._refusal(f"has type {kind}")
        if is_text(kind) or (self.conversion and pa.types.is_integer(kind)):
            try:
                found = pc.cast(pc.utf8_trim_whitespace(array) if is_text(kind) else array, pa.float64())
            except pa.ArrowInvalid as fault:
                raise self._refusal(f"cannot be read as numbers ({str(fault).rstrip('.')})") from None
            return found if is_text(kind) else array
        return array

    def _codes(self, part: pa.Table) -> npt.NDArray[np.float32]:
        text = without_sentinels(self._text(part), self._rules)
        codes = pc.index_in(text, value_set=self._categories)
        strange = text.filter(pc.and_(pc.is_null(codes), pc.is_valid(text)))
        self.unseen += len(strange)
        for entry in pc.value_counts(strange).to_pylist():
            if entry["values"] in self.unseen_values or len(self.unseen_values) < _EXAMPLES:
                self.unseen_values[entry["values"]] += entry["counts"]
        found: npt.NDArray[np.float32] = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.float32)
        found[found < 0] = np.nan
        return found

    def _text(self, part: pa.Table) -> pa.Array:
        array = plain(part.column(self.name))
        if self._stored != "bool" or not is_number(array.type):
            return text_column(part, self.name)
        if not pc.all(pc.is_in(array.drop_null(), value_set=pa.array([0, 1]).cast(array.type))).as_py():
            raise self._refusal("holds numbers other than 0 and 1")
        return pc.if_else(pc.equal(array, pa.scalar(1, array.type)), "true", "false")

    def _refusal(self, found: str) -> UserError:
        return UserError(
            f"column {self.name!r} {found}; in the training table it had type {_word(self._stored)}: bring it to that"
        )


def _word(kind: str) -> str:
    """Return the name of a type, the kinds of text under one name."""
    return "text" if "string" in kind else kind
