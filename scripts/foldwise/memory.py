"""How large a table is in memory, and memory that goes back to the system when it is free."""

import ctypes
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SINGLE_PRECISION = 4

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_BYTES = 8 << 20


def return_freed_memory() -> None:
    """Let arrow and the C library keep little of what is freed; to be called before a large table is read.

    Arrow's own pool keeps what it once had, 0.7 times a table of 1,000,000 x 50, and glibc raises the size
    from which an array is given back with every array that it frees.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _BYTES)
        set_option(_M_TRIM_THRESHOLD, _BYTES)


def release_memory() -> None:
    """Give back now what is free."""
    pa.default_memory_pool().release_unused()


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
