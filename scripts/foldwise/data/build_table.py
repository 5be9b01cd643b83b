"""From a user's files to one checked, typed table and the column contract that later steps rely on."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.config.datasets import Dataset
from foldwise.data.column_types import (
    NotAFeature,
    Rules,
    TypedColumn,
    check_known,
    equals_label,
    is_number,
    is_text,
    type_feature,
)
from foldwise.data.contract import ROW_NUMBER, Contract, Dropped, Feature, Label
from foldwise.data.join import Joined, join_sources
from foldwise.data.readers import as_text, plain, text_column
from foldwise.data.row_order import row_order
from foldwise.errors import UserError, listed, nearest
from foldwise.io.files import write_json, write_ordered

RESERVED = ("sample_id", "label")


@dataclass(frozen=True)
class Labels:
    """The labels of n rows.

    Attributes:
        values: shape (n,), 0 or 1.
        positive: text of the value that counts as 1.
        negative: text of the value that counts as 0.
    """

    values: npt.NDArray[np.int8]
    positive: str
    negative: str


@dataclass
class Features:
    """The typed features of a dataset, their descriptions in the same order, and the columns that are not features."""

    columns: dict[str, TypedColumn] = field(default_factory=dict)
    described: list[Feature] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def build_table(name: str, dataset: Dataset, *, table: str | Path, contract: str | Path) -> None:
    """Join, check and type a dataset's files.

    Rows are ordered by ``sample_id``, so the order of the input files does not matter.

    Args:
        name: name of the dataset.
        dataset: its configuration, with the paths of its files.
        table: where to write ``table.parquet``.
        contract: where to write ``table.json``.

    Raises:
        UserError: for anything in the files that would make a wrong or empty table.

    Example:
        >>> from foldwise.data.contract import read_contract
        >>> lines = [f"video_{n // 2},{n // 2 % 2},{n * n}" for n in range(8)]
        >>> _ = Path("mine.csv").write_text("\\n".join(["video,fake,noise", *lines]))
        >>> dataset = Dataset(table="mine.csv", label="fake", groups=["video"])
        >>> build_table("mine", dataset, table="table.parquet", contract="table.json")
        >>> contract = read_contract("table.json")
        >>> contract.n_units, [feature.name for feature in contract.features]
        (4, ['noise'])
    """
    try:
        rows, order, described = _build(name, dataset)
    except UserError as mistake:
        raise UserError(f"dataset {name!r}: {mistake}") from None
    write_ordered(table, rows, order)
    write_json(contract, described.as_json())


def _build(name: str, dataset: Dataset) -> tuple[pa.Table, pa.Array, Contract]:
    """Return the table in the order of the input, the row positions sorted by ``sample_id``, and the contract."""
    joined = join_sources(dataset)
    label, joined = _label(joined, dataset)
    metadata = _metadata(joined, dataset)
    features = _features(joined, dataset, label.values)
    taken = set(RESERVED) - ({"label"} & {dataset.label})
    clash = sorted((set(features.columns) & {*metadata, *RESERVED}) | (set(metadata) & taken))
    if clash:
        raise UserError(f"{listed(clash)} would name two columns: rename one, or exclude the feature")
    columns: dict[str, pa.Array] = {"sample_id": joined.sample_id, "label": pa.array(label.values)}
    columns |= {k: v for k, v in metadata.items() if k != "label"}
    columns |= {k: v.values for k, v in features.columns.items()}
    order = pc.sort_indices(joined.sample_id)
    return pa.table(columns), order, _contract(name, dataset, joined, label, features)


def _label(joined: Joined, dataset: Dataset) -> tuple[Labels, Joined]:
    """Return the labels, and the joined tables without the rows that have no label."""
    if dataset.label not in joined.table.column_names:
        names = joined.metadata_columns
        raise UserError(
            f"label: there is no column {dataset.label!r} in {joined.path}{nearest(dataset.label, names)}; "
            f"there are {listed(names)}"
        )
    raw = plain(joined.table.column(dataset.label))
    if raw.null_count == len(raw):
        raise UserError(
            f"label: column {dataset.label!r} in {joined.path} has no values: fill it in, or name another column"
        )
    if not (is_text(raw.type) or is_number(raw.type) or pa.types.is_boolean(raw.type)):
        raise UserError(f"label: column {dataset.label!r} has type {raw.type}: give numbers, text or booleans")
    if raw.null_count:
        joined = joined.keep(raw.is_valid(), f"{raw.null_count} rows without a label were left out")
        raw = raw.drop_null()
    values = pc.unique(raw).to_pylist()
    if len(values) != 2:
        classes = "one class only" if len(values) == 1 else f"{len(values)} classes"
        raise UserError(
            f"label: column {dataset.label!r} in {joined.path} contains {classes} ({listed(values)}): two are needed: "
            "keep the rows of two classes"
        )
    positive = [v for v in values if v == dataset.positive or as_text(v) == as_text(dataset.positive)]
    if len(positive) != 1:
        raise UserError(
            f"positive: {dataset.positive!r} is not a value of column {dataset.label!r}, which contains "
            f"{listed(values)}: set positive: to one of them"
        )
    negative = next(v for v in values if v != positive[0])
    flags = pc.equal(raw, pa.scalar(positive[0], raw.type)).to_numpy(zero_copy_only=False).astype(np.int8)
    return Labels(flags, as_text(positive[0]), as_text(negative)), joined


def _metadata(joined: Joined, dataset: Dataset) -> dict[str, pa.Array]:
    """Return groups, unit and slices as text columns."""
    columns: dict[str, pa.Array] = {}
    for key, names in (("groups", dataset.groups), ("unit", [dataset.unit]), ("slices", dataset.slices)):
        for name in names:
            if name is None or name in columns:
                continue
            if name not in joined.metadata_columns:
                raise UserError(
                    f"{key}: there is no column {name!r} in {joined.path}{nearest(name, joined.metadata_columns)}; "
                    f"there are {listed(joined.metadata_columns)}"
                )
            text = text_column(joined.table, name)
            if key != "slices" and text.null_count:
                raise UserError(
                    f"{key}: column {name!r} is empty in {text.null_count} of {len(text)} rows: a row without a "
                    "group could leak: fill it in, or remove these rows"
                )
            columns[name] = text
    return columns


def _features(joined: Joined, dataset: Dataset, label: npt.NDArray[np.int8]) -> Features:
    features = Features(dropped=[Dropped(n, "repeats a column of the metadata") for n in joined.repeated])
    names = sorted({*joined.candidates, *(c for _, c in joined.candidates.values())})
    check_known(dataset.exclude, [*names, *joined.metadata_columns, *joined.repeated], "exclude")
    check_known([] if dataset.categorical == "auto" else dataset.categorical, names, "categorical")
    check_known(list(dataset.sentinels), names, "sentinels")
    for name, (source, column) in joined.candidates.items():
        if name in dataset.exclude or column in dataset.exclude:
            features.dropped.append(Dropped(name, "named in exclude"))
            continue
        rules = _rules(dataset, name, column)
        typed = type_feature(name, joined.table, name, rules)
        if isinstance(typed, NotAFeature):
            features.dropped.append(Dropped(name, typed.reason))
            continue
        if equals_label(typed, label):
            raise UserError(f"column {name!r} has the same values as the label and would leak it: name it in exclude")
        features.columns[name] = typed
        features.described.append(
            Feature(
                name=name,
                table=source,
                column=column,
                type=typed.type,
                stored=str(joined.table.column(name).type),
                sentinels=rules.sentinels,
                missing=typed.values.null_count,
                categories=typed.categories,
            )
        )
    if not features.columns:
        files = ", ".join(s.path for s in joined.sources)
        reasons = sorted({f"{d.name}: {d.reason}" for d in features.dropped})
        why = listed(reasons) or "no column remains"
        raise UserError(f"no feature is left of {files}: add at least one column that varies ({why})")
    return features


def _rules(dataset: Dataset, name: str, column: str) -> Rules:
    categorical = None if dataset.categorical == "auto" else {name, column} & set(dataset.categorical) != set()
    sentinels = dataset.sentinels.get(name, dataset.sentinels.get(column, []))
    return Rules(categorical, sentinels, dataset.inf == "missing")


def _contract(name: str, dataset: Dataset, joined: Joined, label: Labels, features: Features) -> Contract:
    unit = dataset.unit or (dataset.groups[0] if dataset.groups else "sample_id")
    units = joined.sample_id if unit == "sample_id" else text_column(joined.table, unit)
    by_name = np.argsort(pc.sort_indices(joined.sample_id).to_numpy())
    # A generator: in double precision all columns at once would be twice the table.
    numbers = (
        (key, feature.values.cast(pa.float64()).to_numpy(zero_copy_only=False))
        for key, feature in features.columns.items()
        if feature.categories is None
    )
    positives = int(label.values.sum())
    return Contract(
        dataset=name,
        rows=len(label.values),
        n_units=len(pc.unique(units)),
        label=Label(dataset.label, label.positive, label.negative, positives, len(label.values) - positives),
        id=dataset.id or ROW_NUMBER,
        id_pattern=dataset.id_pattern,
        inf=dataset.inf,
        max_unmatched=dataset.max_unmatched,
        unit=unit,
        unit_named=dataset.unit is not None,
        row_order=row_order(label.values, units.dictionary_encode().indices.to_numpy(), by_name, numbers),
        groups=dataset.groups,
        slices=dataset.slices,
        features=features.described,
        dropped=features.dropped,
        unmatched=joined.unmatched,
        notes=joined.notes,
        sources=joined.sources,
    )
