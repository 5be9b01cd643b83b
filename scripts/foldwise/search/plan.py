"""Which fits a set of points needs: free numbers of trees, equal points fitted once."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foldwise.backends.contract import Backend


@dataclass(frozen=True)
class Fit:
    """One fit that scores one or more points.

    Attributes:
        params: the parameters without the number of trees.
        points: number of trees -> positions of the points scored from that many leading trees.
        bin_key: what its binned data depend on.
    """

    params: Mapping[str, Any]
    points: dict[int, list[int]]
    bin_key: Hashable

    @property
    def trees(self) -> int:
        """Number of trees to grow."""
        return max(self.points)


def plan_fits(points: Sequence[Mapping[str, Any]], trees_name: str, backend: Backend) -> list[Fit]:
    """Group points into as few fits as give the same scores as fitting every point alone.

    Points that differ only in the number of trees share a fit, since the first k of n trees are
    the trees of a fit with k; points that are equal once parameters without effect are taken
    away share all of it.

    Args:
        points: parameter values, the number of trees among them.
        trees_name: name of that parameter.
        backend: the backend's module.

    Returns:
        The fits, the largest first, so that a pool of workers ends evenly.
    """
    fits: dict[Hashable, Fit] = {}
    for position, point in enumerate(points):
        trees = int(point[trees_name])
        params = backend.canonical({k: v for k, v in point.items() if k != trees_name})
        nested = backend.trees_are_nested(params)
        key = (tuple(sorted((k, repr(v)) for k, v in params.items())), None if nested else trees)
        fit = fits.setdefault(key, Fit(params, {}, backend.bin_key(params)))
        fit.points.setdefault(trees, []).append(position)
    return sorted(fits.values(), key=lambda f: -_cost(f))


def _cost(fit: Fit) -> float:
    depth = fit.params.get("max_depth", fit.params.get("depth")) or 6
    return fit.trees * float(depth if depth > 0 else 6)
