"""The table and its folds as a training job reads them: features, labels, weights, and the rows of the search."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import Matrix, open_matrix
from foldwise.folds.assignment import Fold, read_folds
from foldwise.io.files import read_table
from foldwise.io.job_memory import release_memory, return_freed_memory
from foldwise.search.fits import TrainPart
from foldwise.search.settings import TrainingSettings


def row_weights(kind: str, label: npt.NDArray[np.int8], unit: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return the weight of each train row, with mean 1, or None when all rows have the same weight.

    Args:
        kind: ``none``; ``balanced``: both classes have the same total weight; ``unit``: every unit has the same
            total weight, however many rows it has.
        label: shape (n,), 0 or 1.
        unit: shape (n,), the unit of each row, or its number.

    Example:
        >>> label, unit = np.array([0, 0, 0, 1], np.int8), np.array(["a", "a", "b", "c"])
        >>> row_weights("balanced", label, unit).round(2).tolist()
        [0.67, 0.67, 0.67, 2.0]
        >>> row_weights("unit", label, unit).round(2).tolist()
        [0.67, 0.67, 1.33, 1.33]
    """
    if kind == "none":
        return None
    classes = label if kind == "balanced" else unit
    _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
    weight = 1.0 / counts[inverse]
    return np.asarray(weight * (len(weight) / weight.sum()), np.float64)


@dataclass(frozen=True)
class TrainData:
    """The n rows of a table and their parts in one outer fold.

    Attributes:
        matrix: the features.
        label: shape (n,), 0 or 1.
        unit: shape (n,), numbered from 0.
        group: shape (n,).
        part: shape (n,): 0 = test row, 1..k = inner fold of a train row, -1 = left out of the fold.
    """

    matrix: Matrix
    label: npt.NDArray[np.int8]
    unit: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]
    part: npt.NDArray[np.int16]

    def train_part(self, class_weight: str) -> TrainPart:
        """Return the train rows with the weights of ``training.class_weight``."""
        rows = self.part > 0
        weight = row_weights(class_weight, self.label[rows], self.unit[rows])
        return TrainPart(self.matrix.rows(rows), self.label[rows], weight, self.part[rows], class_weight == "balanced")

    def searched(self, settings: TrainingSettings) -> TrainPart:
        """Return the train rows that the search uses: those of a share of the groups, or all."""
        part = self.train_part(settings.class_weight)
        group = self.group[self.part > 0]
        return part.rows(rows_of_some_groups(part.label, group, part.inner, settings.fraction, settings.seed))


def read_data(*, table: str, contract: str, folds: str, fold: Fold, folder: Path) -> TrainData:
    """Read the rows of a dataset and their parts in one outer fold.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        fold: number of the outer fold, or ``final``.
        folder: where a table that does not fit into memory is unpacked.

    Raises:
        ValueError: when the table and the folds contain different rows.
    """
    return_freed_memory()
    columns = read_contract(contract)
    rows = read_table(table, columns=list(dict.fromkeys(["sample_id", "label", columns.unit])))
    assigned = read_folds(folds, only=fold)
    if not assigned.sample_id.equals(rows.column("sample_id")):
        raise ValueError("folds.parquet and table.parquet contain different rows")
    data = TrainData(
        matrix=open_matrix(table, columns.features, folder),
        label=rows.column("label").to_numpy().astype(np.int8),
        unit=rows.column(columns.unit).combine_chunks().dictionary_encode().indices.to_numpy(),
        group=assigned.group,
        part=assigned.assignments[fold],
    )
    del rows, assigned
    release_memory()
    return data


def read_sample_ids(table: str, mask: npt.NDArray[np.bool_]) -> pa.Array:
    """Read the sample ids of the rows where ``mask``, shape (n,), is true; only when needed, as they are large."""
    sample_ids = read_table(table, columns=["sample_id"]).column("sample_id")
    return sample_ids.filter(pa.array(mask)).combine_chunks()


def rows_of_some_groups(
    label: npt.NDArray[np.int8], group: npt.NDArray[np.int32], inner: npt.NDArray[np.int16], fraction: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Draw a share of the groups of every inner fold and class, at least one of each.

    Args:
        label: shape (n,), 0 or 1; a group with both counts as positive.
        group: shape (n,).
        inner: shape (n,), inner fold of each row.
        fraction: share of the groups to keep, 1 keeps every row.
        seed: random seed.

    Returns:
        Shape (n,), true for the rows of a drawn group.
    """
    if fraction == 1:
        return np.ones(len(label), np.bool_)
    groups, first = np.unique(group, return_index=True)
    positive = np.isin(groups, group[label == 1])
    random = np.random.default_rng(seed)
    drawn = []
    for fold in np.unique(inner):
        for value in (False, True):
            candidates = groups[(inner[first] == fold) & (positive == value)]
            count = max(1, round(fraction * len(candidates)))
            drawn.append(random.permutation(candidates)[:count])
    return np.isin(group, np.concatenate(drawn))
