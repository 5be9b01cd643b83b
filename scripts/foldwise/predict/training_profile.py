"""What the training table looked like, column by column: bins, range, missing values, and a sample of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foldwise.data.feature_matrix import Values

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
        absent = np.isnan(values)
        missing = np.count_nonzero(absent)
        if self.categorical:
            known = np.bincount(values[~absent].astype(np.int64), minlength=len(self.cuts) + 1)
        else:
            # One pass for each cut is faster than to look up the bin of each value.
            up_to = [np.count_nonzero(values <= cut) for cut in _largest_below(self.cuts, values.dtype)]
            known = np.diff(up_to, prepend=0, append=len(values) - missing)
        return np.append(known, missing)

    def outside(self, values: Values) -> npt.NDArray[np.bool_]:
        """Tell which values, shape (n,), lie outside the range; a missing one does not."""
        # Both ends are values of the column: the type of the contract holds them exactly.
        low, high = np.array([self.low, self.high], values.dtype)
        return np.asarray((values < low) | (values > high))


@dataclass(frozen=True)
class TrainingTable:
    """n training rows.

    Attributes:
        columns: the features.
        rows: n.
        units: number of units.
        sample: features of some rows, shape (s, p).
        sample_unit: their units, shape (s,).
    """

    columns: tuple[TrainingColumn, ...]
    rows: int
    units: int
    sample: Values
    sample_unit: npt.NDArray[Any]


def read_training_table(path: str | Path, contract: Mapping[str, Any], sampled_rows: int, seed: int) -> TrainingTable:
    """Read ``table.parquet`` one column at a time.

    Args:
        path: the table.
        contract: content of ``table.json``.
        sampled_rows: largest number of rows to sample.
        seed: of the sample.
    """
    with pq.ParquetFile(path) as file:
        unit = _read(file, contract["unit"])
        chosen = sample_of(len(unit), sampled_rows, seed)
        sample = np.empty((len(chosen), len(contract["features"])), np.float64)
        columns = []
        for j, feature in enumerate(contract["features"]):
            values = _read(file, feature["name"]).to_numpy().astype(np.float64)
            sample[:, j] = values[chosen]
            columns.append(_column(feature, values))
    units = pc.count_distinct(unit).as_py()
    return TrainingTable(tuple(columns), len(unit), units, sample, unit.take(pa.array(chosen)).to_numpy())


def sample_of(rows: int, largest: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw up to ``largest`` of the rows, in their order: even steps could hit the same copy of every video."""
    if rows <= largest:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, largest, replace=False))


def _read(file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    # One thread: each of the reader's own would keep memory of its own.
    return file.read(columns=[name], use_threads=False).column(0)


def _largest_below(limits: npt.NDArray[np.float64], dtype: np.dtype[Any]) -> Values:
    """Return the largest numbers of a type that are not above the limits: the same values are up to them."""
    nearest: Values = limits.astype(dtype)
    return np.where(nearest > limits, np.nextafter(nearest, dtype.type(-np.inf)), nearest)


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
