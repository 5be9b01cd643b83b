"""Where a chosen point lies at the edge of the search space, so that a wider one might be better."""

from collections.abc import Mapping
from typing import Literal

from foldwise.search.parameters import Dimension, Point, range_of, values_of

End = Literal["lowest", "highest"]


def edges_of(point: Point, space: Mapping[str, Dimension], without: str | None = None) -> dict[str, End]:
    """Return the numbers of a point that are the lowest or the highest of their dimension.

    Args:
        point: the chosen point.
        space: parameter name -> dimension, checked.
        without: a parameter that does not count.

    Returns:
        Parameter name -> the end, in the order of the point; dimensions with one value have none.

    Example:
        >>> edges_of({"max_depth": 6, "reg_lambda": 5}, {"max_depth": [3, 6], "reg_lambda": {"low": 1, "high": 10}})
        {'max_depth': 'highest'}
    """
    edges: dict[str, End] = {}
    for name, value in point.items():
        if name == without or isinstance(value, bool | str):
            continue
        low, high = _ends(space[name])
        if low < high and value in (low, high):
            edges[name] = "lowest" if value == low else "highest"
    return edges


def _ends(dimension: Dimension) -> tuple[float, float]:
    values = values_of(dimension)
    if values is None:
        bounds = range_of(dimension)
        return bounds.low, bounds.high
    numbers = [float(value) for value in values if not isinstance(value, bool | str)]
    return (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
