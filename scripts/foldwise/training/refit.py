"""Fit the chosen point again: on every inner fold for curves and out-of-fold predictions, and on the train part."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.backends.base import CURVE_METRICS, Backend, Predictions
from foldwise.search.fits import BinnedFold, Fit, InnerFold, TrainPart
from foldwise.search.result import SearchResult
from foldwise.search.settings import TrainingSettings

_CURVE_SCHEMA = pa.schema(
    {
        "iteration": pa.int32(),
        "inner_fold": pa.int16(),
        "part": pa.string(),
        "metric": pa.string(),
        "value": pa.float64(),
    }
)


def chosen_fit(result: SearchResult, settings: TrainingSettings, backend: Backend) -> Fit:
    """Return the fit of the chosen point, with the number of trees that its metric was computed with."""
    trees = int(result.trees[result.chosen])
    point = result.points[result.chosen]
    params = backend.canonical({k: v for k, v in point.items() if k != settings.trees_name})
    return Fit(params, {trees: [0]}, backend.bin_key(params))


def refit(part: TrainPart, fit: Fit, backend: Backend, settings: TrainingSettings) -> Any:
    """Fit on the whole train part and return the model, the library's own booster."""
    options = settings.fit_options
    binned = backend.bin_train(part.matrix, part.label, part.weight, fit.params, options)
    return backend.fit(binned, fit.params, fit.trees, options).model


@dataclass(frozen=True)
class OutOfFold:
    """The chosen point on the inner folds of a train part of n rows.

    Attributes:
        predictions: shape (n,): probability of class 1 of each row, from the fit that does not contain its inner fold.
        curve: one row a tree, inner fold, part (``train`` or ``validation``) and metric: iteration, inner_fold,
            part, metric, value.
    """

    predictions: npt.NDArray[np.float64]
    curve: pa.Table


def fit_inner_folds(part: TrainPart, fit: Fit, backend: Backend, settings: TrainingSettings) -> OutOfFold:
    """Fit the chosen point on every inner fold, with one thread, and return its predictions and curves."""
    options = replace(settings.fit_options, threads=1)
    predictions = np.full(len(part.label), np.nan)
    columns: dict[str, list[Any]] = {name: [] for name in _CURVE_SCHEMA.names}
    for fold in np.unique(part.inner).tolist():
        [(curves, held_out)] = InnerFold(part, fold, backend, options).run([fit], _curves_and_predictions)
        predictions[part.inner == fold] = held_out
        for (name, metric), values in curves.items():
            columns["iteration"] += range(1, len(values) + 1)
            columns["value"] += values.tolist()
            for column, value in (("inner_fold", fold), ("part", name), ("metric", metric)):
                columns[column] += [value] * len(values)
    return OutOfFold(predictions, pa.table(columns, _CURVE_SCHEMA))


def _curves_and_predictions(
    fit: Fit, binned: BinnedFold
) -> tuple[dict[tuple[str, str], npt.NDArray[np.float64]], Predictions]:
    backend, fit_part = binned.backend, binned.fit_part
    train = backend.bin_validation(fit_part.matrix, fit_part.label, binned.train, binned.options)
    eval_sets = [("train", train), ("validation", binned.validation)]
    fitted = backend.fit(
        binned.train, fit.params, fit.trees, binned.options, eval_sets=eval_sets, metrics=CURVE_METRICS
    )
    return fitted.curves, backend.predict(fitted.model, binned.validation)
