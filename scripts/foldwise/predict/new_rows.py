"""The rows of a new table: open its files, join them, and find the features that the models need."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.config.datasets import NewTable
from foldwise.data.contract import Contract
from foldwise.data.join import row_numbers, sample_ids
from foldwise.data.readers import OpenSource, open_source, text_column
from foldwise.errors import UserError, listed, nearest
from foldwise.io.files import sha256
from foldwise.io.json_record import JsonRecord


@dataclass(frozen=True)
class Part:
    """One file and the features read from it.

    Attributes:
        source: the file.
        columns: feature name -> column there.
        positions: row of the file for each row to predict, null where it has none; None where the rows are the same.
    """

    source: OpenSource
    columns: Mapping[str, str]
    positions: pa.Array | None = None

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the features, under their names, in parts of ``rows`` rows."""
        names = list(self.columns.values())
        if self.positions is None:
            parts = self.source.batches(names, rows)
        else:
            table = self.source.read(names)
            parts = (table.take(self.positions.slice(i, rows)) for i in range(0, len(self.positions), rows))
        return (part.rename_columns(list(self.columns)) for part in parts)


@dataclass(frozen=True)
class FileRecord(JsonRecord):
    """A file that was read: its path, SHA-256, rows and columns."""

    path: str
    sha256: str
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True)
class RowsReport(JsonRecord):
    """Where the rows come from; the second to fourth are None where one file contains everything.

    Attributes:
        sources: the files.
        unmatched: feature table -> number of samples and rows without a match, of tables that have some.
        rows_left_out: samples without features in any table.
        extra_tables: feature tables unknown in training.
        extra_columns: columns unknown in training.
        unused_columns: columns known in training that are not features.
        order_differs: whether the features are in a different order than in training.
    """

    sources: Sequence[FileRecord]
    unmatched: Mapping[str, Mapping[str, int]] | None = None
    rows_left_out: int | None = None
    extra_tables: Sequence[str] | None = None
    extra_columns: Sequence[str]
    unused_columns: Sequence[str]
    order_differs: bool


@dataclass(frozen=True)
class NewRows:
    """n rows to predict, in the order of the file.

    Attributes:
        sample_id: n ids.
        unit: n names, dictionary-encoded without unused names; None where the unit column is absent or every row is a
            unit.
        parts: the files with the features.
        report: where the rows come from.
    """

    sample_id: pa.Array
    unit: pa.DictionaryArray | None
    parts: Sequence[Part]
    report: RowsReport

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The type of each feature in its file."""
        return {n: p.source.schema.field(c).type for p in self.parts for n, c in p.columns.items()}

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield all features, under their names, in parts of ``rows`` rows; the last may be smaller.

        Raises:
            UserError: if a file turns out to be broken.
        """
        for tables in zip(*(part.batches(rows) for part in self.parts), strict=True):
            columns = {name: table.column(name) for table in tables for name in table.column_names}
            yield pa.table(columns)


def open_rows(new_table: NewTable, contract: Contract) -> NewRows:
    """Open the files of a new table and find the features of the contract in them.

    Labels and groups are not needed. Rows keep their order.

    Args:
        new_table: the files.
        contract: the features as training read them.

    Raises:
        UserError: for an unreadable file, a missing column or table, a missing or repeated id, or more samples without
            a row in a feature table than ``max_unmatched`` allows.
    """
    return _single(str(new_table.table), contract) if new_table.table is not None else _joined(new_table, contract)


def _single(path: str, contract: Contract) -> NewRows:
    source = open_source(path, _text_columns(contract))
    columns = {feature.name: feature.name for feature in contract.features}
    _check_present(source, list(columns))
    ids = _ids(source, contract)
    extra, unused, order_differs = _other_columns(source, list(columns), contract)
    report = RowsReport(
        sources=[_record(source)], extra_columns=extra, unused_columns=unused, order_differs=order_differs
    )
    return NewRows(ids, _encoded(_units(source, contract)), [Part(source, columns)], report)


def _joined(new_table: NewTable, contract: Contract) -> NewRows:
    tables = _tables(new_table, contract)
    sources = {name: open_source(new_table.features[name], _text_columns(contract)) for name in tables}
    for name, columns in tables.items():
        _check_present(sources[name], list(columns.values()))
    ids_of = {name: _ids(source, contract) for name, source in sources.items()}
    first = next(iter(sources))
    base, ids = sources[first], ids_of[first]
    if new_table.metadata is not None:
        base = open_source(new_table.metadata, _text_columns(contract))
        ids = _ids(base, contract)
    positions = {name: pc.index_in(ids, value_set=table_ids) for name, table_ids in ids_of.items()}
    kept = np.any([position.is_valid().to_numpy(zero_copy_only=False) for position in positions.values()], axis=0)
    unmatched = {
        name: counts
        for name, position in positions.items()
        if (counts := _unmatched(ids, position, ids_of[name], sources[name].path, contract.max_unmatched))
    }
    units = _units(base, contract)
    rows = pa.array(np.flatnonzero(kept))
    parts = [
        Part(sources[name], columns, _reordering(positions[name].take(rows), sources[name].rows))
        for name, columns in tables.items()
    ]
    others = [_other_columns(sources[name], list(columns.values()), contract, name) for name, columns in tables.items()]
    report = RowsReport(
        sources=[_record(source) for source in {source.path: source for source in (base, *sources.values())}.values()],
        unmatched=unmatched,
        rows_left_out=int((~kept).sum()),
        extra_tables=sorted(set(new_table.features) - set(tables)),
        extra_columns=[name for extra, _, _ in others for name in extra],
        unused_columns=[name for _, unused, _ in others for name in unused],
        order_differs=any(order_differs for _, _, order_differs in others),
    )
    return NewRows(ids.take(rows), _encoded(None if units is None else units.take(rows)), parts, report)


