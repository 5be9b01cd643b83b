"""Join the metadata and feature tables of a dataset on the sample id, and count rows without a partner."""

import re
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from foldwise.config.datasets import Dataset
from foldwise.data.contract import Source, Unmatched
from foldwise.data.readers import read_source, text_column
from foldwise.errors import UserError, counted, listed, nearest
from foldwise.io.files import sha256

_EXAMPLES = 20


@dataclass(frozen=True)
class Joined:
    """One row a sample: the metadata columns under their own names, the feature columns under theirs.

    Attributes:
        table: n rows; the features of a sample that a feature table lacks are null.
        sample_id: text, n distinct values.
        candidates: columns that may become features: name -> (source table, column there).
        metadata_columns: columns that may be label, group, unit or slice.
        repeated: feature-table columns other than the id that repeat a metadata column.
        path: file of the metadata, for messages.
        unmatched: rows without a partner, by table and side.
        notes: sentences on what was left out.
        sources: the files that were read.
    """

    table: pa.Table
    sample_id: pa.Array
    candidates: dict[str, tuple[str, str]]
    metadata_columns: list[str]
    path: str
    repeated: list[str] = field(default_factory=list)
    unmatched: dict[str, Unmatched] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def keep(self, mask: pa.Array, note: str) -> "Joined":
        """Return the rows where ``mask`` is true, with a note on the others."""
        kept = self.table.filter(mask), self.sample_id.filter(mask)
        return replace(self, table=kept[0], sample_id=kept[1], notes=[*self.notes, note])


def join_sources(dataset: Dataset) -> Joined:
    """Read and join the files of a dataset.

    Raises:
        UserError: for unreadable files, missing or repeated ids, labels that contradict each other,
            or more unmatched rows than ``max_unmatched`` allows.
    """
    return _single(dataset) if dataset.table is not None else _several(dataset)


def _single(dataset: Dataset) -> Joined:
    path = str(dataset.table)
    table = read_source(path, _naming(dataset))
    sample_id = sample_ids(table, dataset.id, dataset.id_pattern, path) if dataset.id else row_numbers(table.num_rows)
    roles = {dataset.id, dataset.label, dataset.unit, *dataset.groups, *dataset.slices}
    return Joined(
        table=table,
        sample_id=sample_id,
        candidates={c: ("table", c) for c in table.column_names if c not in roles},
        metadata_columns=table.column_names,
        path=path,
        sources=[_source(path, table)],
    )


def _naming(dataset: Dataset) -> list[str]:
    return [c for c in (dataset.id, dataset.unit, *dataset.groups) if c is not None]


def _several(dataset: Dataset) -> Joined:
    path = str(dataset.metadata)
    metadata = read_source(path, _naming(dataset))
    sample_id = sample_ids(metadata, str(dataset.id), dataset.id_pattern, path)
    joined = Joined(metadata, sample_id, {}, metadata.column_names, path, sources=[_source(path, metadata)])
    present = pa.array([False] * metadata.num_rows, pa.bool_())
    for name, feature_path in dataset.features.items():
        joined, matched = _add(joined, name, feature_path, dataset)
        present = pc.or_(present, matched)
    if bare := len(present) - pc.sum(present).as_py():
        joined = joined.keep(present, f"{bare} rows of {path} have no features in any table and were left out")
    return joined


def _add(joined: Joined, name: str, path: str, dataset: Dataset) -> tuple[Joined, pa.Array]:
    """Join one feature table; also return which rows have a partner in it."""
    table = read_source(path, _naming(dataset))
    ids = sample_ids(table, str(dataset.id), dataset.id_pattern, path)
    position = pc.index_in(joined.sample_id, value_set=ids)
    matched = position.is_valid()
    if position.null_count == len(position):
        raise UserError(
            f"{path}: no id of {joined.path} (such as {joined.sample_id[0].as_py()!r}) is in this table, with ids "
            f"like {ids[0].as_py()!r}: set id_pattern: to the part that they share"
        )
    _check_label_agrees(joined, table, position, dataset, path)
    columns = [c for c in table.column_names if c not in joined.metadata_columns]
    taken = [f"{name}_{c}" for c in table.column_names if c in joined.metadata_columns and c != dataset.id]
    renamed = {f"{name}_{c}": (name, c) for c in columns}
    clash = [n for n in renamed if n in joined.table.column_names]
    if clash:
        raise UserError(
            f"{path}: column {clash[0]!r} exists already in another table: give the feature table another name"
        )
    result = joined.table
    features = table.select(columns).take(position)
    for new, column in zip(renamed, features.columns, strict=True):
        result = result.append_column(new, column)
    unmatched = _unmatched(joined, name, ids, matched, path, dataset)
    return replace(
        joined,
        table=result,
        candidates={**joined.candidates, **renamed},
        repeated=[*joined.repeated, *taken],
        unmatched={**joined.unmatched, **unmatched},
        sources=[*joined.sources, _source(path, table)],
    ), matched


