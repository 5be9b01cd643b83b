"""Search spaces: read from a file with the configuration's overrides, enumerated as a grid or drawn at random."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from foldwise.backends.base import ParameterValue
from foldwise.backends.registry import SPECIFICATIONS, Specification
from foldwise.errors import UserError, listed, nearest, shown
from foldwise.search.effects import normalize
from foldwise.search.parameters import (
    Dimension,
    Point,
    applies,
    check_conditions,
    check_dimension,
    condition_of,
    parents_first,
    range_of,
    values_of,
)

Space = dict[str, Dimension]
"""Parameter name -> dimension."""

ENUMERATING = ("grid", "race", "screen")
"""The search methods that choose among all points of a space, so that it must be finite."""

_MOST_POINTS = 100_000
_DUPLICATES_IN_A_ROW = 1000


@dataclass(frozen=True)
class CheckedSpace:
    """A search space that a run can use.

    Attributes:
        dimensions: parameter name -> dimension, sorted by name, plain data.
        notes: one line for each parameter that was changed by :func:`~foldwise.search.effects.normalize`.
    """

    dimensions: Space
    notes: tuple[str, ...]


def read_space(
    shipped: str | Path, backend: str, given: str | Mapping[str, Any], method: str = "grid", device: str = "cpu"
) -> CheckedSpace:
    """Read a backend's search space and replace its values by those of the configuration.

    Args:
        shipped: the YAML file of `parameter: values` that is part of the workflow.
        backend: name of the backend.
        given: ``search.space.<backend>`` of the configuration: the path of a file that replaces the shipped one, or
            values by parameter, of which ``file`` may be such a path.
        method: ``search.method``; a grid needs ranges with a step.
        device: ``training.device``, which CatBoost's defaults depend on.

    Raises:
        UserError: for a file that is not a mapping, an unknown parameter, a value or a range that the parameter does
            not accept, a wrong condition, a number of trees that is not a positive whole number, or a space that
            the method cannot enumerate.
    """
    where = f"search.space.{backend}"
    specification = SPECIFICATIONS[backend]
    dimensions = {}
    for name, value in sorted(_file_and_overrides(where, shipped, given).items(), key=lambda item: shown(item[0])):
        if name not in specification.parameters:
            raise UserError(
                f"{where}: {shown(name)} is not a parameter of {backend}{nearest(name, specification.parameters)}; "
                f"its parameters are {listed(sorted(specification.parameters), limit=40)}"
            )
        dimensions[name] = check_dimension(f"{where}.{name}", value, specification.kind(name))
    _check_trees(where, dimensions, specification)
    check_conditions(where, dimensions)
    dimensions, notes = normalize(where, backend, dimensions, device)
    if method in ENUMERATING:
        _check_enumerable(where, dimensions, method)
    return CheckedSpace({name: dimensions[name] for name in sorted(dimensions)}, tuple(notes))


def grid(space: Mapping[str, Dimension]) -> list[Point]:
    """Return every point of a space in the order of scikit-learn's ``ParameterGrid``.

    The order decides ties: names sorted, the values of the last one vary fastest. A parameter whose condition is not
    met is missing from the point, which sorts before the points with its first value.

    Args:
        space: parameter name -> dimension, checked.

    Raises:
        UserError: for a range without a step, or more than 100,000 points.

    Example:
        >>> grid({"max_depth": [3, 5], "learning_rate": {"low": 0.1, "high": 0.2, "step": 0.1}})[:2]
        [{'learning_rate': 0.1, 'max_depth': 3}, {'learning_rate': 0.1, 'max_depth': 5}]
    """
    points = _points(space)
    if points is None:
        raise UserError(f"the search space has more than {_MOST_POINTS:,} points: use search.method: random or optuna")
    return points


def _finite_points(space: Mapping[str, Dimension]) -> list[Point] | None:
    """Return the points of a space as :func:`grid` does, with every whole number of a range without a step.

    None for a space with a range of real or logarithmic numbers, or with more than 100,000 points.
    """
    stepped: Space = dict(space)
    for name, dimension in space.items():
        if values_of(dimension) is None:
            bounds = range_of(dimension)
            if bounds.log or not bounds.whole:
                return None
            stepped[name] = {"low": bounds.low, "high": bounds.high, "step": 1, "when": condition_of(dimension)}
    return _points(stepped)


def _points(space: Mapping[str, Dimension]) -> list[Point] | None:
    """Return the points of a space in the order of :func:`grid`, None for more than 100,000 of them."""
    keys = sorted(space)
    values = {key: _enumerated(key, space[key]) for key in keys}
    if all(isinstance(d, list) for d in space.values()) and math.prod(map(len, values.values())) <= _MOST_POINTS:
        return [dict(zip(keys, point, strict=True)) for point in product(*(values[k] for k in keys))]
    # For each point, the position of each parameter's value in its list: points are sorted by them.
    positions: list[dict[str, int]] = [{}]
    for name in parents_first(space):
        longer: list[dict[str, int]] = []
        for partial in positions:
            applicable = applies(space[name], {k: values[k][i] for k, i in partial.items()})
            longer += [{**partial, name: i} for i in range(len(values[name]))] if applicable else [partial]
            if len(longer) > _MOST_POINTS:
                return None
        positions = longer
    positions.sort(key=lambda of_point: [of_point.get(key, -1) for key in keys])
    return [{key: values[key][p[key]] for key in keys if key in p} for p in positions]


def _enumerated(name: str, dimension: Dimension) -> list[ParameterValue]:
    values = values_of(dimension)
    if values is None:
        raise UserError(f"{name}: a range without a step cannot be enumerated: use search.method: random or optuna")
    return values


def _file_and_overrides(where: str, shipped: str | Path, given: str | Mapping[str, Any]) -> dict[Any, Any]:
    """Return the content of the file, with the configuration's values in place of the file's."""
    if isinstance(given, str):
        return _read(where, given)
    overrides = dict(given)
    path = overrides.pop("file", None)
    if path is not None and not isinstance(path, str):
        raise UserError(f"{where}.file: {shown(path)} given, the path of a YAML file expected")
    return {**_read(where, shipped if path is None else path), **overrides}


def _read(where: str, path: str | Path) -> dict[Any, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"{where}: there is no file {str(path)!r}: correct the path (it counts from the working folder "
            f"{Path.cwd()})"
        ) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as fault:
        raise UserError(f"{where}: {str(path)!r} cannot be read as YAML: {fault}: correct the file") from None
    if not isinstance(content, Mapping) or not content:
        actual = "is empty" if not content else f"contains a {type(content).__name__}"
        raise UserError(
            f"{where}: {str(path)!r} {actual}: one line for each parameter expected, such as max_depth: [3]"
        )
    return dict(content)


def _check_trees(where: str, space: Mapping[str, Dimension], specification: Specification) -> None:
    name = specification.trees
    if name not in space:
        raise UserError(f"{where}.{name} is missing: the number of trees is needed in every point")
    trees = space[name]
    if isinstance(trees, dict) and "when" in trees:
        raise UserError(f"{where}.{name}: the number of trees is needed in every point: remove when:")
    fewest = trees["low"] if isinstance(trees, dict) else min(trees)
    if fewest < 1:
        raise UserError(f"{where}.{name}: {trees} given, whole numbers of trees from 1 expected")


def _check_enumerable(where: str, space: Mapping[str, Dimension], method: str) -> None:
    for name, dimension in space.items():
        if values_of(dimension) is None:
            raise UserError(
                f"{where}.{name}: search.method: {method} cannot try every value of a range without a step: give a "
                "step or a list, or use method: random or optuna"
            )
    if _points(space) is None:
        raise UserError(
            f"{where}: more than {_MOST_POINTS:,} points for search.method: {method}: give fewer values, or use "
            "method: random or optuna"
        )


def draw(space: Mapping[str, Dimension], n_trials: int, seed: int) -> list[Point]:
    """Draw ``n_trials`` different points; all points of the space where it has no more.

    Points of a finite space are drawn without replacement and keep the order of :func:`grid`. Otherwise every
    parameter is drawn independently: a range uniformly, a logarithmic one uniformly in the logarithm, a list or a
    range with a step uniformly among its values.

    Args:
        space: parameter name -> dimension, checked.
        n_trials: number of points.
        seed: random seed.

    Example:
        >>> [point["max_depth"] for point in draw({"max_depth": {"low": 2, "high": 9}}, n_trials=3, seed=0)]
        [6, 7, 9]
    """
    random = np.random.default_rng(seed)
    points = _finite_points(space)
    if points is not None:
        if n_trials >= len(points):
            return points
        drawn = random.choice(len(points), n_trials, replace=False)
        return [points[i] for i in sorted(drawn)]
    names = parents_first(space)
    different: dict[Hashable, Point] = {}
    duplicates = 0
    while len(different) < n_trials and duplicates < _DUPLICATES_IN_A_ROW:
        point = _draw_point(space, names, random)
        duplicates = duplicates + 1 if tuple(point.items()) in different else 0
        different.setdefault(tuple(point.items()), point)
    return list(different.values())


def _draw_point(space: Mapping[str, Dimension], names: list[str], random: np.random.Generator) -> Point:
    point: dict[str, ParameterValue] = {}
    for name in names:
        if applies(space[name], point):
            point[name] = _draw_value(space[name], random)
    return {name: point[name] for name in sorted(point)}


def _draw_value(dimension: Dimension, random: np.random.Generator) -> ParameterValue:
    values = values_of(dimension)
    if values is not None:
        return values[random.integers(len(values))]
    bounds = range_of(dimension)
    # Half a number further at either end, so that the first and last whole number are as likely as the others.
    margin = 0.5 if bounds.whole else 0.0
    low, high = bounds.low - margin, bounds.high + margin
    if bounds.log:
        return bounds.rounded(math.exp(random.uniform(math.log(low), math.log(high))))
    return bounds.rounded(random.uniform(low, high))
