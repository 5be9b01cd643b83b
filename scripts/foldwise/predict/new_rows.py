"""The rows of a new table: which files they come from, how those are joined, what of them the models need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.config.datasets import NewTable
from foldwise.data.join import row_numbers, sample_ids
from foldwise.data.readers import OpenSource, open_source, text_column
from foldwise.errors import UserError, listed, nearest
from foldwise.io.files import sha256

_NO_ID = "row number"


@dataclass(frozen=True)
class Part:
    """One file, and what is read of it.

    Attributes:
        source: the file.
        columns: feature name -> column there.
        place: row of the file for each row to score, null without a partner; None where the rows are those of the file.
    """

    source: OpenSource
    columns: Mapping[str, str]
    place: pa.Array | None = None

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield the features, under their names, in parts of ``rows`` rows."""
        names = list(self.columns.values())
        if self.place is None:
            found = self.source.batches(names, rows)
        else:
            whole = self.source.read(names)
            found = (whole.take(self.place.slice(i, rows)) for i in range(0, len(self.place), rows))
        return (part.rename_columns(list(self.columns)) for part in found)


@dataclass(frozen=True)
class NewRows:
    """n rows to score, in the order of the file.

    Attributes:
        sample_id: n names.
        unit: n names by code, all of them in use; None where the unit column is absent or every row is a unit.
        parts: the files that hold the features.
        report: what was found: sources, columns that are not used, rows without partner.
    """

    sample_id: pa.Array
    unit: pa.DictionaryArray | None
    parts: Sequence[Part]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The type of each feature in its file."""
        return {n: p.source.schema.field(c).type for p in self.parts for n, c in p.columns.items()}

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Yield all features, under their names, in parts of ``rows`` rows, the last of them smaller.

        Raises:
            UserError: when a file turns out to be broken.
        """
        for tables in zip(*(part.batches(rows) for part in self.parts), strict=True):
            columns = {name: table.column(name) for table in tables for name in table.column_names}
            yield pa.table(columns)


def open_rows(request: NewTable, contract: Mapping[str, Any]) -> NewRows:
    """Open the files of a new table and find in them what the contract asks for.

    Labels and groups are not needed. Rows keep their order.

    Args:
        request: the files.
        contract: content of ``table.json``.

    Raises:
        UserError: for an unreadable file, a needed column or table that is missing, an id that is
            missing or stands twice, or more rows without a partner than ``max_unmatched`` allows.
    """
    return _single(str(request.table), contract) if request.table is not None else _joined(request, contract)


def _single(path: str, contract: Mapping[str, Any]) -> NewRows:
    source = open_source(path, _naming(contract))
    columns = {f["name"]: f["name"] for f in contract["features"]}
    _check_present(source, columns.values())
    ids = _ids(source, contract)
    report = {"sources": [_described(source)], **_other_columns(source, list(columns), contract)}
    return NewRows(ids, _encoded(_units(source, contract)), [Part(source, columns)], report)


def _joined(request: NewTable, contract: Mapping[str, Any]) -> NewRows:
    tables = _tables(request, contract)
    sources = {name: open_source(request.features[name], _naming(contract)) for name in tables}
    for name, columns in tables.items():
        _check_present(sources[name], columns.values())
    named = {name: _ids(source, contract) for name, source in sources.items()}
    first = next(iter(sources))
    base, ids = sources[first], named[first]
    if request.metadata is not None:
        base = open_source(request.metadata, _naming(contract))
        ids = _ids(base, contract)
    places = {name: pc.index_in(ids, value_set=there) for name, there in named.items()}
    kept = np.any([place.is_valid().to_numpy(zero_copy_only=False) for place in places.values()], axis=0)
    unmatched = {
        name: found
        for name, place in places.items()
        if (found := _unmatched(ids, place, named[name], sources[name].path, contract["max_unmatched"]))
    }
    units = _units(base, contract)
    rows = pa.array(np.flatnonzero(kept))
    parts = [
        Part(sources[name], columns, _moved(places[name].take(rows), sources[name].rows))
        for name, columns in tables.items()
    ]
    report = {
        "sources": [_described(s) for s in {s.path: s for s in (base, *sources.values())}.values()],
        "unmatched": unmatched,
        "rows_left_out": int((~kept).sum()),
        "extra_tables": sorted(set(request.features) - set(tables)),
    }
    others = [_other_columns(sources[name], list(columns.values()), contract, name) for name, columns in tables.items()]
    report |= {
        "extra_columns": [c for found in others for c in found["extra_columns"]],
        "unused_columns": [c for found in others for c in found["unused_columns"]],
        "order_differs": any(found["order_differs"] for found in others),
    }
    return NewRows(ids.take(rows), _encoded(None if units is None else units.take(rows)), parts, report)