def _tables(new_table: NewTable, contract: Contract) -> dict[str, dict[str, str]]:
    """Return the required feature tables: table -> feature name -> column there."""
    required: dict[str, dict[str, str]] = {}
    for feature in contract.features:
        required.setdefault(feature.table, {})[feature.name] = feature.column
    if contract.numbered or all(feature.name == feature.column for feature in contract.features):
        raise UserError(f"dataset {contract.dataset!r} was made from one file: set table: instead of features:")
    missing = [name for name in required if name not in new_table.features]
    if missing:
        raise UserError(
            f"features: the models need {len(required)} tables, of which {_with_nearest(missing, new_table.features)} "
            "is missing: name its file under features:"
        )
    return required


def _text_columns(contract: Contract) -> list[str]:
    """Return the columns to read as text: in a csv file, ``007`` must not become 7."""
    texts = [f for f in contract.features if f.categories and "string" in f.stored]
    return [contract.id, contract.unit, *contract.groups, *(f.name for f in texts), *(f.column for f in texts)]


def _check_present(source: OpenSource, required: Sequence[str]) -> None:
    present = source.schema.names
    missing = [name for name in required if name not in present]
    if missing:
        others = [name for name in present if name not in required]
        raise UserError(
            f"{source.path}: {len(missing)} of the {len(required)} columns that the models need are missing: "
            f"{_with_nearest(missing, others)}: add them, under these names"
        )


def _with_nearest(missing: Sequence[str], present: Iterable[str]) -> str:
    """Return the missing names, each with the most similar name that is present."""
    suggestions = [(name, nearest(name, present).removeprefix("; ")) for name in missing]
    return ", ".join(f"{name!r}" + (f" ({suggestion})" if suggestion else "") for name, suggestion in suggestions)


def _ids(source: OpenSource, contract: Contract) -> pa.Array:
    """Return the ids of the rows: from the dataset's id column, else from ``sample_id``, else row numbers."""
    column, names = contract.id, source.schema.names
    if column not in names and "sample_id" in names:
        return sample_ids(source.read(["sample_id"]), "sample_id", None, source.path)
    if contract.numbered:
        return row_numbers(source.rows)
    if column not in names:
        raise UserError(f"id: {source.path}: there is no column {column!r}{nearest(column, names)}: add it")
    return sample_ids(source.read([column]), column, contract.id_pattern, source.path)


def _units(source: OpenSource, contract: Contract) -> pa.Array | None:
    unit = contract.unit
    if unit not in source.schema.names or unit == "sample_id":
        return None
    return text_column(source.read([unit]), unit)


def _encoded(units: pa.Array | None) -> pa.DictionaryArray | None:
    return None if units is None else units.dictionary_encode()


def _unmatched(
    ids: pa.Array, positions: pa.Array, table_ids: pa.Array, path: str, max_unmatched: float
) -> dict[str, int]:
    """Count the samples without a row in a feature table, and the rows of the table without a sample."""
    samples = positions.null_count
    rows = len(table_ids) - pc.count_distinct(positions.drop_null()).as_py()
    if samples > max_unmatched * len(ids):
        examples = ids.filter(pc.is_null(positions)).slice(0, 2).to_pylist()
        raise UserError(
            f"{path}: {samples} of {len(ids)} samples have no row here, such as {listed(examples)}, where ids are like "
            f"{table_ids[0].as_py()!r}: add these rows; at most {max_unmatched:.0%} may be missing (max_unmatched)"
        )
    return {k: n for k, n in (("samples_without_row", samples), ("rows_without_sample", rows)) if n}


def _reordering(positions: pa.Array, rows: int) -> pa.Array | None:
    """Return None where the rows are in order already: such a file can be read in parts."""
    in_order = len(positions) == rows and positions.null_count == 0
    return None if in_order and np.array_equal(positions.to_numpy(), np.arange(rows)) else positions


def _other_columns(
    source: OpenSource, used: Sequence[str], contract: Contract, table: str | None = None
) -> tuple[list[str], list[str], bool]:
    """Return the columns unknown in training, the known ones that are not features, and whether the order differs."""
    known = {contract.label.column, "label", *contract.groups, *contract.slices}
    known |= {column.name for column in contract.dropped}
    prefix = "" if table is None else f"{table}_"
    extra: list[str] = []
    unused: list[str] = []
    for name in source.schema.names:
        if name not in used and name not in {contract.id, contract.unit, "sample_id"}:
            is_known = name in known or f"{prefix}{name}" in known
            (unused if is_known else extra).append(f"{prefix}{name}")
    features = [name for name in source.schema.names if name in set(used)]
    return extra, unused, features != list(used)


def _record(source: OpenSource) -> FileRecord:
    return FileRecord(source.path, sha256(source.path), source.rows, len(source.schema.names))
