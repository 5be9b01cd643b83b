"""Small grouped binary tables, drawn from a seed, in memory and as the files of the workflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from foldwise.data.contract import Contract, Feature, Label, RowOrder
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import FINAL, Folds, Plan
from foldwise.io.files import write_json, write_table


@dataclass(frozen=True)
class Grouped:
    """Rows that come in groups, each group with one label.

    Attributes:
        matrix: n rows, p columns; column 0 carries the signal, the last ones are the categories.
        label: shape (n,), 0 or 1.
        group: shape (n,), numbered from 0.
    """

    matrix: FeatureMatrix
    label: npt.NDArray[np.int8]
    group: npt.NDArray[np.int32]

    def rows(self, chosen: npt.NDArray[Any]) -> "Grouped":
        """Return the chosen rows."""
        return Grouped(self.matrix.rows(chosen), self.label[chosen], self.group[chosen])


def grouped(
    groups: int = 40,
    rows: int = 5,
    columns: int = 5,
    categories: int = 0,
    missing: float = 0.0,
    signal: float = 1.0,
    names: tuple[str, ...] | None = None,
    dtype: type = np.float32,
    seed: int = 0,
) -> Grouped:
    """Draw a table of ``groups`` x ``rows`` rows, every other group positive.

    Args:
        groups: number of groups.
        rows: rows of each group.
        columns: number of columns, the categories among them.
        categories: how many of them hold category codes from 0 to 5.
        missing: share of the values that are missing.
        signal: distance of the classes in column 0, in standard deviations of a row.
        names: names of the columns, ``feature_0`` ... without.
        dtype: float32 or float64.
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups, dtype=np.int32), rows)
    label = (group % 2).astype(np.int8)
    values = random.normal(size=(groups * rows, columns)) + 0.5 * random.normal(size=(groups, columns))[group]
    values[:, 0] += signal * label
    first = columns - categories
    values[:, first:] = random.integers(0, 6, size=(len(label), categories))
    values[random.random(values.shape) < missing] = np.nan
    names = names or tuple(f"feature_{j}" for j in range(columns))
    return Grouped(FeatureMatrix(values.astype(dtype), names, tuple(range(first, columns))), label, group)


def inner_folds(data: Grouped, folds: int = 3) -> npt.NDArray[np.int16]:
    """Deal the groups to inner folds 1, 2, ..., both labels to each: shape (n,)."""
    return (data.group // 2 % folds + 1).astype(np.int16)


def write_dataset(folder: Path, data: Grouped, slices: dict[str, list[str | None]] | None = None) -> dict[str, str]:
    """Write ``table.parquet`` and ``table.json``; return the paths by the names that rules use.

    The samples are named ``sample_000`` ..., the unit and the group column is ``video``.
    """
    slices = slices or {}
    columns: dict[str, Any] = {
        "sample_id": [f"sample_{i:03d}" for i in range(len(data.label))],
        "label": pa.array(data.label, pa.int8()),
        "video": [f"video_{g:03d}" for g in data.group],
        **{name: pa.array(values, pa.string()) for name, values in slices.items()},
    }
    features = []
    for j, name in enumerate(data.matrix.names):
        values = data.matrix.values[:, j]
        kind = "category" if j in data.matrix.categorical else str(values.dtype)
        target = pa.int32() if kind == "category" else None
        columns[name] = pa.array(values, target, mask=np.isnan(values))
        missing = int(np.isnan(values).sum())
        categories = [str(code) for code in range(6)] if kind == "category" else None
        features.append(Feature(name, "table", name, kind, "double", [], missing, categories))
    paths = {"table": str(folder / "table.parquet"), "contract": str(folder / "table.json")}
    write_table(paths["table"], pa.table(columns))
    positive = int(data.label.sum())
    contract = Contract(
        dataset="tiny",
        rows=len(data.label),
        n_units=len(np.unique(data.group)),
        label=Label("label", "1", "0", positive, len(data.label) - positive),
        id="sample",
        id_pattern=None,
        inf="error",
        max_unmatched=0.05,
        unit="video",
        row_order=RowOrder(0.5, 0.5, []),
        groups=["video"],
        slices=list(slices),
        features=features,
        dropped=[],
        unmatched={},
        notes=[],
        sources=[],
    )
    write_json(paths["contract"], contract.as_json())
    return paths


def write_folds(path: Path, data: Grouped, outer: Sequence[Any], n_splits: int, final: Any = None) -> str:
    """Write a fold file with assignments of one's own choice; without ``final`` all rows are in its inner fold 1."""
    sample_id = pa.chunked_array([[f"sample_{i:03d}" for i in range(len(data.label))]])
    final = np.ones(len(data.label)) if final is None else final
    assignments = {**dict(enumerate(outer, start=1)), FINAL: final}
    plan = Plan(n_splits, len(outer) // n_splits, 2, 42)
    Folds(sample_id, data.group, {f: np.asarray(a, np.int16) for f, a in assignments.items()}, plan).write(path)
    return str(path)
