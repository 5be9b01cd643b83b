"""One parameter of a search space: a list of values or a range, perhaps under a condition.

A dimension is plain data, so that a param of a rule can hold it. Its checked forms are

- ``[value, ...]``
- ``{"low": ..., "high": ...}``, perhaps with ``"step": ...`` or ``"log": True``
- either of them (a list as ``{"values": [...]}``) with ``"when": {other parameter: [value, ...]}``

Whole bounds (and step) make whole numbers.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from foldwise.errors import UserError, listed, nearest, shown

Dimension = list[Any] | dict[str, Any]
_MOST_VALUES = 100_000
_KEYS = ("values", "low", "high", "log", "step", "when")

# YAML 1.1 reads 1e-3 as a text, since it has no point; YAML 1.2 and everybody else read a number.
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_EXPECTED = {"whole": "a whole number", "number": "a number", "text": "a text", "switch": "true or false"}


def check_dimension(where: str, given: Any, kind: str) -> Dimension:
    """Return what was given for a parameter in its checked form.

    Args:
        where: path of the parameter, for messages.
        given: a value, a list of values, or a mapping with ``values`` or ``low`` and ``high``.
        kind: what the parameter takes: ``whole``, ``number``, ``text`` or ``switch``.

    Raises:
        UserError: for an unknown key, a value of another type, an empty or repeated value, or bounds without a range.
    """
    if not isinstance(given, Mapping):
        return _check_values(where, given, kind)
    for key in given:
        if key not in _KEYS:
            raise UserError(f"{where}: unknown key {shown(key)}{nearest(key, _KEYS)}; a range takes {listed(_KEYS, 6)}")
    ranged = [key for key in ("low", "high", "log", "step") if key in given]
    if ("values" in given) == bool(ranged):
        raise UserError(f"{where}: give either values, a list, or low and high, the bounds of a range")
    whole: dict[str, Any] = {"values": _check_values(where, given["values"], kind)} if "values" in given else {}
    if ranged:
        whole = _check_range(where, given, kind)
    if "when" not in given:
        return whole["values"] if "values" in given else whole
    return {**whole, "when": _check_when(f"{where}.when", given["when"])}


def values_of(dimension: Dimension) -> list[Any] | None:
    """Return every value of a list or of a range with a step, in order; None for a range without one."""
    if isinstance(dimension, list):
        return dimension
    if "values" in dimension:
        return list(dimension["values"])
    if "step" not in dimension:
        return None
    low, high, step = (Decimal(repr(dimension[key])) for key in ("low", "high", "step"))
    found = [low + i * step for i in range(int((high - low) / step) + 1)]
    return [int(v) if _is_whole(dimension) else float(v) for v in found]


def condition_of(dimension: Dimension) -> Mapping[str, Sequence[Any]]:
    """Return the values that other parameters must have for this one to stand in a point."""
    return {} if isinstance(dimension, list) else dimension.get("when", {})


class Range(NamedTuple):
    """Bounds between which every number may be drawn; both belong to the range.

    Attributes:
        low: least value.
        high: largest value.
        log: whether the logarithm is drawn uniformly.
        whole: whether the numbers are whole.
    """

    low: float
    high: float
    log: bool
    whole: bool

    def rounded(self, value: float) -> float:
        """Round a drawn number to a whole one or to six digits, within the bounds.

        Six digits tell any two settings apart, are read easily, and hide the last bits of ``exp``,
        which differ between machines.
        """
        return min(max(round(value) if self.whole else float(f"{value:.6g}"), self.low), self.high)


def range_of(dimension: Dimension) -> Range:
    """Return the bounds of a range without a step (:func:`values_of` gives None for it)."""
    given = cast(dict[str, Any], dimension)
    return Range(given["low"], given["high"], given.get("log", False), _is_whole(given))


def _is_whole(dimension: Mapping[str, Any]) -> bool:
    return all(isinstance(dimension[key], int) for key in ("low", "high", "step") if key in dimension)


def _check_values(where: str, given: Any, kind: str) -> list[Any]:
    values = [_check_value(where, v, kind) for v in (given if isinstance(given, list | tuple) else [given])]
    if not values:
        raise UserError(f"{where}: the list is empty: give at least one value, or leave the key out")
    if len({(type(v), v) for v in values}) < len(values):
        raise UserError(f"{where}: {shown(values)} names a value twice")
    return values


def _check_value(where: str, given: Any, kind: str) -> Any:
    value = given
    if kind in ("number", "whole") and isinstance(given, str) and _EXPONENT.fullmatch(given):
        value = float(given)
    if kind == "text" and given is False:
        value = "No"  # what YAML makes of the name No, which CatBoost has for two parameters
    fits = {
        "whole": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "text": isinstance(value, str),
        "switch": isinstance(value, bool),
    }
    if not fits[kind]:
        raise UserError(f"{where}: {shown(given)} given, {_EXPECTED[kind]} expected")
    if kind in ("number", "whole") and not abs(value) <= sys.float_info.max:
        raise UserError(f"{where}: {shown(given)} given, a number that a computer can hold expected")
    return value


def _check_range(where: str, given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind not in ("number", "whole"):
        raise UserError(f"{where}: a range of numbers given, {_EXPECTED[kind]} expected: give a list of values")
    for key in ("low", "high"):
        if key not in given:
            raise UserError(f"{where}.{key} is missing: a range needs low and high")
    log = _check_value(f"{where}.log", given.get("log", False), "switch")
    found = {k: _check_value(f"{where}.{k}", given[k], kind) for k in ("low", "high", "step") if k in given}
    low, high, step = found["low"], found["high"], found.get("step")
    if not low < high:
        raise UserError(f"{where}: low {low} and high {high} given: low must be less than high")
    if log and step is not None:
        raise UserError(f"{where}: step and log do not go together: take one of them out")
    if log and low <= 0:
        raise UserError(f"{where}: low {low} given with log: true: a logarithm needs a low above 0")
    if step is not None and not 0 < step <= high - low:
        raise UserError(
            f"{where}: step {step} given from {low} to {high}: a step above 0 and within the range expected"
        )
    if step is not None and high / step - low / step > _MOST_VALUES:
        raise UserError(
            f"{where}: from {low} to {high} by {step} are more than {_MOST_VALUES:,} values: take a larger step"
        )
    return {**found, "log": True} if log else found


def _check_when(where: str, given: Any) -> dict[str, list[Any]]:
    if not isinstance(given, Mapping) or not given:
        raise UserError(
            f"{where}: {shown(given)} given, other parameters with their values expected: {{name: [value]}}"
        )
    found = {str(name): list(v) if isinstance(v, list | tuple) else [v] for name, v in given.items()}
    for name, values in found.items():
        if not values:
            raise UserError(f"{where}.{name}: the list is empty: give at least one value")
    return found


def applies(dimension: Dimension, point: Mapping[str, Any]) -> bool:
    """Tell whether a parameter stands in a point, from the parameters that stand there already."""
    return all(name in point and point[name] in values for name, values in condition_of(dimension).items())


def parents_first(space: Mapping[str, Dimension]) -> list[str]:
    """Return the names of a checked space, each after those that its condition names, else by the alphabet."""
    ordered: list[str] = []
    waiting = sorted(space)
    while waiting:
        ready = [n for n in waiting if all(parent in ordered for parent in condition_of(space[n]))]
        ordered += ready
        waiting = [n for n in waiting if n not in ready]
    return ordered


def check_conditions(where: str, space: Mapping[str, Dimension]) -> None:
    """Check that every condition names a parameter of the space and values that it may take.

    Args:
        where: path of the space, for messages.
        space: dimensions by parameter.

    Raises:
        UserError: for an unknown parameter or value, or for conditions that go round in a circle.
    """
    for name, dimension in space.items():
        for parent, values in condition_of(dimension).items():
            at = f"{where}.{name}.when"
            if parent not in space:
                raise UserError(
                    f"{at}: {parent!r} is no parameter of this space{nearest(parent, space)}: add it to the space"
                )
            for value in values:
                _check_value_of(f"{at}.{parent}", value, space[parent])
    _check_circle(where, space)


def _check_value_of(where: str, value: Any, parent: Dimension) -> None:
    allowed = values_of(parent)
    if allowed is None:
        raise UserError(f"{where}: a condition needs a parameter with a list of values or a range with a step")
    if not any(value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed):
        hint = nearest(value, allowed)
        raise UserError(f"{where}: {shown(value)} is none of its values{hint}; it takes {listed(allowed, 10)}")


def _check_circle(where: str, space: Mapping[str, Dimension]) -> None:
    waiting = set(space)
    while ready := {n for n in waiting if not waiting & set(condition_of(space[n]))}:
        waiting -= ready
    if waiting:
        names = listed(sorted(waiting))
        raise UserError(f"{where}: the conditions of {names} go round in a circle: take one when: out")
