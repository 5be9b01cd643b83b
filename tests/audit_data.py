"""Small datasets as the audit reads them, drawn from a seed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from foldwise.audit.data import AuditData
from foldwise.data.contract import Contract, Feature, Label, RowOrder
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import FINAL, Folds, Plan

RANDOM_STATE = 3


def audit_data(
    values: npt.NDArray[Any],
    label: Sequence[int],
    group: Sequence[int],
    names: Sequence[str] | None = None,
    groups: Sequence[str] = ("video",),
    categorical: tuple[int, ...] = (),
    n_splits: int = 3,
) -> AuditData:
    """Return a dataset whose group g is tested in fold ``g % n_splits + 1``."""
    names = tuple(names or (f"f{j}" for j in range(values.shape[1])))
    group_of_row = np.asarray(group)
    sample_id = [f"s{i}" for i in range(len(label))]
    rows = pd.DataFrame(
        {
            "sample_id": sample_id,
            "label": label,
            "unit": group_of_row if groups else np.arange(len(label)),
            "group": group_of_row,
        }
    )
    outer = {f: np.where(group_of_row % n_splits == f - 1, 0, 1).astype(np.int16) for f in range(1, n_splits + 1)}
    folds = Folds(
        sample_id=pa.chunked_array([sample_id]),
        group=group_of_row.astype(np.int32),
        assignments={**outer, FINAL: np.ones(len(label), np.int16)},
        plan=Plan(n_splits, 1, 1, 42),
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
    return AuditData(rows, folds, FeatureMatrix(values, names, categorical), contract, seed=42)


def drawn(rows: int = 300, columns: int = 12, size: int = 3, seed: int = 0, **settings: Any) -> AuditData:
    """Return independent rows in groups of ``size`` with one random label each."""
    random = np.random.default_rng(seed)
    group = np.arange(rows) // size
    label = random.permutation(np.arange(group[-1] + 1) % 2)[group]
    return audit_data(random.normal(size=(rows, columns)), label, group, **settings)


def reassigned(data: AuditData, fold: int, assignment: npt.ArrayLike) -> AuditData:
    """Return the dataset with another assignment of one outer fold, shape (n,)."""
    assignments = {**data.folds.assignments, fold: np.asarray(assignment, np.int16)}
    return replace(data, folds=replace(data.folds, assignments=assignments))
