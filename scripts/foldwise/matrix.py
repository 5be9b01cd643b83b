"""The feature matrix that the backends see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.artifacts import read_table

Values = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of n rows and p columns.

    Attributes:
        values: shape (n, p), float32, or float64 where a column needs it; missing is NaN, a category its code.
        names: p column names of the contract.
        categorical: positions of the category columns.
    """

    values: Values
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()

    def rows(self, chosen: npt.NDArray[Any]) -> "FeatureMatrix":
        """Return the chosen rows: a boolean mask of shape (n,) or positions."""
        return FeatureMatrix(self.values[chosen], self.names, self.categorical)


def read_matrix(table: str | Path, features: Sequence[dict[str, Any]]) -> FeatureMatrix:
    """Read the feature columns of ``table.parquet``, one at a time, into one array.

    Args:
        table: path of ``table.parquet``.
        features: the ``features`` of ``table.json``.
    """
    names = tuple(f["name"] for f in features)
    wide = any(f["type"] == "float64" for f in features)
    columns = read_table(table, columns=list(names))
    values = np.empty((columns.num_rows, len(names)), np.float64 if wide else np.float32)
    for j, name in enumerate(names):
        values[:, j] = columns.column(name).to_numpy()
    categorical = tuple(j for j, f in enumerate(features) if f["type"] == "category")
    return FeatureMatrix(values, names, categorical)


def safe_names(names: Sequence[str], refused: str) -> list[str]:
    """Replace the characters that a backend refuses in feature names; keep the names distinct.

    Args:
        names: the contract's names.
        refused: the characters that the backend does not take.

    Returns:
        One name for each, most of them unchanged: a replaced character, or a name without any,
        becomes ``_``, and a name that then stands twice gets a number.
    """
    table = str.maketrans(dict.fromkeys(refused, "_"))
    replaced = [name.translate(table) or "_" for name in names]
    taken = {name for name, new in zip(names, replaced, strict=True) if name == new}
    safe = []
    for name, plain in zip(names, replaced, strict=True):
        new, number = plain, 2
        while new != name and new in taken:
            new = f"{plain}_{number}"
            number += 1
        taken.add(new)
        safe.append(new)
    return safe
