"""One parameter of a search space: a list of values or a range, with or without a condition.

A dimension is plain data, so that it can be a param of a snakemake rule. Its checked forms are

- ``[value, ...]``
- ``{"low": ..., "high": ...}``, optionally with ``"step": ...`` or ``"log": True``
- either of them (a list as ``{"values": [...]}``) with ``"when": {other parameter: [value, ...]}``
- ``{"values": [...], "least_rows": {value as text: train rows}}``: values for tables with so many train rows

The values of a range are whole numbers where its bounds and its step are.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from foldwise.backends.base import ParameterValue
from foldwise.errors import UserError, listed, nearest, shown

Point = Mapping[str, ParameterValue]
"""A point of a search space: parameter name -> value."""

Dimension = list[Any] | dict[str, Any]
"""The checked form of a parameter's values, see the top of this module."""

_MOST_VALUES = 100_000
_KEYS = ("values", "low", "high", "log", "step", "when", "least_rows")

# YAML 1.1 reads 1e-3 as a string, because it has no decimal point; YAML 1.2 reads a number.
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_EXPECTED = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false"}


def check_dimension(where: str, given: Any, kind: str) -> Dimension:
    """Return the configured values of a parameter in their checked form.

    Args:
        where: path of the parameter, for error messages.
        given: a value, a list of values, or a mapping with ``values`` or ``low`` and ``high``.
        kind: kind of the parameter's values: ``integer``, ``number``, ``string`` or ``boolean``.

    Raises:
        UserError: for an unknown key, a value of another kind, an empty list, a repeated value or an empty range.
    """
    if not isinstance(given, Mapping):
        return _check_values(where, given, kind)
    for key in given:
        if key not in _KEYS:
            raise UserError(f"{where}: unknown key {shown(key)}{nearest(key, _KEYS)}; a range takes {listed(_KEYS, 7)}")
    ranged = [key for key in ("low", "high", "log", "step") if key in given]
    if ("values" in given) == bool(ranged):
        raise UserError(f"{where}: give either values, a list, or low and high, the bounds of a range")
    checked: dict[str, Any] = (
        _check_range(where, given, kind) if ranged else {"values": _check_values(where, given["values"], kind)}
    )
    if "least_rows" in given:
        checked["least_rows"] = _check_least_rows(f"{where}.least_rows", given["least_rows"], checked.get("values", []))
    if "when" in given:
        checked["when"] = _check_when(f"{where}.when", given["when"])
    return checked["values"] if set(checked) == {"values"} else checked


def for_rows(dimension: Dimension, rows: int) -> Dimension:
    """Return a dimension without the values that are for tables with more train rows.

    Example:
        >>> for_rows({"values": [7, 31, 127], "least_rows": {"127": 2500}}, rows=156)
        [7, 31]
    """
    if isinstance(dimension, list) or "least_rows" not in dimension:
        return dimension
    least = dimension["least_rows"]
    values = [value for value in dimension["values"] if rows >= least.get(str(value), 0)]
    return {"values": values, "when": dimension["when"]} if "when" in dimension else values


def values_of(dimension: Dimension) -> list[ParameterValue] | None:
    """Return every value of a list or of a range with a step, in order; None for a range without one."""
    if isinstance(dimension, list):
        return dimension
    if "values" in dimension:
        return list(dimension["values"])
    if "step" not in dimension:
        return None
    low, high, step = (Decimal(repr(dimension[key])) for key in ("low", "high", "step"))
    values = [low + i * step for i in range(int((high - low) / step) + 1)]
    return [int(v) if _is_whole(dimension) else float(v) for v in values]


def condition_of(dimension: Dimension) -> Mapping[str, Sequence[ParameterValue]]:
    """Return the values that other parameters must have for this one to be part of a point."""
    return {} if isinstance(dimension, list) else dimension.get("when", {})


class Range(NamedTuple):
    """A range from which every number may be drawn.

    Attributes:
        low: smallest value, included.
        high: largest value, included.
        log: whether the logarithm is drawn uniformly.
        whole: whether the numbers are whole.
    """

    low: float
    high: float
    log: bool
    whole: bool

    def rounded(self, value: float) -> float:
        """Round a drawn number to a whole one or to six digits, within the bounds.

        Six digits are enough to distinguish settings, are easy to read, and hide the last bits of ``exp``, which
        differ between machines.
        """
        return min(max(round(value) if self.whole else float(f"{value:.6g}"), self.low), self.high)


def range_of(dimension: Dimension) -> Range:
    """Return the bounds of a range without a step (:func:`values_of` gives None for it)."""
    given = cast(dict[str, Any], dimension)
    return Range(given["low"], given["high"], given.get("log", False), _is_whole(given))


def _is_whole(dimension: Mapping[str, Any]) -> bool:
    return all(isinstance(dimension[key], int) for key in ("low", "high", "step") if key in dimension)


def _check_values(where: str, given: Any, kind: str) -> list[ParameterValue]:
    values = [_check_value(where, v, kind) for v in (given if isinstance(given, list | tuple) else [given])]
    if not values:
        raise UserError(f"{where}: the list is empty: give at least one value, or leave the key out")
    if len({(type(v), v) for v in values}) < len(values):
        raise UserError(f"{where}: {shown(values)} names a value twice")
    return values


