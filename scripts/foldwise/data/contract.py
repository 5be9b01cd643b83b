"""The column contract of a dataset (``table.json``) as typed objects: what every step knows of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from foldwise.io.files import read_json, reading_result
from foldwise.io.json_record import JsonRecord, Key

ROW_NUMBER = "row number"


@dataclass(frozen=True)
class Label(JsonRecord):
    """The label column and its two classes.

    Attributes:
        column: name in the user's table.
        positive: text of the value that counts as 1.
        negative: text of the value that counts as 0.
        n_positive: number of positive rows.
        n_negative: number of negative rows.
    """

    column: str
    positive: str
    negative: str
    n_positive: int
    n_negative: int


@dataclass(frozen=True)
class Feature(JsonRecord):
    """One feature column.

    Attributes:
        name: column of ``table.parquet``.
        table: name of the feature table that it comes from; ``table`` where one file contains everything.
        column: name in that table.
        type: ``float32``, ``float64`` or ``category`` (int32 codes).
        stored: Arrow type in the user's file.
        sentinels: values that were read as missing.
        missing: number of rows without a value.
        categories: text of each code, None for a number.
    """

    name: str
    table: str
    column: str
    type: str
    stored: str
    sentinels: Sequence[bool | int | float | str]
    missing: int
    categories: Sequence[str] | None

    @property
    def is_category(self) -> bool:
        """Whether the values are codes of categories."""
        return self.type == "category"


@dataclass(frozen=True)
class Dropped(JsonRecord):
    """A column that did not become a feature, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Unmatched(JsonRecord):
    """Rows without a partner in another table: how many, and the first 20 sample ids."""

    count: int
    examples: Sequence[str]


@dataclass(frozen=True)
class Source(JsonRecord):
    """A file that was read: its path, SHA-256, rows and columns."""

    path: str
    sha256: str
    rows: int
    columns: int


@dataclass(frozen=True)
class RowOrder(JsonRecord):
    """Association of labels and features with the row order.

    Attributes:
        file_auc: AUC of a unit's mean position in the input file for its label, None where a class has no unit.
        path_auc: the same for its mean position among the sorted sample names.
        monotone: features whose rank correlation with either order is beyond 0.99.
    """

    file_auc: float | None
    path_auc: float | None
    monotone: Sequence[str]


@dataclass(frozen=True)
class Contract(JsonRecord):
    """The content of ``table.json``; the attributes are its keys (``row_order`` is ``order``).

    Attributes:
        dataset: name of the dataset.
        rows: number of rows.
        n_units: number of distinct values of ``unit``.
        label: the label column.
        id: column of the sample ids, or ``row number``.
        id_pattern: regular expression that cuts the ids to their shared part, None for the whole id.
        inf: ``error`` or ``missing``: what an infinite value is.
        max_unmatched: largest share of rows without a partner in another table.
        unit: column on which a verdict is wanted; ``sample_id`` where no group column is given.
        unit_named: whether the configuration names the unit; else it is the first group column or the row.
        row_order: association of labels and features with the row order.
        groups: group columns.
        slices: slice columns.
        features: the features, in the order of the columns of ``table.parquet``.
        dropped: columns that are not features.
        unmatched: table and side -> rows without a partner.
        notes: sentences on rows that were left out.
        sources: the files that were read.
    """

    dataset: str
    rows: int
    n_units: int
    label: Label
    id: str
    id_pattern: str | None
    inf: str
    max_unmatched: float
    unit: str
    unit_named: bool
    row_order: Annotated[RowOrder, Key("order")]
    groups: Sequence[str]
    slices: Sequence[str]
    features: Sequence[Feature]
    dropped: Sequence[Dropped]
    unmatched: Mapping[str, Unmatched]
    notes: Sequence[str]
    sources: Sequence[Source]

    @property
    def numbered(self) -> bool:
        """Whether the samples have no id column and are named by their row number."""
        return self.id == ROW_NUMBER


def read_contract(path: str | Path) -> Contract:
    """Read ``table.json``.

    Raises:
        UserError: when the file is broken.
    """
    with reading_result(path):
        return Contract.from_json(read_json(path))
