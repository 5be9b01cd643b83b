"""The size of a table in memory, read from the footers of its files."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SINGLE_PRECISION = 4


def raw_megabytes(files: Iterable[str]) -> float:
    """Return the size of tables as float32, in 10**6 bytes: rows x columns x 4 by the footers of parquet files.

    Another format counts with its size on disk, which is more for text; a file that is not there yet, or that
    cannot be read, counts nothing: the rule that reads it says what is wrong with it.
    """
    return sum(_raw_bytes(Path(file)) for file in files) / 1e6


def _raw_bytes(file: Path) -> int:
    try:
        if file.suffix != ".parquet":
            return file.stat().st_size
        footer = pq.read_metadata(file)
    except (OSError, pa.ArrowException):
        return 0
    return int(footer.num_rows * footer.num_columns * _SINGLE_PRECISION)
