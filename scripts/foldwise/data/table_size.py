"""The size of a table in memory, from the metadata of its files."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SINGLE_PRECISION = 4


def raw_megabytes(files: Iterable[str]) -> float:
    """Return the size of tables as float32, in 10**6 bytes: rows x columns x 4 by the footers of parquet files.

    Other formats count with their size on disk, which is larger for text. A file that is missing or cannot be read
    counts 0: the rule that reads it reports what is wrong.
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
