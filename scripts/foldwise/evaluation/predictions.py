"""Out-of-fold predictions with what is known of each row: its unit, group, fold and slices."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.io.files import read_table


def out_of_fold(rows: pd.DataFrame, scores: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Join the scores of the outer folds to what is known of their rows.

    Args:
        rows: from :func:`read_rows`.
        scores: fold, from 1 -> a frame with sample_id and score of its test rows.

    Returns:
        One row a fold and test row: repeat, fold, sample_id, unit, group, label, score and the slices.

    Raises:
        ValueError: when a fold's scores are not those of its test rows.
    """
    parts = []
    known = [c for c in rows.columns if not c.startswith("fold_")]
    for fold, found in sorted(scores.items()):
        test = rows.loc[rows[f"fold_{fold}"] == 0, known]
        if len(test) != len(found) or (test["sample_id"].to_numpy() != found["sample_id"].to_numpy()).any():
            raise ValueError(f"the predictions of fold {fold} are not those of its test rows")
        part = test.assign(fold=fold, score=found["score"].to_numpy())
        parts.append(part.assign(repeat=(fold - 1) // rows.attrs["n_splits"] + 1))
    result = pd.concat(parts, ignore_index=True)
    result.attrs = rows.attrs
    return result


def prediction_table(dataset: str, backend: str, predictions: pd.DataFrame) -> pa.Table:
    """Return scored rows as an arrow table: whose they are, what is known of them, scores, thresholds, slices."""
    thresholds = [c for c in predictions.columns if c.startswith("threshold")]
    columns = {
        "dataset": pa.array([dataset] * len(predictions), pa.string()),
        "backend": pa.array([backend] * len(predictions), pa.string()),
        "repeat": pa.array(predictions["repeat"], pa.int16()),
        "fold": pa.array(predictions["fold"], pa.int16()),
        **{c: pa.array(predictions[c]) for c in ("sample_id", "unit", "group", "label", "score", "calibrated")},
        **{c: pa.array(predictions[c]) for c in thresholds},
    }
    for name in predictions.attrs["slices"]:
        # A slice may bear the name of a column that is there already.
        columns[f"slice_{name}" if name in columns else name] = pa.array(predictions[f"slice: {name}"], pa.string())
    return pa.table(columns)


def by_unit(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a fold and unit: the mean score, and the label that most of its rows have."""
    grouped = predictions.groupby(["repeat", "fold", "unit"], sort=True)
    found = grouped.agg(score=("score", "mean"), label=("label", "mean"), group=("group", "first")).reset_index()
    found["label"] = (found["label"] > 0.5).astype(np.int8)
    return found


def read_fold_predictions(path: str) -> dict[int, pd.DataFrame]:
    """Read a table with a ``fold`` column: fold, from 1 -> its rows."""
    return {int(fold): part for fold, part in read_table(path).to_pandas().groupby("fold")}


def test_shares(rows: pd.DataFrame) -> dict[int, float]:
    """Return n_test / n_train in rows for every fold."""
    names = [c for c in rows.columns if c.startswith("fold_")]
    return {int(n.removeprefix("fold_")): float((rows[n] == 0).sum() / (rows[n] > 0).sum()) for n in names}


def train_prevalence(rows: pd.DataFrame) -> dict[int, float]:
    """Return the share of positive train rows of every fold."""
    names = [c for c in rows.columns if c.startswith("fold_")]
    return {int(n.removeprefix("fold_")): float(rows.loc[rows[n] > 0, "label"].mean()) for n in names}
