"""Out-of-fold predictions joined to the unit, group, fold and slices of their rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.io.files import read_table


def out_of_fold(rows: pd.DataFrame, predictions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Join the predictions of the outer folds to their rows.

    Args:
        rows: n rows, from :func:`foldwise.folds.assignment.read_rows`.
        predictions: fold, from 1 -> a frame with the columns sample_id and score (the predicted probability) of its
            test rows.

    Returns:
        One row a fold and test row: repeat, fold, sample_id, unit, group, label, score and the slices.

    Raises:
        ValueError: when the predictions of a fold are not those of its test rows.
    """
    parts = []
    kept = [name for name in rows.columns if not name.startswith("fold_")]
    for fold, predicted in sorted(predictions.items()):
        test = rows.loc[rows[f"fold_{fold}"] == 0, kept]
        if len(test) != len(predicted) or (test["sample_id"].to_numpy() != predicted["sample_id"].to_numpy()).any():
            raise ValueError(f"the predictions of fold {fold} are not those of its test rows")
        part = test.assign(fold=fold, score=predicted["score"].to_numpy())
        parts.append(part.assign(repeat=(fold - 1) // rows.attrs["n_splits"] + 1))
    result = pd.concat(parts, ignore_index=True)
    result.attrs = rows.attrs
    return result


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
    for name in predictions.attrs["slices"]:
        # A slice may have the name of a column that the table already has.
        columns[f"slice_{name}" if name in columns else name] = pa.array(predictions[f"slice: {name}"], pa.string())
    return pa.table(columns)


def by_unit(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a fold and unit: the mean prediction of its rows, and the label that most of them have."""
    grouped = predictions.groupby(["repeat", "fold", "unit"], sort=True)
    units = grouped.agg(score=("score", "mean"), label=("label", "mean"), group=("group", "first")).reset_index()
    units["label"] = (units["label"] > 0.5).astype(np.int8)
    return units


def read_fold_predictions(path: str) -> dict[int, pd.DataFrame]:
    """Read a table with a column ``fold``: fold, from 1 -> its rows."""
    return {int(fold): part for fold, part in read_table(path).to_pandas().groupby("fold")}


def test_shares(rows: pd.DataFrame) -> dict[int, float]:
    """Return n_test / n_train in rows for every fold; rows that are left out of a fold (-1) count in neither."""
    names = [name for name in rows.columns if name.startswith("fold_")]
    return {int(name.removeprefix("fold_")): float((rows[name] == 0).sum() / (rows[name] > 0).sum()) for name in names}
