"""Out-of-fold predictions joined to the unit, group, fold and slices of their rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.folds.assignment import Rows
from foldwise.io.files import read_table

_SLICE = "slice: "


def out_of_fold(rows: Rows, predictions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Join the predictions of the outer folds to their rows.

    Args:
        rows: the rows of the dataset with their folds.
        predictions: fold, from 1 -> a frame with the columns sample_id and score (the predicted probability) of its
            test rows.

    Returns:
        One row a fold and test row: sample_id, label, unit, group, ``slice: <name>`` for each slice, fold, repeat and
        score.

    Raises:
        ValueError: when the predictions of a fold are not those of its test rows.
    """
    parts = [_joined(rows.test_rows(fold), predicted, fold, "test") for fold, predicted in sorted(predictions.items())]
    return pd.concat(parts, ignore_index=True)


def inner_out_of_fold(rows: Rows, predictions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Join the inner out-of-fold predictions to the train rows of the outer folds, as :func:`out_of_fold` does.

    Args:
        rows: the rows of the dataset with their folds.
        predictions: outer fold, from 1 -> a frame with the columns sample_id and score of its train rows, each
            predicted by a model that was not trained on the row's group.

    Returns:
        One row a fold and train row, with the columns of :func:`out_of_fold`.

    Raises:
        ValueError: when the predictions of a fold are not those of its train rows.
    """
    parts = [
        _joined(rows.train_rows(fold), predicted, fold, "train") for fold, predicted in sorted(predictions.items())
    ]
    return pd.concat(parts, ignore_index=True)


def _joined(rows: pd.DataFrame, predicted: pd.DataFrame, fold: int, part: str) -> pd.DataFrame:
    if len(rows) != len(predicted) or (rows["sample_id"].to_numpy() != predicted["sample_id"].to_numpy()).any():
        raise ValueError(f"the predictions of fold {fold} are not those of its {part} rows")
    return rows.assign(score=predicted["score"].to_numpy())


def slices_of(predictions: pd.DataFrame) -> list[str]:
    """Return the names of the slices of out-of-fold predictions."""
    return [name.removeprefix(_SLICE) for name in predictions.columns if name.startswith(_SLICE)]


def slice_values(predictions: pd.DataFrame, name: str) -> pd.Series:
    """Return the value of a slice in every row, ``(missing)`` where there is none."""
    return predictions[_SLICE + name].fillna("(missing)")


def prediction_table(dataset: str, backend: str, predictions: pd.DataFrame) -> pa.Table:
    """Return predictions as the table that is stored: keys, label, predictions, thresholds and slices of each row."""
    thresholds = [name for name in predictions.columns if name.startswith("threshold")]
    columns = {
        "dataset": pa.array([dataset] * len(predictions), pa.string()),
        "backend": pa.array([backend] * len(predictions), pa.string()),
        "repeat": pa.array(predictions["repeat"], pa.int16()),
        "fold": pa.array(predictions["fold"], pa.int16()),
        **{c: pa.array(predictions[c]) for c in ("sample_id", "unit", "group", "label", "score", "calibrated")},
        **{c: pa.array(predictions[c]) for c in thresholds},
    }
    for name in slices_of(predictions):
        # A slice may have the name of a column that the table already has.
        columns[f"slice_{name}" if name in columns else name] = pa.array(predictions[_SLICE + name], pa.string())
    return pa.table(columns)


def by_unit(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a repeat, fold and unit, see :func:`units_of`."""
    return units_of(predictions, ["repeat", "fold", "unit"])


def units_of(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return one row a unit: the mean prediction of its rows, and the label that more than half of them have.

    Args:
        rows: the rows with ``keys``, group, label, score and, where there are such columns, calibrated and thresholds.
        keys: the columns that together name a unit.
    """
    averaged = [column for column in ("score", "calibrated") if column in rows]
    first = ["group", *(column for column in rows if str(column).startswith("threshold"))]
    kinds: Any = dict.fromkeys([*averaged, "label"], "mean") | dict.fromkeys(first, "first")
    units: pd.DataFrame = rows.groupby(list(keys), sort=True)[list(kinds)].agg(kinds).reset_index()
    units["label"] = (units["label"] > 0.5).astype(np.int8)
    return units


def read_fold_predictions(path: str) -> dict[int, pd.DataFrame]:
    """Read a table with a column ``fold``: fold, from 1 -> its rows."""
    return {int(fold): part for fold, part in read_table(path).to_pandas().groupby("fold")}
