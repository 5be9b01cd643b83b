"""Read parquet, Arrow and csv files of users, with errors that say what is wrong with a file."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq

from foldwise.errors import UserError, listed

# Names that pandas gives to a column without a name, such as a written index. A row number is not a feature.
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+|")
_BUFFER = 1 << 20

_READERS = {
    ".parquet": lambda path, names: _read_parquet(path),
    ".pq": lambda path, names: _read_parquet(path),
    ".arrow": lambda path, names: _read_ipc(path),
    ".feather": lambda path, names: _read_ipc(path),
    ".ipc": lambda path, names: _read_ipc(path),
    ".csv": lambda path, names: _read_csv(path, names),
}


def read_source(path: str | Path, names: Iterable[str] = ()) -> pa.Table:
    """Read a parquet, arrow (feather) or csv file.

    Args:
        path: the file; its suffix is its format.
        names: columns that are read as text, so that the ``007`` of a csv does not become 7.

    Returns:
        A table with at least one row; columns without a name, such as an index that pandas wrote, are left out.

    Raises:
        UserError: when the file is missing, unreadable, of another format, or has no rows.
    """
    given, path = str(path), Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{given!r}: unknown file format: use one of {', '.join(_READERS)}")
    with reading(path):
        table = _checked(reader(path, names))
    table = table.select([i for i, n in enumerate(table.column_names) if not _INDEX.fullmatch(n)])
    _check_shape(path, table.column_names, table.num_rows)
    return table.replace_schema_metadata(None)


@dataclass(frozen=True)
class OpenSource:
    """A file that is read in parts: parquet from disk, the other formats from memory.

    Attributes:
        path: the file.
        schema: names and types of its columns, without those that have no name.
        rows: number of rows.
        content: the parquet file, or the table that was read.
    """

    path: str
    schema: pa.Schema
    rows: int
    content: pq.ParquetFile | pa.Table

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return all rows of some columns.

        Raises:
            UserError: when the file is broken.
        """
        with reading(Path(self.path)):
            if isinstance(self.content, pa.Table):
                return self.content.select(columns)
            return _checked(self.content.read(columns=list(columns)).select(columns))

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield some columns in parts of ``rows`` rows, the last of them smaller.

        Raises:
            UserError: when the file is broken.
        """
        if isinstance(self.content, pa.Table):
            yield from (self.content.select(columns).slice(i, rows) for i in range(0, self.rows, rows))
            return
        waiting = pa.schema([self.schema.field(c) for c in columns]).empty_table()
        with reading(Path(self.path)):
            for batch in self.content.iter_batches(rows, columns=list(columns)):
                waiting = pa.concat_tables([waiting, _checked(pa.Table.from_batches([batch])).select(columns)])
                while len(waiting) >= rows:
                    yield waiting.slice(0, rows)
                    waiting = waiting.slice(rows)
        if len(waiting):
            yield waiting


def open_source(path: str | Path, names: Iterable[str] = ()) -> OpenSource:
    """Open a file like :func:`read_source`, but leave the rows of a parquet file on disk.

    Raises:
        UserError: as :func:`read_source` does.
    """
    given, path = str(path), Path(path)
    if path.suffix.lower() not in (".parquet", ".pq"):
        table = read_source(given, names)
        return OpenSource(given, table.schema, table.num_rows, table)
    with reading(path):
        # Buffered: otherwise whole row groups are in memory, and pandas writes a million rows into one.
        file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        schema = file.schema_arrow.remove_metadata()
        fields = [schema.field(i) for i, name in enumerate(schema.names) if not _INDEX.fullmatch(name)]
    _check_shape(path, [f.name for f in fields], file.metadata.num_rows)
    return OpenSource(given, pa.schema(fields), file.metadata.num_rows, file)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn exceptions while a file is read into one line.

    Raises:
        UserError: when the file is missing, empty, not readable or not of the format of its name.
    """
    _check_readable(path)
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as fault:
        reason = str(fault).strip().split("\n")[0].rstrip(".")
        raise UserError(
            f"{path}: cannot be read as {path.suffix[1:]}: {reason}: is the file complete, and is its "
            "suffix that of its format?"
        ) from None


def _checked(table: pa.Table) -> pa.Table:
    """Refuse values outside their buffers or text that is not UTF-8, and convert types that Arrow cannot compute with.

    A broken file must not crash the process later.

    Raises:
        ValueError: for such a table, or a column name that is not UTF-8.
    """
    table.validate(full=True)
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        simple = _simple(column)
        if simple is not column:
            table = table.set_column(at, name, simple)
    return table


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return half floats as float32, views as strings, and run-end encoded or extension types as their storage type."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _simple(pa.chunked_array([c.storage for c in column.chunks], kind.storage_type))
    if pa.types.is_run_end_encoded(kind):
        return _simple(pc.run_end_decode(column))
    for is_odd, simple in (
        (pa.types.is_float16, pa.float32()),
        (pa.types.is_string_view, pa.string()),
        (pa.types.is_binary_view, pa.binary()),
    ):
        if is_odd(kind):
            return pc.cast(column, simple)
    return column


def _check_shape(path: Path, columns: Sequence[str], rows: int) -> None:
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        raise UserError(f"{path}: columns named twice: {listed(twice)}: rename one of each pair")
    if rows == 0:
        raise UserError(f"{path}: the table has columns but no rows: was it written completely?")


def text_column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as text: whole numbers without ``.0``, booleans as ``true`` and ``false``.

    Raises:
        UserError: when the column's type has no text form (lists, structures).
    """
    column = plain(table.column(name))
    if pa.types.is_floating(column.type) and _all_integers(column):
        column = pc.cast(column, pa.int64())
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise UserError(f"column {name!r} has type {column.type}, which cannot be used as a name: use text") from None


def plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, without dictionary encoding, with NaN as null."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array


def as_text(value: Any) -> str:
    """Return a value of the configuration or of a column as :func:`text_column` writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _all_integers(column: pa.Array) -> bool:
    """Return whether all floats are integers that a float64 represents exactly; nulls are ignored."""
    wide = pc.cast(column, pa.float64())
    exact = pc.less_equal(pc.abs(wide), 2.0**53)
    return bool(pc.all(pc.and_(exact, pc.equal(pc.floor(wide), wide)), skip_nulls=True).as_py())


def _check_readable(path: Path) -> None:
    try:
        first = _first_byte(path)
    except OSError as fault:
        raise UserError(f"{path}: cannot be opened: {fault.strerror}: correct the path or its permissions") from None
    if not first:
        raise UserError(f"{path}: the file is empty (0 bytes): write it again")


def _first_byte(path: Path) -> bytes:
    if path.is_dir():
        raise UserError(f"{path}: is a folder: give a file")
    if not path.exists():
        raise UserError(
            f"{path}: there is no such file: check the path in the config (it counts from the working folder)"
        )
    with path.open("rb") as file:
        return file.read(1)


def _read_parquet(path: Path) -> pa.Table:
    # Unlike pq.read_table, this reads columns of the same name, so that the message can name them.
    with pq.ParquetFile(path) as file:
        return file.read()


def _read_ipc(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


def _read_csv(path: Path, names: Iterable[str]) -> pa.Table:
    texts = dict.fromkeys(names, pa.string())
    convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True, column_types=texts)
    return pyarrow.csv.read_csv(path, convert_options=convert)
