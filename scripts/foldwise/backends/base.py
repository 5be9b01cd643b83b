"""The interface that every backend module implements, tested by ``tests/unit/backends/test_backends.py``."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from foldwise.data.feature_matrix import Matrix

ParameterValue = bool | int | float | str
Parameters = Mapping[str, ParameterValue]
Predictions = npt.NDArray[np.floating[Any]]
Margins = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Weights = npt.NDArray[np.float64]
CURVE_METRICS = ("log_loss", "auc")


@dataclass(frozen=True)
class FitOptions:
    """What every fit of a job has in common.

    Attributes:
        seed: random seed of the library.
        threads: threads of one fit.
        device: ``cpu`` or ``cuda``.
        kept: whether the model is kept. For a model that only predicts its validation rows, a backend leaves out
            work that changes no prediction.
    """

    seed: int
    threads: int = 1
    device: str = "cpu"
    kept: bool = True


@dataclass(frozen=True)
class Fitted:
    """A fitted model and its curves on the evaluation sets.

    Attributes:
        model: the library's own booster.
        curves: (name of the evaluation set, metric) -> value after each tree, shape (trees,).
    """

    model: Any
    curves: dict[tuple[str, str], npt.NDArray[np.float64]] = field(default_factory=dict)


class Backend(Protocol):
    """A gradient boosting library: rows binned once for many fits, predictions from any number of leading trees."""

    LibraryError: type[Exception]
    """What the library raises for a parameter value that it does not accept."""

    REFUSED_CHARACTERS: str
    """Characters that the library does not accept in feature names."""

    def canonical(self, params: Parameters) -> Parameters:
        """Return the parameters without those that have no effect: equal results mean equal models."""

    def bin_key(self, params: Parameters) -> Hashable:
        """Return the parameters that the binned data depend on; fits with equal keys share the binned data."""

    def trees_are_nested(self, params: Parameters) -> bool:
        """Return whether the first k trees of a fit with n > k trees are the trees of a fit with k."""

    def bin_train(
        self, matrix: Matrix, label: Labels, weight: Weights | None, params: Parameters, options: FitOptions
    ) -> Any:
        """Bin train rows for many fits.

        Args:
            matrix: n rows, p columns.
            label: shape (n,), 0 or 1.
            weight: shape (n,), or None when all rows have the same weight.
            params: the parameters that :meth:`bin_key` reads.
            options: seed, threads and device.
        """

    def bin_validation(
        self, matrix: Matrix, label: Labels, train: Any, options: FitOptions, weight: Weights | None = None
    ) -> Any:
        """Prepare rows for :meth:`predict`, or as an evaluation set, of models fitted on the binned ``train``."""

    def fit(
        self,
        train: Any,
        params: Parameters,
        trees: int,
        options: FitOptions,
        eval_sets: Sequence[tuple[str, Any]] = (),
        metrics: Sequence[str] = CURVE_METRICS,
        patience: int | None = None,
    ) -> Fitted:
        """Fit trees, and evaluate ``metrics`` on every named evaluation set after each tree.

        Args:
            train: what :meth:`bin_train` returned.
            params: parameters without the number of trees.
            trees: number of trees, with ``patience`` the limit.
            options: seed, threads and device.
            eval_sets: names and data of the evaluation sets.
            metrics: what to evaluate.
            patience: end once so many trees in a row did not improve the first metric on the first evaluation set;
                the trees up to there are those of a fit without it.
        """

    def predict(self, model: Any, data: Any, trees: int | None = None) -> Predictions:
        """Return the probability of class 1, shape (n,), from the first ``trees`` trees (default all).

        ``data`` comes from :meth:`bin_validation`.
        """

    def predict_matrix(self, model: Any, matrix: Matrix, threads: int = 1, trees: int | None = None) -> Predictions:
        """Return the probability of class 1 for raw rows, shape (n,), from the first ``trees`` trees (default all)."""

    def staged_margins(self, model: Any, matrix: Matrix, counts: Sequence[int], threads: int = 1) -> Margins:
        """Return the log-odds of class 1 from the first ``counts`` trees, shape (len(counts), n), in one pass."""

    def shift(self, model: Any, offset: float) -> Any:
        """Return the model with ``offset`` added to its log-odds, in every format that it is saved in."""

    def detached(self, model: Any) -> Any:
        """Return a model that predicts the same and does not keep the rows that it was fitted on."""

    def trees(self, model: Any) -> int:
        """Return the number of trees."""

    def gain(self, model: Any) -> npt.NDArray[np.float64]:
        """Return the library's importance by gain, shape (p,), in the column order of the contract."""

    def contributions(self, model: Any, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
        """Return SHAP values in log-odds, shape (n, p), without the base value."""

    def save(self, model: Any, path: Path) -> None:
        """Write the model in the library's own format; equal models give equal bytes."""

    def load(self, path: Path) -> Any:
        """Read a model that :meth:`save` wrote."""

    def version(self) -> str:
        """Return the version of the library."""


def safe_names(names: Sequence[str], refused: str) -> list[str]:
    """Replace the characters that a library refuses in feature names, and keep the names distinct.

    Args:
        names: feature names of the contract.
        refused: characters that the library does not accept.

    Returns:
        One name for each: a refused character, or an empty name, becomes ``_``, and a name that would then appear
        twice gets a number; other names are unchanged.

    Example:
        >>> safe_names(["age", "jitter[%]", "jitter_%_"], "[]")
        ['age', 'jitter_%__2', 'jitter_%_']
    """
    table = str.maketrans(dict.fromkeys(refused, "_"))
    replaced = [name.translate(table) or "_" for name in names]
    taken = {name for name, new in zip(names, replaced, strict=True) if name == new}
    safe = []
    for name, plain in zip(names, replaced, strict=True):
        new, number = plain, 2
        while new != name and new in taken:
            new = f"{plain}_{number}"
            number += 1
        taken.add(new)
        safe.append(new)
    return safe
