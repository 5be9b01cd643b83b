"""What every backend module offers. ``tests/unit/backends/test_backends.py`` holds all of them to it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from foldwise.data.feature_matrix import Matrix

Parameters = Mapping[str, Any]
Scores = npt.NDArray[np.floating[Any]]
CURVE_METRICS = ("log_loss", "auc")


@dataclass(frozen=True)
class FitOptions:
    """What is the same for every fit of a job.

    Attributes:
        seed: seed of the backend's own randomness.
        threads: threads of one fit.
        device: ``cpu`` or ``cuda``.
        kept: whether the model is kept. Of one that is scored and thrown away a backend leaves out what costs time
            and changes no score.
    """

    seed: int
    threads: int = 1
    device: str = "cpu"
    kept: bool = True


@dataclass(frozen=True)
class Fitted:
    """A model and, for every watched data set, its curves.

    Attributes:
        model: the backend's own booster.
        curves: (name of the watched data, metric) -> value after each tree, shape (trees,).
    """

    model: Any
    curves: dict[tuple[str, str], npt.NDArray[np.float64]] = field(default_factory=dict)


class Backend(Protocol):
    """A model family: data binned once, many fits on it, scores from any number of leading trees."""

    Refusal: type[Exception]
    """What the library raises for a value that it does not take."""

    REFUSED_CHARACTERS: str
    """Characters that the library does not take in feature names."""

    def canonical(self, params: Parameters) -> Parameters:
        """Return the parameters without those that have no effect: equal results, equal models."""

    def bin_key(self, params: Parameters) -> Hashable:
        """Return what the binned data depend on: points with equal keys share them."""

    def trees_are_nested(self, params: Parameters) -> bool:
        """Tell whether the first k of n trees are the trees of a fit with k."""

    def bin_train(
        self,
        matrix: Matrix,
        label: npt.NDArray[np.int8],
        weight: npt.NDArray[np.float64] | None,
        params: Parameters,
        options: FitOptions,
    ) -> Any:
        """Bin train rows once for many fits: matrix (n, p), label (n,), weight (n,) or None."""

    def bin_validation(self, matrix: Matrix, label: npt.NDArray[np.int8], train: Any, options: FitOptions) -> Any:
        """Prepare rows to be scored or watched by models fitted on ``train``."""

    def fit(
        self,
        train: Any,
        params: Parameters,
        trees: int,
        options: FitOptions,
        watch: Sequence[tuple[str, Any]] = (),
        metrics: Sequence[str] = CURVE_METRICS,
    ) -> Fitted:
        """Grow ``trees`` trees; with ``watch``, score each named data set after every tree."""

    def predict(self, model: Any, data: Any, trees: int | None = None) -> Scores:
        """Return the probability of class 1, shape (n,), from the first ``trees`` trees (default all).

        ``data`` comes from :meth:`bin_validation`.
        """

    def predict_matrix(self, model: Any, matrix: Matrix, threads: int = 1) -> Scores:
        """Return the probability of class 1 for raw rows, shape (n,)."""

    def gain(self, model: Any) -> npt.NDArray[np.float64]:
        """Return the library's own importance by gain, shape (p,), in the contract's column order."""

    def contributions(self, model: Any, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
        """Return SHAP values in log-odds, shape (n, p); the base value is left out."""

    def save(self, model: Any, path: Path) -> None:
        """Write the model in the library's own format, the same bytes for the same model."""

    def load(self, path: Path) -> Any:
        """Read a model that :meth:`save` wrote."""

    def version(self) -> str:
        """Return the library's version."""
