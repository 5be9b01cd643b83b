"""What the checks look at: the rows and their folds, the features, and units and groups as numbers."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.contract import Contract, read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.folds.assignment import Folds, open_rows

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Of a plan with more outer folds, the first ones are checked.
_MOST_FOLDS = 10


@dataclass(frozen=True)
class AuditData:
    """A dataset as the audit reads it.

    Attributes:
        rows: n rows with the columns sample_id, label, unit, group and one ``slice: <name>`` a slice.
        folds: the folds of these rows.
        features: the features of these rows.
        contract: the column contract.
        seed: seed of every draw that a check makes.
    """

    rows: pd.DataFrame
    folds: Folds
    features: FeatureMatrix
    contract: Contract
    seed: int

    @cached_property
    def label(self) -> npt.NDArray[np.int8]:
        """Labels, shape (n,)."""
        return self.rows["label"].to_numpy().astype(np.int8)

    @cached_property
    def group(self) -> Integers:
        """Group of each row, shape (n,)."""
        return self.rows["group"].to_numpy().astype(np.int64)

    @property
    def outer_folds(self) -> list[int]:
        """Outer folds of the first repeat, from 1, at most ten."""
        return self.folds.of_repeat(1)[:_MOST_FOLDS]

    @cached_property
    def tested_in(self) -> Integers:
        """The outer fold that tests each row, 0 for none, shape (n,)."""
        fold_of_row = np.zeros(len(self.rows), np.int64)
        for fold in self.outer_folds:
            fold_of_row[self.folds.is_test(fold)] = fold
        return fold_of_row

    @cached_property
    def units(self) -> "Units":
        """The units of these rows."""
        codes, _ = pd.factorize(self.rows["unit"])
        return Units.of(codes.astype(np.int64), self.label)

    @property
    def grouped(self) -> bool:
        """Whether the configuration names a group column."""
        return bool(self.contract.groups)

    @property
    def folds_keep_groups(self) -> bool:
        """Whether the configuration names a group column and no outer or inner split divides a group."""
        return self.grouped and not self.folds.split_groups

    @property
    def group_name(self) -> str:
        """What a group is, for sentences: the group columns, near copies or single rows."""
        copies = len(np.unique(self.group)) < len(self.group)
        return ", ".join(self.contract.groups) or ("near copies" if copies else "rows")

    def random(self, *key: int) -> np.random.Generator:
        """Return the generator of one check; its draws do not depend on which other checks run."""
        return np.random.default_rng([self.seed, *key])

    def classes(self) -> tuple[int, int]:
        """Return how many groups hold a positive row, and how many a negative one."""
        return tuple(len(np.unique(self.group[self.label == value])) for value in (1, 0))  # type: ignore[return-value]

    def take(self, chosen: Integers) -> "AuditData":
        """Return the rows at the positions ``chosen``."""
        return replace(
            self,
            rows=self.rows.iloc[chosen].reset_index(drop=True),
            folds=self.folds.take(chosen),
            features=self.features.rows(chosen),
        )

    def regrouped(self, group: npt.NDArray[np.integer[Any]]) -> "AuditData":
        """Return the same rows with other groups, shape (n,)."""
        return replace(self, rows=self.rows.assign(group=group))


@dataclass(frozen=True)
class Units:
    """The units of n rows, numbered from 0.

    Attributes:
        code: unit of each row, shape (n,).
        label: label that most rows of a unit have, shape (n_units,).
    """

    code: Integers
    label: npt.NDArray[np.int8]

    @classmethod
    def of(cls, code: Integers, label: npt.NDArray[np.int8]) -> "Units":
        """Number the units and give each the label of most of its rows."""
        share = np.bincount(code, weights=label) / np.bincount(code)
        return cls(code, (share > 0.5).astype(np.int8))

    def mean(self, values: npt.NDArray[Any]) -> Floats:
        """Return the mean of the known values of each unit, NaN where there is none, shape (n_units,)."""
        known = ~np.isnan(values)
        count = np.bincount(self.code, weights=known, minlength=len(self.label))
        total = np.bincount(self.code, weights=np.where(known, values, 0), minlength=len(self.label))
        with np.errstate(invalid="ignore"):
            return np.asarray(total / np.where(count, count, np.nan))


def read_audit_data(table: str | Path, contract: str | Path, folds: str | Path, seed: int) -> AuditData:
    """Read what the checks look at.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        seed: seed of every draw that a check makes.
    """
    rows, about = open_rows(table, contract, folds), read_contract(contract)
    return AuditData(rows.frame, rows.folds, read_matrix(table, about.features), about, seed)


def share_between(values: Floats, group: Integers) -> float:
    """Return the share of the variance that is between groups; 0 is expected for random groups.

    It is 0 where nothing varies, and where every value is its own group.

    Args:
        values: shape (n,).
        group: shape (n,).
    """
    _, code = np.unique(group, return_inverse=True)
    size = np.bincount(code)
    if len(size) == len(values) or values.min() == values.max():
        return 0.0
    mean = np.bincount(code, weights=values) / size
    within = float(((values - mean[code]) ** 2).sum()) / (len(values) - len(size))
    return 1.0 - within / float(values.var(ddof=1))
