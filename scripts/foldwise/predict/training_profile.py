"""Profile of the training table: bins, range and missing values of each column, and a sample of its rows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foldwise.data.contract import Contract, Feature
from foldwise.data.feature_matrix import Values

_BINS = 10


@dataclass(frozen=True)
class TrainingColumn:
    """A column of n training rows.

    Attributes:
        name: the feature's name.
        cuts: upper ends of all bins but the last, shape (b - 1,); each category code has its own bin.
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
        is_missing = np.isnan(values)
        missing = np.count_nonzero(is_missing)
        if self.categorical:
            counts = np.bincount(values[~is_missing].astype(np.int64), minlength=len(self.cuts) + 1)
        else:
            # One pass per cut is faster than looking up the bin of each value.
            up_to = [np.count_nonzero(values <= cut) for cut in _largest_below(self.cuts, values.dtype)]
            counts = np.diff(up_to, prepend=0, append=len(values) - missing)
        return np.append(counts, missing)

    def outside(self, values: Values) -> npt.NDArray[np.bool_]:
        """Return which values, shape (n,), are outside the training range; missing values are not."""
        # Both ends are values of the column, so the contract's type represents them exactly.
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


def read_training_table(path: str | Path, contract: Contract, sampled_rows: int, seed: int) -> TrainingTable:
    """Read ``table.parquet`` one column at a time.

    Args:
        path: the table.
        contract: the features and the unit column.
        sampled_rows: largest number of rows to sample.
        seed: seed of the sample.
    """
    with pq.ParquetFile(path) as file:
        unit = _read(file, contract.unit)
        chosen = sample_of(len(unit), sampled_rows, seed)
        sample = np.empty((len(chosen), len(contract.features)), np.float64)
        columns = []
        for j, feature in enumerate(contract.features):
            values = _read(file, feature.name).to_numpy().astype(np.float64)
            sample[:, j] = values[chosen]
            columns.append(_column(feature, values))
    units = pc.count_distinct(unit).as_py()
    return TrainingTable(tuple(columns), len(unit), units, sample, unit.take(pa.array(chosen)).to_numpy())


def sample_of(rows: int, largest: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw up to ``largest`` row numbers, sorted; equal steps could select the same copy of every video."""
    if rows <= largest:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, largest, replace=False))


def _read(file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    # Each further reader thread would keep memory of its own.
    return file.read(columns=[name], use_threads=False).column(0)


def _largest_below(limits: npt.NDArray[np.float64], dtype: np.dtype[Any]) -> Values:
    """Return the largest numbers of ``dtype`` not above the limits: comparisons with them give the same result."""
    nearest: Values = limits.astype(dtype)
    return np.where(nearest > limits, np.nextafter(nearest, dtype.type(-np.inf)), nearest)


def _column(feature: Feature, values: npt.NDArray[np.float64]) -> TrainingColumn:
    known = values[~np.isnan(values)]
    if feature.is_category:
        cuts = np.arange(len(feature.categories or ()) - 1, dtype=np.float64)
    else:
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    column = TrainingColumn(
        feature.name, cuts, np.zeros(len(cuts) + 2, np.int64), known.min(), known.max(), feature.is_category
    )
    return replace(column, counts=column.count(values))