def _check_value(where: str, given: Any, kind: str) -> Any:
    value = given
    if kind in ("number", "integer") and isinstance(given, str) and _EXPONENT.fullmatch(given):
        value = float(given)
    if kind == "string" and given is False:
        value = "No"  # YAML reads the name No, which is a value of two parameters of CatBoost, as false
    fits = {
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
    }
    if not fits[kind]:
        raise UserError(f"{where}: {shown(given)} given, {_EXPECTED[kind]} expected")
    if kind in ("number", "integer") and not abs(value) <= sys.float_info.max:
        raise UserError(f"{where}: {shown(given)} given, a number within the range of double precision expected")
    return value


def _check_least_rows(where: str, given: Any, values: Sequence[ParameterValue]) -> dict[str, int]:
    if not isinstance(given, Mapping) or not all(isinstance(rows, int) and rows >= 0 for rows in given.values()):
        raise UserError(f"{where}: {shown(given)} given, values with their least number of train rows expected")
    least = {str(value): rows for value, rows in given.items()}
    known = list(map(str, values))
    for value in least:
        if value not in known:
            raise UserError(f"{where}: {value} is not one of the values{nearest(value, known)}: {listed(known, 10)}")
    if all(least.get(value, 0) > 0 for value in known):
        raise UserError(f"{where}: no value is left for a table with few rows: leave out one of them")
    return least


def _check_range(where: str, given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind not in ("number", "integer"):
        raise UserError(f"{where}: a range of numbers given, {_EXPECTED[kind]} expected: give a list of values")
    for key in ("low", "high"):
        if key not in given:
            raise UserError(f"{where}.{key} is missing: a range needs low and high")
    log = _check_value(f"{where}.log", given.get("log", False), "boolean")
    checked = {k: _check_value(f"{where}.{k}", given[k], kind) for k in ("low", "high", "step") if k in given}
    low, high, step = checked["low"], checked["high"], checked.get("step")
    if not low < high:
        raise UserError(f"{where}: low {low} and high {high} given: low must be less than high")
    if log and step is not None:
        raise UserError(f"{where}: step and log exclude each other: remove one of them")
    if log and low <= 0:
        raise UserError(f"{where}: low {low} given with log: true: a logarithm needs a low above 0")
    if step is not None and not 0 < step <= high - low:
        raise UserError(
            f"{where}: step {step} given from {low} to {high}: a step above 0 and within the range expected"
        )
    if step is not None and high / step - low / step >= _MOST_VALUES:
        raise UserError(
            f"{where}: from {low} to {high} by {step} are more than {_MOST_VALUES:,} values: give a larger step"
        )
    return {**checked, "log": True} if log else checked


def _check_when(where: str, given: Any) -> dict[str, list[ParameterValue]]:
    if not isinstance(given, Mapping) or not given:
        raise UserError(
            f"{where}: {shown(given)} given, other parameters with their values expected: {{name: [value]}}"
        )
    condition = {str(name): list(v) if isinstance(v, list | tuple) else [v] for name, v in given.items()}
    for name, values in condition.items():
        if not values:
            raise UserError(f"{where}.{name}: the list is empty: give at least one value")
    return condition


def applies(dimension: Dimension, point: Point) -> bool:
    """Return whether a parameter is part of a point, given the parameters that the point has so far."""
    return all(name in point and point[name] in values for name, values in condition_of(dimension).items())


def parents_first(space: Mapping[str, Dimension]) -> list[str]:
    """Return the names of a checked space, each after the parameters of its condition, otherwise sorted."""
    ordered: list[str] = []
    waiting = sorted(space)
    while waiting:
        ready = [n for n in waiting if all(parent in ordered for parent in condition_of(space[n]))]
        ordered += ready
        waiting = [n for n in waiting if n not in ready]
    return ordered


def check_conditions(where: str, space: Mapping[str, Dimension]) -> None:
    """Check that every condition names a parameter of the space and values of that parameter.

    Args:
        where: path of the space, for error messages.
        space: parameter name -> dimension.

    Raises:
        UserError: for an unknown parameter or value, or for conditions that depend on each other.
    """
    for name, dimension in space.items():
        for parent, values in condition_of(dimension).items():
            at = f"{where}.{name}.when"
            if parent not in space:
                raise UserError(
                    f"{at}: {parent!r} is not a parameter of this space{nearest(parent, space)}: add it to the space"
                )
            for value in values:
                _check_value_of(f"{at}.{parent}", value, space[parent])
    _check_circle(where, space)


def _check_value_of(where: str, value: Any, parent: Dimension) -> None:
    allowed = values_of(parent)
    if allowed is None:
        raise UserError(f"{where}: a condition needs a parameter with a list of values or a range with a step")
    if not any(value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed):
        hint = nearest(value, map(str, allowed))
        raise UserError(f"{where}: {shown(value)} is not one of its values{hint}; they are {listed(allowed, 10)}")


def _check_circle(where: str, space: Mapping[str, Dimension]) -> None:
    waiting = set(space)
    while ready := {n for n in waiting if not waiting & set(condition_of(space[n]))}:
        waiting -= ready
    if waiting:
        names = listed(sorted(waiting))
        raise UserError(f"{where}: the conditions of {names} depend on each other in a circle: remove one when:")
