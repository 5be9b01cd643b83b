"""Search spaces: dimensions by parameter, from the backend's file or one's own and the configuration's overrides."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from foldwise.backends.registry import SPECIFICATIONS, Specification
from foldwise.errors import UserError, listed, nearest, shown
from foldwise.search.effects import put_right
from foldwise.search.parameters import (
    Dimension,
    applies,
    check_conditions,
    check_dimension,
    condition_of,
    parents_first,
    range_of,
    values_of,
)

Space = dict[str, Dimension]
ENUMERATING = ("grid", "race")


"""The methods that score every point of a space."""


MOST_POINTS = 100_000


@dataclass(frozen=True)
class CheckedSpace:
    """A search space that a run can use.

    Attributes:
        dimensions: dimensions by parameter, sorted by name, plain data.
        notes: one line for each parameter that was put right.
    """

    dimensions: Space
    notes: tuple[str, ...]


def read_space(
    shipped: str | Path, backend: str, given: str | Mapping[str, Any], method: str = "grid", device: str = "cpu"
) -> CheckedSpace:
    """Read a backend's search space and put the configuration's values in place of its own.

    Args:
        shipped: the YAML file of `parameter: values` that comes with the workflow.
        backend: the backend's name.
        given: `search.space.<backend>` of the configuration: the path of a file that stands in
            place of the shipped one, or values by parameter, where `file` may name such a path.
        method: `search.method`; a grid needs ranges with a step.
        device: `training.device`: CatBoost's defaults depend on it.

    Raises:
        UserError: for a file that is no mapping, a parameter that the backend does not know, a value or a range
            that it cannot take, a wrong condition, a number of trees that is no positive whole number, or a space
            that the method cannot enumerate.
    """
    where = f"search.space.{backend}"
    specification = SPECIFICATIONS[backend]
    dimensions = {}
    for name, value in sorted(_content(where, shipped, given).items(), key=lambda item: shown(item[0])):
        if name not in specification.parameters:
            raise UserError(
                f"{where}: {shown(name)} is no parameter of {backend}{nearest(name, specification.parameters)}; "
                f"it knows {listed(sorted(specification.parameters), limit=40)}"
            )
        dimensions[name] = check_dimension(f"{where}.{name}", value, specification.kind(name))
    _check_trees(where, dimensions, specification)
    check_conditions(where, dimensions)
    dimensions, notes = put_right(where, backend, dimensions, device)
    if method in ENUMERATING:
        _check_enumerable(where, dimensions, method)
    return CheckedSpace({name: dimensions[name] for name in sorted(dimensions)}, tuple(notes))


def grid(space: Mapping[str, Dimension]) -> list[dict[str, Any]]:
    """Return every point of a space in the order of scikit-learn's ``ParameterGrid``.

    The order decides ties, so it must be the same: keys sorted, the last one varies fastest. A
    parameter whose condition does not hold is missing from the point, and comes before its first value.

    Raises:
        UserError: for a range without a step, or more than 100,000 points.
    """
    found = _points(space)
    if found is None:
        raise UserError(f"the search space has more than {MOST_POINTS:,} points: use search.method: random or optuna")
    return found


def finite_points(space: Mapping[str, Dimension]) -> list[dict[str, Any]] | None:
    """Return the points of a space as :func:`grid` does, whole numbers without a step one by one.

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


def _points(space: Mapping[str, Dimension]) -> list[dict[str, Any]] | None:
    """Return the points of a space in order, None for more than 100,000 of them."""
    keys = sorted(space)
    values = {key: _enumerated(key, space[key]) for key in keys}
    if all(isinstance(d, list) for d in space.values()) and _product(values) <= MOST_POINTS:
        return [dict(zip(keys, point, strict=True)) for point in product(*(values[k] for k in keys))]
    # Positions in the lists of values by parameter: they say where the point comes in the order.
    found: list[dict[str, int]] = [{}]
    for name in parents_first(space):
        longer: list[dict[str, int]] = []
        for positions in found:
            stands = applies(space[name], {k: values[k][i] for k, i in positions.items()})
            longer += [{**positions, name: i} for i in range(len(values[name]))] if stands else [positions]
            if len(longer) > MOST_POINTS:
                return None
        found = longer
    found.sort(key=lambda positions: [positions.get(key, -1) for key in keys])
    return [{key: values[key][p[key]] for key in keys if key in p} for p in found]


def _product(values: Mapping[str, list[Any]]) -> int:
    count = 1
    for of_parameter in values.values():
        count *= len(of_parameter)
    return count


def _enumerated(name: str, dimension: Dimension) -> list[Any]:
    values = values_of(dimension)
    if values is None:
        raise UserError(f"{name}: a range without a step has no end of points: use search.method: random or optuna")
    return values


def _content(where: str, shipped: str | Path, given: str | Mapping[str, Any]) -> dict[Any, Any]:
    """Return what the file says, with the configuration's own values in place of the file's."""
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
            f"{where}: there is no file {str(path)!r}: mend the path (it counts from the working folder {Path.cwd()})"
        ) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as fault:
        raise UserError(f"{where}: {str(path)!r} cannot be read as YAML: {fault}: mend the file") from None
    if not isinstance(content, Mapping) or not content:
        kind = "is empty" if not content else f"holds a {type(content).__name__}"
        raise UserError(f"{where}: {str(path)!r} {kind}: one line for each parameter expected, such as max_depth: [3]")
    return dict(content)


def _check_trees(where: str, space: Mapping[str, Dimension], specification: Specification) -> None:
    name = specification.trees
    if name not in space:
        raise UserError(f"{where}.{name} is missing: the number of trees is needed in every point")
    trees = space[name]
    if isinstance(trees, dict) and "when" in trees:
        raise UserError(f"{where}.{name}: the number of trees is needed in every point: take when: out")
    least = trees["low"] if isinstance(trees, dict) else min(trees)
    if least < 1:
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
            f"{where}: more than {MOST_POINTS:,} points for search.method: {method}: give fewer values, or use method: "
            "random or optuna"
        )


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
