"""Points of a search space drawn at random, by a seed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from foldwise.search.conditions import applies, parents_first
from foldwise.search.dimensions import Dimension, range_of, values_of
from foldwise.search.space import finite_points

_DUPLICATES_IN_A_ROW = 1000


def draw(space: Mapping[str, Dimension], n_trials: int, seed: int) -> list[dict[str, Any]]:
    """Return ``n_trials`` different points; all of them where there are no more.

    A finite space is drawn from without replacement and keeps its order. A range is drawn from
    uniformly, a logarithmic one uniformly in the logarithm, a list and a range with a step by its values.

    Args:
        space: dimensions by parameter, checked.
        n_trials: how many points to draw.
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    points = finite_points(space)
    if points is not None:
        if n_trials >= len(points):
            return points
        kept = random.choice(len(points), n_trials, replace=False)
        return [points[i] for i in sorted(kept)]
    order = parents_first(space)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    misses = 0
    while len(found) < n_trials and misses < _DUPLICATES_IN_A_ROW:
        point = _draw_point(space, order, random)
        misses = misses + 1 if tuple(point.items()) in found else 0
        found.setdefault(tuple(point.items()), point)
    return list(found.values())


def _draw_point(space: Mapping[str, Dimension], order: list[str], random: np.random.Generator) -> dict[str, Any]:
    point: dict[str, Any] = {}
    for name in order:
        if applies(space[name], point):
            point[name] = _draw_value(space[name], random)
    return {name: point[name] for name in sorted(point)}


def _draw_value(dimension: Dimension, random: np.random.Generator) -> Any:
    values = values_of(dimension)
    if values is not None:
        return values[random.integers(len(values))]
    bounds = range_of(dimension)
    # Half a number beyond either end, so that the ends of whole numbers are as likely as their neighbours.
    beyond = 0.5 if bounds.whole else 0.0
    low, high = bounds.low - beyond, bounds.high + beyond
    if bounds.log:
        return bounds.rounded(math.exp(random.uniform(math.log(low), math.log(high))))
    return bounds.rounded(random.uniform(low, high))
