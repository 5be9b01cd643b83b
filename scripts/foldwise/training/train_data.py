"""The table and its folds as a training job reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import Matrix, open_matrix
from foldwise.io.files import read_table
from foldwise.io.job_memory import release_memory, return_freed_memory
from foldwise.search.fits import TrainPart
from foldwise.search.settings import Settings


def row_weights(kind: str, label: npt.NDArray[np.int8], unit: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return the weight of each train row, with mean 1, or None when all count alike.

    Args:
        kind: ``none``; ``balanced``: both classes have the same total; ``unit``: every unit has
            the same total, however many rows it has.
        label: shape (n,), 0 or 1.
        unit: shape (n,), the unit of each row, or its number.
    """
    if kind == "none":
        return None
    classes = label if kind == "balanced" else unit
    _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
    weight = 1.0 / counts[inverse]
    return np.asarray(weight * (len(weight) / weight.sum()), np.float64)


@dataclass(frozen=True)
class Data:
    """The table as a training job sees it, n rows.

    Attributes:
        matrix: the features.
        label: shape (n,), 0 or 1.
        unit: shape (n,), numbered from 0.
        group: shape (n,).
        part: shape (n,): 0 = test row, 1..k = inner fold of a train row, -1 = left out.
    """

    matrix: Matrix
    label: npt.NDArray[np.int8]
    unit: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]
    part: npt.NDArray[np.int16]

    def train_part(self, class_weight: str) -> TrainPart:
        """Return the train rows, weighted as the configuration says."""
        rows = self.part > 0
        weight = row_weights(class_weight, self.label[rows], self.unit[rows])
        return TrainPart(self.matrix.rows(rows), self.label[rows], weight, self.part[rows])

    def searched(self, settings: Settings) -> TrainPart:
        """Return the train rows that the search uses: those of some groups, or all."""
        part = self.train_part(settings.class_weight)
        group = self.group[self.part > 0]
        return part.rows(rows_of_some_groups(part.label, group, part.inner, settings.fraction, settings.seed))


def read_data(inputs: Mapping[str, Any], column: str, folder: Path) -> Data:
    """Read the rows of a dataset and the parts that a fold deals them to.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        column: the column of ``folds.parquet``.
        folder: where a table that does not fit into memory is unpacked.
    """
    return_freed_memory()
    contract = read_contract(inputs["contract"])
    names = read_table(inputs["table"], columns=list(dict.fromkeys(["sample_id", "label", contract.unit])))
    folds = read_table(inputs["folds"], columns=["sample_id", "group", column])
    if not folds.column("sample_id").equals(names.column("sample_id")):
        raise ValueError("folds.parquet and table.parquet hold different rows")
    data = Data(
        matrix=open_matrix(inputs["table"], contract.features, folder),
        label=names.column("label").to_numpy().astype(np.int8),
        unit=names.column(contract.unit).combine_chunks().dictionary_encode().indices.to_numpy(),
        group=folds.column("group").to_numpy(),
        part=folds.column(column).to_numpy(),
    )
    del names, folds
    release_memory()
    return data


def read_sample_ids(inputs: Mapping[str, Any], rows: npt.NDArray[np.bool_]) -> pa.Array:
    """Read the names of the rows where ``rows``, shape (n,), is true, when they are written: they weigh a lot."""
    names = read_table(inputs["table"], columns=["sample_id"]).column("sample_id")
    return names.filter(pa.array(rows)).combine_chunks()


def rows_of_some_groups(
    label: npt.NDArray[np.int8], group: npt.NDArray[np.int32], inner: npt.NDArray[np.int16], fraction: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Choose the rows that a search uses: a share of the groups of every inner fold and class, at least one.

    Args:
        label: shape (n,), 0 or 1; a group with both counts as positive.
        group: shape (n,).
        inner: shape (n,), inner fold of each row.
        fraction: share of the groups to keep, 1 keeps every row.
        seed: of the choice.

    Returns:
        Shape (n,), true for a row of a chosen group.
    """
    if fraction == 1:
        return np.ones(len(label), np.bool_)
    groups, first = np.unique(group, return_index=True)
    positive = np.isin(groups, group[label == 1])
    random = np.random.default_rng(seed)
    chosen = []
    for fold in np.unique(inner):
        for value in (False, True):
            here = groups[(inner[first] == fold) & (positive == value)]
            count = max(1, round(fraction * len(here)))
            chosen.append(random.permutation(here)[:count])
    return np.isin(group, np.concatenate(chosen))
