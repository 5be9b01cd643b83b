"""Conditions between the parameters of a search space: which of them stand in a point."""

from collections.abc import Mapping
from typing import Any

from foldwise.errors import UserError, listed, nearest, shown
from foldwise.search.dimensions import Dimension, condition_of, values_of


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
