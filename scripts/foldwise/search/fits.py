"""One inner fold, binned once for many fits."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend, FitOptions
from foldwise.data.feature_matrix import Matrix
from foldwise.errors import UserError


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


def shared_threads(threads: int, fits: int, affinity: int) -> tuple[int, int]:
    """Return threads of one fit and fits at a time.

    The threads of a fit follow from the configuration alone, since CatBoost's model depends on them; fits run
    at a time as far as there are processors.

    Args:
        threads: threads of the whole search.
        fits: number of independent fits.
        affinity: processors at hand.
    """
    each = max(1, threads // max(1, fits))
    return each, max(1, min(threads // each, affinity // each))


@dataclass(frozen=True)
class TrainPart:
    """The rows of an outer train part.

    Attributes:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        weight: shape (n,), or None when every row counts alike.
        inner: shape (n,), the inner fold, 1..k, of each row.
    """

    matrix: Matrix
    label: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float64] | None
    inner: npt.NDArray[np.int16]

    def without(self, fold: int) -> "TrainPart":
        """Return the rows outside an inner fold."""
        return self.rows(self.inner != fold)

    def only(self, fold: int) -> "TrainPart":
        """Return the rows of an inner fold."""
        return self.rows(self.inner == fold)

    def rows(self, mask: npt.NDArray[np.bool_]) -> "TrainPart":
        """Return the rows where ``mask``, shape (n,), is true."""
        weight = None if self.weight is None else self.weight[mask]
        return TrainPart(self.matrix.rows(mask), self.label[mask], weight, self.inner[mask])


Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Binned:
    """An inner fold in the form that a fit wants.

    Attributes:
        fit_part: the rows outside the inner fold.
        held_out: its own rows.
        train: ``fit_part`` as the backend fits it.
        validation: ``held_out`` as the backend scores it.
        backend: the backend's module.
        options: seed, threads of a fit, device.
    """

    fit_part: TrainPart
    held_out: TrainPart
    train: Any
    validation: Any
    backend: Backend
    options: FitOptions


class InnerFold:
    """The rows outside an inner fold, binned to be fitted, and its own rows, prepared to be scored."""

    def __init__(self, train: TrainPart, fold: int, backend: Backend, options: FitOptions) -> None:
        """Part the rows.

        Args:
            train: the outer train part.
            fold: the inner fold that is held out.
            backend: the backend's module.
            options: seed, threads of a fit, device.
        """
        self._fit_part, self._held_out = train.without(fold), train.only(fold)
        self._backend, self._options = backend, replace(options, kept=False)
        self._binned: dict[Hashable, Binned] = {}

    def run(self, fits: Sequence[Fit], call: Callable[[Fit, Binned], Outcome]) -> list[Outcome]:
        """Call ``call`` for one fit after the other, with the rows binned as the fit wants them."""
        self.bin_for(fits)
        return [self._call(fit, call) for fit in fits]

    def submit(self, pool: Executor, fit: Fit, call: Callable[[Fit, Binned], Outcome]) -> Future[Outcome]:
        """Let a thread of ``pool`` call ``call`` for a fit that the rows have been binned for.

        Threads, not processes: the libraries release the GIL, and XGBoost deadlocks in a process forked after a fit.
        """
        return pool.submit(self._call, fit, call)

    def bin_for(self, fits: Sequence[Fit]) -> None:
        """Bin the rows for these fits; data that none of them needs are let go."""
        wanted = {fit.bin_key: fit for fit in fits}
        self._binned = {key: data for key, data in self._binned.items() if key in wanted}
        for key, fit in wanted.items():
            if key not in self._binned:
                with _refusals_told(self._backend, fit):
                    self._binned[key] = self._bin(fit)

    def _call(self, fit: Fit, call: Callable[[Fit, Binned], Outcome]) -> Outcome:
        with _refusals_told(self._backend, fit):
            return call(fit, self._binned[fit.bin_key])

    def _bin(self, fit: Fit) -> Binned:
        part, held_out, backend, options = self._fit_part, self._held_out, self._backend, self._options
        train = backend.bin_train(part.matrix, part.label, part.weight, fit.params, options)
        validation = backend.bin_validation(held_out.matrix, held_out.label, train, options)
        return Binned(part, held_out, train, validation, backend, options)


@contextmanager
def _refusals_told(backend: Backend, fit: Fit) -> Iterator[None]:
    """Turn what the library raises for a value that it does not take into the user's mistake."""
    try:
        yield
    except backend.Refusal as refusal:
        reason = " ".join(str(refusal).split("Stack trace")[0].split())[:300]
        raise UserError(f"search.space: the library refuses {dict(fit.params)}: {reason}: change the value") from None
