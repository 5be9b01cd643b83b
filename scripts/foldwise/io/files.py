"""Files that are written whole or not at all, with bytes that depend on their content alone."""

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
    """Return the text with the user names and passwords inside its addresses as ``***``."""
    return _CREDENTIALS.sub("***", text)


_LARGEST_ROW_GROUP = 1 << 20

# 8 MB of float32: what a reader holds at a time is small beside any table that does not fit twice.
_ROW_GROUP_VALUES = 2_000_000


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; rename it into place when the block ends well.

    A job that dies in between leaves the old file, or none, but never half of one.
    The name ends like the target, because CatBoost and matplotlib read the format from it. What a killed job left
    beside the file goes when the file is written: snakemake lets no two jobs write it at once.

    Raises:
        UserError: when the disk is full or nothing may be written there.
    """
    path = Path(path)
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
        _remove_leftovers(path)
    except Exception as fault:
        if isinstance(fault, UserError) or (refused := refusal(fault, path)) is None:
            raise
        raise refused from None
    finally:
        beside.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    # DuckDB writes a log of its own beside what it writes.
    ours = re.compile(rf"\.\d+\.{re.escape(path.name)}(\.wal)?")
    for left in path.parent.iterdir():
        if ours.fullmatch(left.name):
            left.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: object) -> None:
    """Write ``content`` as indented JSON; NaN and infinities become null, since JSON has neither."""
    write_text(path, json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file that this workflow wrote.

    Raises:
        UserError: when it is broken.
    """
    with reading_result(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(path: str | Path, table: pa.Table, note: Mapping[str, str] | None = None) -> None:
    """Write an arrow table as parquet; ``note`` goes into the file's key-value metadata."""
    kept = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    table = table.replace_schema_metadata({**kept, **(note or {})})
    with replacing(path) as beside:
        pq.write_table(table, beside, compression="zstd")


def write_ordered(path: str | Path, table: pa.Table, order: pa.Array) -> None:
    """Write the rows of a table in another order, in row groups that are read back one at a time.

    Args:
        path: where to write, as parquet.
        table: n rows.
        order: n positions: the row that comes first, the one that comes second, ...
    """
    size = max(1, min(_LARGEST_ROW_GROUP, _ROW_GROUP_VALUES // table.num_columns))
    # Put in order group by group: the whole table would stand in memory twice.
    with replacing(path) as beside, pq.ParquetWriter(beside, table.schema, compression="zstd") as writer:
        for start in range(0, table.num_rows, size):
            writer.write_table(table.take(order.slice(start, size)), row_group_size=size)


def read_table(path: str | Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file that this workflow wrote.

    Raises:
        UserError: when it is broken.
    """
    # One thread: each of the reader's own would keep memory of its own.
    with reading_result(path), pq.ParquetFile(path) as file:
        table = file.read(columns=columns, use_threads=False)
    return table if columns is None else table.select(columns)


def read_note(path: str | Path) -> dict[str, str]:
    """Return the key-value metadata of a parquet file that this workflow wrote.

    Raises:
        UserError: when it is broken.
    """
    with reading_result(path):
        found = pq.read_schema(path).metadata or {}
    return {k.decode(): v.decode() for k, v in found.items() if not k.startswith(b"ARROW:")}


@contextmanager
def reading_result(path: str | Path, *faults: type[Exception]) -> Iterator[None]:
    """Refuse a result that cannot be read: cut short or edited since this workflow wrote it.

    Args:
        path: the file.
        faults: what a library raises for a broken file, besides errors of values and of Arrow.

    Raises:
        UserError: naming the file and the way out.
    """
    try:
        yield
    except (pa.ArrowException, ValueError, OSError, *faults) as fault:
        # Arrow's own complaints about a file's content carry no number; those of the system do.
        if isinstance(fault, OSError) and fault.errno is not None:
            raise
        reason = str(fault).strip().split("\n")[0]
        raise UserError(
            f"{path}: this result is broken ({reason}): delete it and run again: it and what rests on it are made anew"
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
