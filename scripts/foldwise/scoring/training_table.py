"""What the training table looked like, column by column: bins, range, missing values, and a sample of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.artifacts import read_table
from foldwise.matrix import Values

_BINS = 10


@dataclass(frozen=True)
class TrainingColumn:
    """A column of n training rows.

    Attributes:
        name: the feature's name.
        cuts: upper ends of all bins but the last, shape (b - 1,); the codes of categories have a bin each.
        counts: training rows in each bin, shape (b + 1,), the last for missing values.
        low: smallest value.
        high: largest value.
        categorical: whether the values are codes.
    """

    name: str
    cuts: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    low: float
    high: float
    categorical: bool

    def count(self, values: Values) -> npt.NDArray[np.int64]:
        """Return how many values, shape (n,) with missing as NaN, fall into each bin, shape (b + 1,)."""
        bins = np.searchsorted(self.cuts, values, side="left")
        bins[np.isnan(values)] = len(self.cuts) + 1
        return np.bincount(bins, minlength=len(self.cuts) + 2)


@dataclass(frozen=True)
class TrainingTable:
    """n training rows.

    Attributes:
        columns: the features.
        unit: the unit of each row, shape (n,).
        chosen: rows of the sample, shape (s,), rising.
        sample: their features, shape (s, p).
    """

    columns: tuple[TrainingColumn, ...]
    unit: npt.NDArray[np.object_]
    chosen: npt.NDArray[np.int64]
    sample: Values


def read_training_table(path: str | Path, contract: Mapping[str, Any], sampled_rows: int, seed: int) -> TrainingTable:
    """Read ``table.parquet`` one column at a time.

    Args:
        path: the table.
        contract: content of ``table.json``.
        sampled_rows: largest number of rows to sample.
        seed: of the sample.
    """
    unit = read_table(path, columns=[contract["unit"]]).column(0).to_numpy().astype(object)
    chosen = sample_of(len(unit), sampled_rows, seed)
    sample = np.empty((len(chosen), len(contract["features"])), np.float64)
    columns = []
    for j, feature in enumerate(contract["features"]):
        values = read_table(path, columns=[feature["name"]]).column(0).to_numpy().astype(np.float64)
        sample[:, j] = values[chosen]
        columns.append(_column(feature, values))
    return TrainingTable(tuple(columns), unit, chosen, sample)


def sample_of(rows: int, largest: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw up to ``largest`` of the rows, in their order: even steps could hit the same copy of every video."""
    if rows <= largest:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, largest, replace=False))


def _column(feature: Mapping[str, Any], values: npt.NDArray[np.float64]) -> TrainingColumn:
    known = values[~np.isnan(values)]
    categorical = feature["type"] == "category"
    if categorical:
        cuts = np.arange(len(feature["categories"]) - 1, dtype=np.float64)
    else:
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    column = TrainingColumn(
        feature["name"], cuts, np.zeros(len(cuts) + 2, np.int64), known.min(), known.max(), categorical
    )
    return replace(column, counts=column.count(values))
