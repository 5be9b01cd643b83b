"""Read and write files: written completely or not at all, with bytes that depend on the content alone."""

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foldwise.errors import UserError, refusal

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def without_credentials(text: str) -> str:
    """Replace user names and passwords in the URLs of a text by ``***``.

    Example:
        >>> without_credentials("postgresql://me:secret@host/db")
        'postgresql://***@host/db'
    """
    return _CREDENTIALS.sub("***", text)


_LARGEST_ROW_GROUP = 1 << 20

# 8 MB of float32: what a reader has in memory at a time is small for any table that does not fit in memory twice.
_ROW_GROUP_VALUES = 2_000_000


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block succeeds.

    A job that is killed leaves the old file, or none, but never an incomplete one. The temporary name has the same
    ending, because CatBoost and matplotlib infer the format from it. Temporary files of killed jobs are removed when
    the file is written: snakemake never runs two jobs that write one file.

    Raises:
        UserError: when the disk is full or the folder is not writable.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with replacing(f"{folder}/notes.txt") as temporary:
        ...         _ = temporary.write_text("complete")
        ...     print([file.name for file in Path(folder).iterdir()])
        ['notes.txt']
    """
    path = Path(path)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
        _remove_leftovers(path)
    except Exception as fault:
        if isinstance(fault, UserError) or (refused := refusal(fault, path)) is None:
            raise
        raise refused from None
    finally:
        temporary.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    # DuckDB writes a log next to its database.
    names = re.compile(rf"\.\d+\.{re.escape(path.name)}(\.wal)?")
    for file in path.parent.iterdir():
        if names.fullmatch(file.name):
            file.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: object) -> None:
    """Write ``content`` as indented JSON; NaN and infinities, which JSON lacks, become null.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_json(f"{folder}/metrics.json", {"auc": 0.7, "ap": float("nan")})
        ...     read_json(f"{folder}/metrics.json")
        {'auc': 0.7, 'ap': None}
    """
    write_text(path, json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file that this workflow wrote.

    Raises:
        UserError: when the file is cut short or edited.
    """
    with reading_result(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(path: str | Path, table: pa.Table, note: Mapping[str, str] | None = None) -> None:
    """Write an arrow table as parquet; ``note`` goes into the file's key-value metadata."""
    kept = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    table = table.replace_schema_metadata({**kept, **(note or {})})
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_ordered(path: str | Path, table: pa.Table, order: pa.Array) -> None:
    """Write the rows of a table in another order as parquet, in row groups that can be read one at a time.

    Args:
        path: where to write.
        table: n rows.
        order: n row numbers: the first row to write, the second, ...
    """
    size = max(1, min(_LARGEST_ROW_GROUP, _ROW_GROUP_VALUES // table.num_columns))
    # Reordered group by group: otherwise the table would be in memory twice.
    with replacing(path) as temporary, pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer:
        for start in range(0, table.num_rows, size):
            writer.write_table(table.take(order.slice(start, size)), row_group_size=size)


def read_table(path: str | Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file that this workflow wrote.

    Raises:
        UserError: when the file is cut short or edited.
    """
    # One thread: each of the reader's own would keep memory of its own.
    with reading_result(path), pq.ParquetFile(path) as file:
        table = file.read(columns=columns, use_threads=False)
    return table if columns is None else table.select(columns)


def read_note(path: str | Path) -> dict[str, str]:
    """Return the key-value metadata of a parquet file that this workflow wrote.

    Raises:
        UserError: when the file is cut short or edited.
    """
    with reading_result(path):
        metadata = pq.read_schema(path).metadata or {}
    return {k.decode(): v.decode() for k, v in metadata.items() if not k.startswith(b"ARROW:")}


@contextmanager
def reading_result(path: str | Path, *faults: type[Exception]) -> Iterator[None]:
    """Turn an error of reading a result into a UserError: the file was cut short or edited.

    Args:
        path: the file.
        faults: exceptions of a library for a broken file, in addition to ValueError, OSError and those of Arrow.

    Raises:
        UserError: names the file and says what to do.
    """
    try:
        yield
    except (pa.ArrowException, ValueError, OSError, *faults) as fault:
        # An OSError of Arrow about the content has no errno; one of the operating system has.
        if isinstance(fault, OSError) and fault.errno is not None:
            raise
        reason = str(fault).strip().split("\n")[0]
        raise UserError(
            f"{path}: this result is broken ({reason}): delete it and run again: it and what depends on it are rebuilt"
        ) from None


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