def _unmatched(
    joined: Joined, name: str, ids: pa.Array, matched: pa.Array, path: str, dataset: Dataset
) -> dict[str, Unmatched]:
    without_metadata = pc.invert(pc.is_in(ids, value_set=joined.sample_id))
    unmatched = {}
    for side, here, alone, rows in (
        (f"{name}: in the metadata only", joined.sample_id, pc.invert(matched), len(joined.sample_id)),
        (f"{name}: in the feature table only", ids, without_metadata, len(ids)),
    ):
        examples = here.filter(alone)
        examples = examples.take(pc.sort_indices(examples))
        count = len(examples)
        if count:
            unmatched[side] = Unmatched(count, examples.slice(0, _EXAMPLES).to_pylist())
        if count > dataset.max_unmatched * rows:
            raise UserError(
                f"{path}: {count} of {rows} rows have no partner ({side}; such as "
                f"{listed(examples.slice(0, 2).to_pylist())}): correct id_pattern: or the tables, or raise "
                f"max_unmatched: above {dataset.max_unmatched}"
            )
    return unmatched


def _check_label_agrees(joined: Joined, table: pa.Table, position: pa.Array, dataset: Dataset, path: str) -> None:
    label = dataset.label
    if label not in table.column_names or label not in joined.table.column_names:
        return
    here, there = text_column(table, label).take(position), text_column(joined.table, label)
    contradictions = pc.sum(pc.not_equal(here, there)).as_py() or 0
    if contradictions:
        raise UserError(
            f"{path}: its column {label!r} contradicts the label of the metadata in {contradictions} rows: "
            "find out which table is right, and remove the column from the other"
        )


def sample_ids(table: pa.Table, column: str, pattern: str | None, path: str) -> pa.Array:
    """Return the ids of the samples as text, cut to the part that the tables share.

    Args:
        table: n rows.
        column: name of the column with the ids.
        pattern: regular expression with a group ``id``, None for the whole id.
        path: file of the table, for messages.

    Raises:
        UserError: for a missing column, an empty id, one that the pattern does not match, or a repeated one.
    """
    if column not in table.column_names:
        raise UserError(
            f"id: there is no column {column!r} in {path}{nearest(column, table.column_names)}; "
            f"there are {listed(table.column_names)}"
        )
    ids = text_column(table, column)
    if ids.null_count:
        raise UserError(f"id: column {column!r} in {path} is empty in {ids.null_count} rows: every sample needs an id")
    if pattern is not None:
        ids = _extract(ids, pattern, path)
    counts = pc.value_counts(ids)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(repeated):
        raise UserError(
            f"id: {counted(len(repeated), 'repeated id')} in {path}, such as "
            f"{listed(repeated.slice(0, 2).to_pylist())}: each sample needs one row: remove the copies, or correct "
            "id_pattern: if it cuts too much"
        )
    return ids


def _extract(ids: pa.Array, pattern: str, path: str) -> pa.Array:
    search = re.compile(pattern).search
    texts = ids.to_pylist()
    parts = [match["id"] if (match := search(text)) else None for text in texts]
    missed = [text for text, part in zip(texts, parts, strict=True) if not part]
    if missed:
        raise UserError(
            f"id_pattern: {pattern!r} does not match {len(missed)} of {len(ids)} ids of {path}, such as {missed[0]!r}: "
            "correct the pattern so that its group (?P<id>...) matches a part of every id"
        )
    return pa.array(parts, pa.string())


def row_numbers(rows: int) -> pa.Array:
    """Name rows by their position in the file, padded so that text order is file order."""
    width = len(str(rows))
    return pa.array([f"{i:0{width}d}" for i in range(1, rows + 1)], pa.string())


def _source(path: str, table: pa.Table) -> Source:
    return Source(path, sha256(path), table.num_rows, table.num_columns)
