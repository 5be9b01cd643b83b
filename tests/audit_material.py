"""What the checks of the audit look at, drawn from a seed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from foldwise.audit.data import Material
from foldwise.data.contract import Contract, Feature, Label, RowOrder
from foldwise.data.feature_matrix import FeatureMatrix

RANDOM_STATE = 3


def material(
    values: npt.NDArray[Any],
    label: Sequence[int],
    group: Sequence[int],
    names: Sequence[str] | None = None,
    groups: Sequence[str] = ("video",),
    categorical: tuple[int, ...] = (),
    n_splits: int = 3,
) -> Material:
    """Return a dataset whose group g is tested in fold ``g % n_splits + 1``."""
    names = tuple(names or (f"f{j}" for j in range(values.shape[1])))
    group_of_row = np.asarray(group)
    rows = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(len(label))],
            "label": label,
            "unit": group_of_row if groups else np.arange(len(label)),
            "group": group_of_row,
            **{f"fold_{f}": np.where(group_of_row % n_splits == f - 1, 0, 1) for f in range(1, n_splits + 1)},
            "final": 1,
        }
    )
    positive = int(np.sum(label))
    contract = Contract(
        dataset="drawn",
        rows=len(label),
        n_units=rows["unit"].nunique(),
        label=Label("label", "1", "0", positive, len(label) - positive),
        id="sample",
        id_pattern=None,
        inf="error",
        max_unmatched=0.05,
        unit="video" if groups else "sample_id",
        row_order=RowOrder(0.5, 0.5, []),
        groups=list(groups),
        slices=[],
        features=[Feature(n, "table", n, "float32", "double", [], 0, None) for n in names],
        dropped=[],
        unmatched={},
        notes=[],
        sources=[],
    )
    return Material(rows, FeatureMatrix(values, names, categorical), contract, seed=42)


def drawn(rows: int = 300, columns: int = 12, size: int = 3, seed: int = 0, **settings: Any) -> Material:
    """Return independent rows in groups of ``size`` with one random label each."""
    random = np.random.default_rng(seed)
    group = np.arange(rows) // size
    label = random.permutation(np.arange(group[-1] + 1) % 2)[group]
    return material(random.normal(size=(rows, columns)), label, group, **settings)
