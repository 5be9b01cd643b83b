"""Reading a user's file, whatever its format, with an error that says what is wrong with it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq

from foldwise.errors import UserError, listed

_READERS = {
    ".parquet": lambda path: pq.read_table(path, partitioning=None),
    ".pq": lambda path: pq.read_table(path, partitioning=None),
    ".arrow": lambda path: _read_ipc(path),
    ".feather": lambda path: _read_ipc(path),
    ".ipc": lambda path: _read_ipc(path),
    ".csv": lambda path: _read_csv(path),
}


def read_source(path: str | Path) -> pa.Table:
    """Read a parquet, arrow (feather) or csv file.

    Returns:
        A table with at least one row; an index that pandas wrote along is left out.

    Raises:
        UserError: when the file is missing, unreadable, of another format, or has no rows.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: unknown kind of file: give {', '.join(_READERS)}")
    _check_readable(path)
    try:
        table = reader(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as fault:
        reason = str(fault).strip().split("\n")[0].rstrip(".")
        raise UserError(
            f"{path}: cannot be read as {path.suffix[1:]}: {reason}: is the file whole and does its name "
            "end as its format does?"
        ) from None
    names = table.column_names
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise UserError(f"{path}: columns named twice: {listed(twice)}: rename one of each pair")
    if table.num_rows == 0:
        raise UserError(f"{path}: the table has columns but no rows: was it written to the end?")
    table = table.select([n for n in names if not n.startswith("__index_level_")])
    return table.replace_schema_metadata(None)


def text_column(table: pa.Table, name: str) -> pa.Array:
    """Return a column as text: numbers without a needless ``.0``, booleans as ``true``/``false``.

    Raises:
        UserError: when the column's type has no text form (lists, structures).
    """
    column = plain(table.column(name))
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.equal(pc.floor(column), column), skip_nulls=True).as_py()
        if whole:
            column = pc.cast(column, pa.int64(), safe=False)
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise UserError(f"column {name!r} has type {column.type}, which cannot name anything: use text") from None


def plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, dictionary encoding and NaN-for-missing undone."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    return array


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"{path}: is a folder: give a file")
    if not path.exists():
        raise UserError(
            f"{path}: there is no such file: check the path in the config (it counts from the working folder)"
        )
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as fault:
        raise UserError(f"{path}: cannot be opened: {fault.strerror}") from None
    if not first:
        raise UserError(f"{path}: the file is empty (0 bytes): write it again")


def _read_ipc(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


def _read_csv(path: Path) -> pa.Table:
    convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    return pyarrow.csv.read_csv(path, convert_options=convert)
