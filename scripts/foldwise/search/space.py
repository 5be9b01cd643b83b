"""Search spaces: values by parameter, from the backend's file and the configuration's overrides."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from foldwise.backends import SPECIFICATIONS
from foldwise.errors import UserError, listed, nearest

Space = dict[str, list[Any]]


def read_space(path: str | Path, backend: str, overrides: Mapping[str, Any]) -> Space:
    """Read a backend's search space and put the configuration's values in place of its own.

    Args:
        path: a YAML file of `parameter: values`.
        backend: the backend's name.
        overrides: `search.space.<backend>` of the configuration: a value or a list by parameter.

    Raises:
        UserError: for a parameter that the backend does not know, an empty or repeated value, or
            a number of trees that is no positive whole number.
    """
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    space = {key: _as_list(value) for key, value in {**content, **overrides}.items()}
    specification = SPECIFICATIONS[backend]
    where = f"search.space.{backend}"
    for name, values in space.items():
        if name not in specification.parameters:
            raise UserError(
                f"{where}: {name!r} is no parameter of {backend}{nearest(name, specification.parameters)}; "
                f"it knows {listed(sorted(specification.parameters), limit=40)}"
            )
        if not values:
            raise UserError(f"{where}.{name}: the list is empty: give at least one value, or leave the key out")
        if len({(type(v), v) for v in values}) < len(values):
            raise UserError(f"{where}.{name}: {values} names a value twice")
    trees = space.get(specification.trees)
    if trees is None or any(not isinstance(t, int) or isinstance(t, bool) or t < 1 for t in trees):
        raise UserError(f"{where}.{specification.trees}: {trees} given, whole numbers of trees from 1 expected")
    return space


def grid(space: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every point of a space in the order of scikit-learn's ``ParameterGrid``.

    The order decides ties, so it must be the same: keys sorted, the last one varies fastest.
    """
    keys = sorted(space)
    return [dict(zip(keys, values, strict=True)) for values in product(*(space[k] for k in keys))]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
