"""The chosen point: its models of the inner folds, with curves and out-of-fold predictions, and the final fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit

from foldwise.backends.base import CURVE_METRICS, Backend
from foldwise.search.fits import Fit, InnerFold, TrainPart
from foldwise.search.result import SearchResult
from foldwise.search.settings import TrainingSettings
from foldwise.stats.metrics import search_metric

_CURVE_SCHEMA = pa.schema(
    {
        "iteration": pa.int32(),
        "inner_fold": pa.int16(),
        "part": pa.string(),
        "metric": pa.string(),
        "value": pa.float64(),
    }
)
# First tree, last tree and step of the numbers of trees that a curve shows.
_CURVE_STEPS = ((1, 20, 1), (25, 100, 5), (110, 300, 10), (350, 1000, 50), (1100, 10**6, 100))
_ROWS_OF_A_TRAIN_CURVE = 2000


@dataclass(frozen=True)
class Chosen:
    """The point that a search chose.

    Attributes:
        fit: its fit, with the number of trees of the point, which is the limit with early stopping.
        trees: the number of trees that its metric was computed with, and that the final model gets.
        models: its models of the inner folds in their order; None where they have to be fitted.
    """

    fit: Fit
    trees: int
    models: Sequence[Any] | None


def chosen_point(result: SearchResult, settings: TrainingSettings, backend: Backend) -> Chosen:
    """Return the chosen point of a search."""
    point = result.points[result.chosen]
    params = backend.canonical({k: v for k, v in point.items() if k != settings.trees_name})
    fit = Fit(params, {int(point[settings.trees_name]): [0]}, backend.bin_key(params))
    return Chosen(fit, int(result.trees[result.chosen]), result.models)


def refit(part: TrainPart, chosen: Chosen, backend: Backend, settings: TrainingSettings) -> Any:
    """Fit on the whole train part and return the model, the library's own booster, with class weights undone."""
    options = settings.fit_options
    binned = backend.bin_train(part.matrix, part.label, part.weight, chosen.fit.params, options)
    model = backend.fit(binned, chosen.fit.params, chosen.trees, options).model
    return backend.shift(model, part.offset) if part.offset else model


@dataclass(frozen=True)
class OutOfFold:
    """The chosen point on the inner folds of a train part of n rows.

    Attributes:
        predictions: shape (n,): probability of class 1 of each row, from the model that was fitted without its inner
            fold, with the number of trees of the final model or, where early stopping ended the fit before, all.
        curve: one row for each number of trees shown, inner fold, part (``train``: up to 2,000 rows, or
            ``validation``) and metric: iteration, inner_fold, part, metric, value.
        grown: number of trees of the point in each inner fold.
    """

    predictions: npt.NDArray[np.float64]
    curve: pa.Table
    grown: Sequence[int]


def predict_out_of_fold(part: TrainPart, chosen: Chosen, backend: Backend, settings: TrainingSettings) -> OutOfFold:
    """Predict every train row by the search's own model of its inner fold; fit these models where there are none."""
    predictions = np.full(len(part.label), np.nan)
    columns: dict[str, list[Any]] = {name: [] for name in _CURVE_SCHEMA.names}
    folds, grown = np.unique(part.inner).tolist(), []
    for number, fold in enumerate(folds):
        model = _fit_again(part, fold, chosen, backend, settings) if chosen.models is None else chosen.models[number]
        fit_part, held_out = part.without(fold), part.only(fold)
        # A fit that other points share may have more trees than this one.
        grown.append(min(backend.trees(model), chosen.fit.trees))
        trees = min(chosen.trees, grown[-1])
        predicted = backend.predict_matrix(model, held_out.matrix, settings.threads, trees)
        predictions[part.inner == fold] = fit_part.unweighted(predicted)
        counts = _curve_counts(grown[-1], trees)
        for name, rows in (("train", fit_part.some(_ROWS_OF_A_TRAIN_CURVE)), ("validation", held_out)):
            margins = backend.staged_margins(model, rows.matrix, counts, settings.threads) + fit_part.offset
            for metric in CURVE_METRICS:
                columns["iteration"] += counts
                columns["value"] += [search_metric(metric)(rows.label, expit(at_count)) for at_count in margins]
                for column, value in (("inner_fold", fold), ("part", name), ("metric", metric)):
                    columns[column] += [value] * len(counts)
    return OutOfFold(predictions, pa.table(columns, _CURVE_SCHEMA), grown)


def _fit_again(part: TrainPart, fold: int, chosen: Chosen, backend: Backend, settings: TrainingSettings) -> Any:
    """Return the model of an inner fold as the search fits it: the search was in another job, or used fewer rows."""
    inner = InnerFold(part, fold, backend, replace(settings.fit_options, threads=1))
    [fold_fit] = inner.run([chosen.fit], settings.objective().evaluate)
    return fold_fit.model


def _curve_counts(grown: int, trees: int) -> list[int]:
    """Return the numbers of trees that a curve shows: the same in every fold up to the last, and that of the model."""
    counts = {count for first, last, step in _CURVE_STEPS for count in range(first, min(last, grown) + 1, step)}
    return sorted(counts | {trees, grown})