def _tables(request: NewTable, contract: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the feature tables that are needed: table -> feature name -> column there."""
    needed: dict[str, dict[str, str]] = {}
    for feature in contract["features"]:
        needed.setdefault(feature["table"], {})[feature["name"]] = feature["column"]
    if contract["id"] == _NO_ID or all(f["name"] == f["column"] for f in contract["features"]):
        raise UserError(f"dataset {contract['dataset']!r} was made from one file: give table: in place of features:")
    lacking = [name for name in needed if name not in request.features]
    if lacking:
        raise UserError(
            f"features: the models need {len(needed)} tables, {_all_named(lacking, request.features)} is not there: "
            "name the file under features:"
        )
    return needed


def _naming(contract: Mapping[str, Any]) -> list[str]:
    """Return the columns whose values are names or texts: a csv must not turn the ``007`` of one into 7."""
    texts = [f for f in contract["features"] if f["categories"] and "string" in f["stored"]]
    names = [contract["id"], contract["unit"], *contract["groups"]]
    return [*names, *(f["name"] for f in texts), *(f["column"] for f in texts)]


def _check_present(source: OpenSource, needed: Any) -> None:
    wanted, present = list(needed), source.schema.names
    missing = [c for c in wanted if c not in present]
    if missing:
        raise UserError(
            f"{source.path}: lacks {len(missing)} of the {len(wanted)} columns that the models need: "
            f"{_all_named(missing, [c for c in present if c not in wanted])}: bring them, under these names"
        )


def _all_named(missing: Sequence[str], present: Any) -> str:
    """Name everything that is missing, each with the nearest name that is there."""
    found = [(name, nearest(name, present).removeprefix("; ")) for name in missing]
    return ", ".join(f"{name!r}" + (f" ({near})" if near else "") for name, near in found)


def _ids(source: OpenSource, contract: Mapping[str, Any]) -> pa.Array:
    """Return the ids of the rows: the dataset's id column, else ``sample_id`` as the workflow writes it."""
    column, names = contract["id"], source.schema.names
    if column not in names and "sample_id" in names:
        return sample_ids(source.read(["sample_id"]), "sample_id", None, source.path)
    if column == _NO_ID:
        return row_numbers(source.rows)
    if column not in names:
        raise UserError(f"id: {source.path}: there is no column {column!r}{nearest(column, names)}: bring it")
    return sample_ids(source.read([column]), column, contract["id_pattern"], source.path)


def _units(source: OpenSource, contract: Mapping[str, Any]) -> pa.Array | None:
    unit = contract["unit"]
    if unit not in source.schema.names or unit == "sample_id":
        return None
    return text_column(source.read([unit]), unit)


def _encoded(units: pa.Array | None) -> pa.DictionaryArray | None:
    return None if units is None else units.dictionary_encode()


def _unmatched(ids: pa.Array, place: pa.Array, there: pa.Array, path: str, limit: float) -> dict[str, int]:
    """Count the samples without a row in a feature table, and its rows without a sample."""
    alone, lonely = place.null_count, len(there) - pc.count_distinct(place.drop_null()).as_py()
    if alone > limit * len(ids):
        examples = ids.filter(pc.is_null(place)).slice(0, 2).to_pylist()
        raise UserError(
            f"{path}: {alone} of {len(ids)} samples have no row here, such as {listed(examples)}, where ids read like "
            f"{there[0].as_py()!r}: bring these rows; at most {limit:.0%} may be without (max_unmatched)"
        )
    return {k: n for k, n in (("samples_without_row", alone), ("rows_without_sample", lonely)) if n}


def _moved(place: pa.Array, rows: int) -> pa.Array | None:
    """Return None where the rows already stand in their places: such a file need not be held whole."""
    aligned = len(place) == rows and place.null_count == 0
    return None if aligned and np.array_equal(place.to_numpy(), np.arange(rows)) else place


def _other_columns(
    source: OpenSource, used: Sequence[str], contract: Mapping[str, Any], table: str | None = None
) -> dict[str, Any]:
    """Tell what is there besides the features: columns that training knew, and others."""
    known = {contract["label"]["column"], "label", *contract["groups"], *contract["slices"]}
    known |= {d["name"] for d in contract["dropped"]}
    naming = {contract["id"], contract["unit"], "sample_id"}
    prefix = "" if table is None else f"{table}_"
    found: dict[str, Any] = {"extra_columns": [], "unused_columns": []}
    for name in source.schema.names:
        if name not in used and name not in naming:
            seen = name in known or f"{prefix}{name}" in known
            found["unused_columns" if seen else "extra_columns"].append(f"{prefix}{name}")
    order = [c for c in source.schema.names if c in set(used)]
    return {**found, "order_differs": order != list(used)}


def _described(source: OpenSource) -> dict[str, Any]:
    return {
        "path": source.path,
        "sha256": sha256(source.path),
        "rows": source.rows,
        "columns": len(source.schema.names),
    }
