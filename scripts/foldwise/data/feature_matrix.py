"""The feature matrix that the backends see: in memory, or on disk and read block by block."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from foldwise.data.contract import Feature
from foldwise.errors import UserError
from foldwise.io.files import reading_result

Values = npt.NDArray[np.float32] | npt.NDArray[np.float64]

# A larger table stays on disk. Models and predictions do not depend on it: tests/unit/data/test_feature_matrix.py.
_LARGEST_IN_MEMORY = 16_000_000
_BLOCK_BYTES = 4_000_000


class Matrix(Protocol):
    """Features of n rows and p columns, in memory or on disk; ``len`` is n."""

    @property
    def names(self) -> tuple[str, ...]:
        """The p column names of the contract."""

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the category columns."""

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Rows of each block; they add up to n."""

    def __len__(self) -> int:
        """Return n."""

    def rows(self, chosen: npt.NDArray[Any]) -> "Matrix":
        """Return the chosen rows: a boolean mask of shape (n,) or ascending positions."""

    def block(self, number: int) -> Values:
        """Return the rows of one block, shape (block_sizes[number], p)."""

    def loaded(self) -> "FeatureMatrix":
        """Return all rows in memory."""


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of n rows and p columns in memory: one block.

    Attributes:
        values: shape (n, p), float32, or float64 where a column needs it; missing is NaN, a category its code.
        names: p column names of the contract.
        categorical: positions of the category columns.
    """

    values: Values
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Return n."""
        return len(self.values)

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """The number of rows."""
        return (len(self.values),)

    def rows(self, chosen: npt.NDArray[Any]) -> "FeatureMatrix":
        """Return the chosen rows: a boolean mask of shape (n,) or positions."""
        return FeatureMatrix(self.values[chosen], self.names, self.categorical)

    def block(self, number: int) -> Values:
        """Return all rows, shape (n, p)."""
        return self.values

    def loaded(self) -> "FeatureMatrix":
        """Return this matrix."""
        return self


@dataclass(frozen=True)
class Scratch:
    """The features of all rows of a table on disk, as they would be in memory.

    Attributes:
        file: N x p values in C order; it has no name, so it is removed when the process ends, even by a signal.
        shape: N, p.
        dtype: float32, or float64 where a column needs it.
        names: p column names of the contract.
        categorical: positions of the category columns.
        folder: where the file is, and where a backend may write temporary files.
    """

    file: IO[bytes]
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    names: tuple[str, ...]
    categorical: tuple[int, ...]
    folder: str

    @property
    def rows_of_a_block(self) -> int:
        """How many rows are read at a time."""
        return max(1, _BLOCK_BYTES // (self.shape[1] * self.dtype.itemsize))

    def read(self, number: int) -> Values:
        """Read a block of rows; several threads may do so at the same time."""
        first = number * self.rows_of_a_block
        values: Values = np.empty((min(self.rows_of_a_block, self.shape[0] - first), self.shape[1]), self.dtype)
        read = os.preadv(self.file.fileno(), [values.data], first * self.shape[1] * self.dtype.itemsize)
        if read != values.nbytes:
            raise OSError(f"the unpacked table ends at row {first} of {self.shape[0]}")
        return values


@dataclass(frozen=True)
class StoredMatrix:
    """Features of n rows that are read from disk when they are needed.

    Attributes:
        scratch: the N rows of the table on disk.
        positions: shape (n,), ascending: rows of the table.
    """

    scratch: Scratch
    positions: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """Return n."""
        return len(self.positions)

    @property
    def names(self) -> tuple[str, ...]:
        """The p column names of the contract."""
        return self.scratch.names

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the category columns."""
        return self.scratch.categorical

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Numbers of chosen rows in the blocks of the table that contain any."""
        return tuple(last - first for _, first, last in self._blocks)

    @cached_property
    def _blocks(self) -> list[tuple[int, int, int]]:
        """Block of the table, first and last + 1 of its chosen rows."""
        size = self.scratch.rows_of_a_block
        starts = np.arange(0, self.scratch.shape[0] + size, size)
        bounds = np.searchsorted(self.positions, starts).tolist()
        return [(number, *limits) for number, limits in enumerate(pairwise(bounds)) if limits[0] < limits[1]]

    def rows(self, chosen: npt.NDArray[Any]) -> "StoredMatrix":
        """Return the chosen rows, nothing read: a boolean mask of shape (n,) or ascending positions."""
        return StoredMatrix(self.scratch, self.positions[chosen])

    def block(self, number: int) -> Values:
        """Read the rows of one block, shape (block_sizes[number], p)."""
        of_table, first, last = self._blocks[number]
        values = self.scratch.read(of_table)
        if last - first == len(values):
            return values
        chosen: Values = values[self.positions[first:last] - of_table * self.scratch.rows_of_a_block]
        return chosen

    def loaded(self) -> FeatureMatrix:
        """Read all rows."""
        values = np.empty((len(self), len(self.names)), self.scratch.dtype)
        for number, (_, first, last) in enumerate(self._blocks):
            values[first:last] = self.block(number)
        return FeatureMatrix(values, self.names, self.categorical)


def read_matrix(table: str | Path, features: Sequence[Feature]) -> FeatureMatrix:
    """Read the feature columns of ``table.parquet``, one row group at a time, into one array.

    Args:
        table: path of ``table.parquet``.
        features: the features of the column contract.
    """
    values = np.empty(_shape(table, features), _dtype(features))
    first = 0
    for group in _row_groups(table, features):
        values[first : first + len(group)] = group
        first += len(group)
    return FeatureMatrix(values, *_described(features))


def open_matrix(table: str | Path, features: Sequence[Feature], folder: str | Path) -> Matrix:
    """Return the feature columns of ``table.parquet``: in memory if they are small, on disk if they are large.

    On disk they are unpacked once, because a training job reads them up to a hundred times.

    Args:
        table: path of ``table.parquet``.
        features: the features of the column contract.
        folder: where the unpacked table may be stored while the process runs.

    Raises:
        UserError: when it cannot be written there.
    """
    shape, dtype = _shape(table, features), np.dtype(_dtype(features))
    if shape[0] * shape[1] * dtype.itemsize <= _LARGEST_IN_MEMORY:
        return read_matrix(table, features)
    Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        file = _unpacked(_row_groups(table, features), folder)
    except OSError as fault:
        size = f"{shape[0] * shape[1] * dtype.itemsize / 1e6:.0f} MB"
        raise UserError(f"{folder}: {fault.strerror}: make room for {size} while training runs") from None
    return StoredMatrix(
        Scratch(file, shape, dtype, *_described(features), str(folder)), np.arange(shape[0], dtype=np.int32)
    )


def blocks(matrix: Matrix) -> Iterator[Values]:
    """Yield the blocks of a matrix in the order of its rows."""
    return (matrix.block(number) for number in range(len(matrix.block_sizes)))


def _unpacked(groups: Iterable[Values], folder: str | Path) -> IO[bytes]:
    file = TemporaryFile(dir=folder)  # noqa: SIM115 (open as long as a matrix reads from it)
    for group in groups:
        file.write(group.data)
    file.flush()
    return file


def _shape(table: str | Path, features: Sequence[Feature]) -> tuple[int, int]:
    with reading_result(table):
        return pq.read_metadata(table).num_rows, len(features)


def _dtype(features: Sequence[Feature]) -> type[np.floating[Any]]:
    return np.float64 if any(f.type == "float64" for f in features) else np.float32


def _described(features: Sequence[Feature]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return names and positions of the categories."""
    return tuple(f.name for f in features), tuple(j for j, f in enumerate(features) if f.is_category)


def _row_groups(table: str | Path, features: Sequence[Feature]) -> Iterator[Values]:
    """Yield the features of each row group, shape (rows of the group, p)."""
    names = [f.name for f in features]
    with reading_result(table), pq.ParquetFile(table) as file:
        for number in range(file.num_row_groups):
            # One thread: each further thread of the reader would need memory of its own.
            group = file.read_row_group(number, columns=names, use_threads=False)
            values = np.empty((group.num_rows, len(names)), _dtype(features))
            for j, name in enumerate(names):
                values[:, j] = group.column(name).to_numpy()
            yield values
