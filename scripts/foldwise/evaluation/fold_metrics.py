"""Metrics of every fold as one table: a line a fold, level, slice and metric, for a model and for the baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from foldwise.evaluation.predictions import by_unit, slice_values, slices_of
from foldwise.evaluation.records import Baseline
from foldwise.folds.assignment import Rows
from foldwise.stats.metrics import all_metrics, confusion, decision_metrics

_COLUMNS = {
    "dataset": pa.string(),
    "backend": pa.string(),
    "repeat": pa.int16(),
    "fold": pa.int16(),
    "level": pa.string(),
    "slice": pa.string(),
    "slice_value": pa.string(),
    "metric": pa.string(),
    "value": pa.float64(),
    "n": pa.int64(),
}


def fold_metrics(dataset: str, model: str, predictions: pd.DataFrame, operating_fpr: Sequence[float]) -> pd.DataFrame:
    """Compute all metrics of every fold by row, by unit and by row within each slice.

    Args:
        dataset: name of the dataset.
        model: name of the model.
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold`, with calibrated probabilities where
            the model has a calibrator.
        operating_fpr: false-positive rates at which the true-positive rate is given.

    Returns:
        One line a fold, level, slice and metric, with the columns dataset, backend, repeat, fold, level, slice,
        slice_value, metric, value (NaN where it is not defined) and n, the rows or units it is computed on.
    """
    lines = _lines_of_level(predictions, "row", "all", "all", operating_fpr)
    lines += _lines_of_level(by_unit(predictions), "unit", "all", "all", operating_fpr)
    for name in slices_of(predictions):
        column = slice_values(predictions, name)
        for value in sorted(column.unique()):
            lines += _lines_of_level(predictions[column == value], "row", name, value, operating_fpr)
    return _frame(lines, dataset, model)


def constant_metrics(dataset: str, rows: Rows, operating_fpr: Sequence[float]) -> pd.DataFrame:
    """Compute all metrics of the constant prediction on every fold, by row and by unit.

    Its probability is the share of positives in the train part: of positive rows by row, of positive units by unit,
    which is the constant with the smallest log-loss on the train part at each level. A metric of decisions is the
    better of "always positive" and "always negative".

    Args:
        dataset: name of the dataset.
        rows: the rows of the dataset with their folds.
        operating_fpr: false-positive rates at which the true-positive rate is given.

    Returns:
        Lines as those of :func:`fold_metrics`.
    """
    lines = []
    for level in ("row", "unit"):
        for fold in rows.folds.numbers:
            chosen = rows.folds.is_train(fold), rows.folds.is_test(fold)
            train, test = (_labels(rows.frame[mask], level) for mask in chosen)
            constant = np.full(len(test), train.mean())
            metrics = all_metrics(test, constant, constant, operating_fpr)
            always = [decision_metrics(confusion(test, np.full(len(test), decision))) for decision in (0.0, 1.0)]
            metrics |= {name: max(values[name] for values in always) for name in always[0]}
            lines += _lines(metrics, len(test), rows.folds.repeat_of(fold), fold, level, "all", "all")
    return _frame(lines, dataset, "constant")


def baseline(lines: pd.DataFrame) -> Baseline:
    """Return the mean over folds of every metric of a baseline, by row and by unit."""
    return Baseline(_means(lines, "row"), _means(lines, "unit"))


def by_fold(lines: pd.DataFrame, metric: str, level: str = "row") -> npt.NDArray[np.float64]:
    """Return a metric's value on every fold, shape (folds,), in the order of the folds."""
    chosen = lines[(lines["metric"] == metric) & (lines["level"] == level) & (lines["slice"] == "all")]
    return np.asarray(chosen.sort_values("fold")["value"], np.float64)


def metrics_table(lines: pd.DataFrame) -> pa.Table:
    """Return the lines as the table that is stored; a metric that is not defined is null."""
    return pa.Table.from_pandas(lines, schema=pa.schema(list(_COLUMNS.items())), preserve_index=False)


def _labels(rows: pd.DataFrame, level: str) -> npt.NDArray[np.int8]:
    if level == "row":
        return rows["label"].to_numpy()
    return np.asarray(rows.groupby("unit", sort=True)["label"].mean() > 0.5, np.int8)


def _means(lines: pd.DataFrame, level: str) -> dict[str, float]:
    chosen = lines[(lines["level"] == level) & (lines["slice"] == "all")]
    return {str(k): float(v) for k, v in chosen.groupby("metric", sort=False)["value"].mean().items()}


def _frame(lines: list[dict[str, Any]], dataset: str, model: str) -> pd.DataFrame:
    return pd.DataFrame(lines).assign(dataset=dataset, backend=model)[list(_COLUMNS)]


def _lines_of_level(
    predictions: pd.DataFrame, level: str, name: str, value: str, operating_fpr: Sequence[float]
) -> list[dict[str, Any]]:
    lines = []
    for _, part in predictions.groupby(["repeat", "fold"]):
        score = part["score"].to_numpy()
        calibrated = part["calibrated"].to_numpy() if "calibrated" in part else score
        metrics = all_metrics(part["label"].to_numpy(), score, calibrated, operating_fpr)
        repeat, fold = int(part["repeat"].iloc[0]), int(part["fold"].iloc[0])
        lines += _lines(metrics, len(part), repeat, fold, level, name, value)
    return lines


def _lines(
    metrics: Mapping[str, float], n: int, repeat: int, fold: int, level: str, name: str, value: str
) -> list[dict[str, Any]]:
    keys = {"repeat": repeat, "fold": fold, "level": level, "slice": name, "slice_value": value, "n": n}
    return [{**keys, "metric": metric, "value": measured} for metric, measured in metrics.items()]
