"""One inner fold, binned once for many fits."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from foldwise.backends.contract import Backend, FitOptions
from foldwise.errors import UserError
from foldwise.search.plan import Fit
from foldwise.search.train_part import TrainPart

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
