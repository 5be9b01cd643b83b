"""Tables as nobody means to write them: odd types, odd names, odd values, and files with damage."""

import datetime
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
from fixtures.small_study import table
from hypothesis import strategies as st

ROWS = 48
GOOD = pa.Table.from_pandas(table(), preserve_index=False)
NAMES = (
    "",
    "label",
    "sample_id",
    "video",
    "fold_1",
    "a\nb",
    "\x00",
    "🎬 length",
    "x" * 5000,
    "<b>",
    "{x}",
    "../x",
    "noise",
)


def _dictionary(values: list[Any], codes: Any = None) -> pa.Array:
    codes = pa.array(np.arange(ROWS) % len(values), pa.int8()) if codes is None else codes
    return pa.DictionaryArray.from_arrays(codes, pa.array(values))


def _numbers(*values: Any, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array([values[n % len(values)] for n in range(ROWS)], kind)


def _union() -> pa.Array:
    kinds = pa.array(np.arange(ROWS) % 2, pa.int8())
    return pa.UnionArray.from_sparse(kinds, [_numbers(1, 2), _numbers("a", "b")])


COLUMNS: dict[str, Callable[[], pa.Array]] = {
    "nothing": lambda: pa.nulls(ROWS),
    "missing": lambda: pa.nulls(ROWS, pa.float64()),
    "some missing": lambda: _numbers(None, 1.0, 2.0),
    "not a number": lambda: _numbers(float("nan"), 1.0),
    "infinite": lambda: _numbers(float("inf"), -float("inf"), 1.0),
    "largest": lambda: _numbers(1.7e308, -1.7e308, 5e-324),
    "half": lambda: pa.array(np.arange(ROWS, dtype=np.float16)),
    "half with gaps": lambda: _numbers(None, np.float16(1), np.float16(2), kind=pa.float16()),
    "tiny": lambda: _numbers(0, 1, kind=pa.int8()),
    "unsigned": lambda: _numbers(2**64 - 1, 0, 2**63, kind=pa.uint64()),
    "whole": lambda: _numbers(-(2**63), 2**63 - 1),
    "decimal": lambda: _numbers(decimal.Decimal("1.5"), decimal.Decimal("-3")),
    "wide decimal": lambda: _numbers(decimal.Decimal(10) ** 70, kind=pa.decimal256(76, 2)),
    "switch": lambda: _numbers(True, False, None),
    "constant": lambda: _numbers(7),
    "text": lambda: _numbers("a", "b", None),
    "large text": lambda: _numbers("a", "b", kind=pa.large_string()),
    "text view": lambda: _numbers("a", "b", kind=pa.string_view()),
    "long text": lambda: _numbers("y" * 100_000, "n"),
    "odd text": lambda: _numbers("\x00", "‮", "🎬", "", " ", "\n"),
    "texts of numbers": lambda: _numbers("1", "1.0", "01", "nan"),
    "bytes": lambda: _numbers(b"\xff\xfe", b"a"),
    "fixed bytes": lambda: _numbers(b"ab", b"cd", kind=pa.binary(2)),
    "bytes view": lambda: _numbers(b"ab", b"cd", kind=pa.binary_view()),
    "date": lambda: _numbers(datetime.date(2024, 2, 29), datetime.date(1, 1, 1)),
    "date out of range": lambda: pa.array(np.full(ROWS, 2**31 - 1), pa.int32()).cast(pa.date32()),
    "moment": lambda: _numbers(-(2**62), 2**62, kind=pa.int64()).cast(pa.timestamp("s")),
    "moment in a zone": lambda: _numbers(0, 1, kind=pa.int64()).cast(pa.timestamp("ns", "Europe/Berlin")),
    "moment in no zone": lambda: _numbers(0, 1, kind=pa.int64()).cast(pa.timestamp("us", "Nowhere/Land")),
    "time": lambda: _numbers(0, 1, kind=pa.int64()).cast(pa.time64("us")),
    "duration": lambda: _numbers(0, 2**62, kind=pa.int64()).cast(pa.duration("ns")),
    "interval": lambda: _numbers(pa.MonthDayNano([1, 2, 3])),
    "list": lambda: _numbers([1, 2], []),
    "fixed list": lambda: _numbers([1, 2], kind=pa.list_(pa.int8(), 2)),
    "structure": lambda: _numbers({"a": 1}, {"a": None}),
    "map": lambda: _numbers([("a", 1)], kind=pa.map_(pa.string(), pa.int64())),
    "union": _union,
    "dictionary": lambda: _dictionary(["a", "b", None]),
    "dictionary of numbers": lambda: _dictionary([1.5, float("nan"), 3.0]),
    "dictionary of lists": lambda: _dictionary([[1], [2]]),
    "dictionary without values": lambda: _dictionary(pa.array([], pa.string()), pa.nulls(ROWS, pa.int8())),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays(pa.array([20, ROWS], pa.int32()), pa.array(["a", "b"])),
    "extension": lambda: pa.ExtensionArray.from_storage(pa.uuid(), _numbers(b"0" * 16, kind=pa.binary(16))),
    "json": lambda: pa.ExtensionArray.from_storage(pa.json_(), _numbers("{}", "[1]")),
    "switch of 8 bits": lambda: pa.ExtensionArray.from_storage(pa.bool8(), _numbers(0, 1, kind=pa.int8())),
}


def _replaced(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    at = draw(st.integers(0, made.num_columns - 1))
    column = COLUMNS[draw(st.sampled_from(sorted(COLUMNS)))]()
    return made.set_column(at, made.column_names[at], column) if made.num_rows == ROWS else made


def _added(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    column = COLUMNS[draw(st.sampled_from(sorted(COLUMNS)))]()
    return made.append_column(draw(st.sampled_from(NAMES)), column) if made.num_rows == ROWS else made


def _renamed(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    at = draw(st.integers(0, made.num_columns - 1))
    new = draw(st.sampled_from(NAMES))
    return made.rename_columns([new if n == at else old for n, old in enumerate(made.column_names)])


def _dropped(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    return made.remove_column(draw(st.integers(0, made.num_columns - 1))) if made.num_columns > 1 else made


def _cut(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    return made.slice(0, draw(st.sampled_from([0, 1, 2, 7, 40])))


def _repeated(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    rows = draw(st.lists(st.integers(0, max(0, made.num_rows - 1)), max_size=20)) if made.num_rows else []
    # Arrow's take knows no views of texts.
    return pa.concat_tables([made.slice(row, 1) for row in rows]) if rows else made.slice(0, 0)


def _in_chunks(draw: st.DrawFn, made: pa.Table) -> pa.Table:
    at = draw(st.integers(0, made.num_rows))
    return pa.concat_tables([made.slice(0, at), made.slice(at, 0), made.slice(at)])


CHANGES = (_replaced, _added, _renamed, _dropped, _cut, _repeated, _in_chunks)


def _as_parquet(made: pa.Table, path: Path) -> None:
    with pq.ParquetWriter(path, made.schema, compression="snappy") as writer:
        writer.write_table(made.slice(0, 0))
        writer.write_table(made, row_group_size=20)


def _as_stream(made: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, made.schema) as writer:
        writer.write_table(made, max_chunksize=13)


WRITERS: dict[str, tuple[str, Callable[[pa.Table, Path], object]]] = {
    "parquet": ("t.parquet", _as_parquet),
    "feather": ("t.feather", lambda made, path: pyarrow.feather.write_feather(made, path, compression="lz4")),
    "stream": ("t.arrow", _as_stream),
    "csv": ("t.csv", pyarrow.csv.write_csv),
}
ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32", "cp037")


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw the name and the bytes of a table's file: an odd table, a damaged file, or both."""
    made = GOOD
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3)):
        made = change(draw, made)
    name, content = _written(draw(st.sampled_from(sorted(WRITERS))), made)
    if name.endswith(".csv") and draw(st.booleans()):
        content = content.decode(errors="replace").encode(draw(st.sampled_from(ENCODINGS)), errors="replace")
        content = content.replace(b",", draw(st.sampled_from([b",", b";", b"\t", b",,", b'"'])))
    for _ in range(draw(st.integers(0, 3))):
        content = damaged(draw, content)
    return name, content


def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Flip, cut out, double or overwrite bytes anywhere, or end the file early.

    What is drawn does not depend on the content: one table is not written twice with the same number of bytes, since
    what Arrow leaves below a missing value is compressed with the rest.
    """
    at = draw(st.integers(0, 2**31)) % max(1, len(content))
    bit = draw(st.integers(0, 7))
    if draw(st.booleans()):
        # The headers and footers of the formats decide most.
        at = len(content) - 1 - at % 200 if draw(st.booleans()) else at % 200
    at = max(0, at)
    length = draw(st.sampled_from([1, 4, 8, 64, 1000]))
    kind = draw(st.sampled_from(["flip", "cut", "double", "overwrite", "end"]))
    before, hit, after = content[:at], content[at : at + length], content[at + length :]
    if kind == "flip":
        hit = bytes(b ^ (1 << bit) for b in hit[:1]) + hit[1:]
    new = {"flip": hit, "cut": b"", "double": hit * 2, "overwrite": draw(st.binary(max_size=8)), "end": None}[kind]
    return before if new is None else before + new + after


def _written(kind: str, made: pa.Table) -> tuple[str, bytes]:
    """Write a table; one that a format cannot hold is written as an arrow stream."""
    for name, writer in (WRITERS[kind], WRITERS["stream"]):
        path = Path(name)
        try:
            writer(made, path)
        except (pa.ArrowException, ValueError, OSError):
            continue
        return name, path.read_bytes()
    return "t.parquet", b""
