"""What the checks look at: the rows with their folds, the features, and units and groups as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.contract import Contract, read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.folds.assignment import read_rows
from foldwise.io.files import read_table

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A plan with more outer folds than this is judged by its first ones.
_MOST_FOLDS = 10


@dataclass(frozen=True)
class Material:
    """A dataset as the audit reads it.

    Attributes:
        rows: n rows: sample_id, label, unit, group, the slices (``slice: <name>``), fold_1 .., final.
        matrix: the features of these rows.
        contract: the column contract.
        seed: seed of every draw that a check makes.
    """

    rows: pd.DataFrame
    matrix: FeatureMatrix
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

    @cached_property
    def folds(self) -> dict[int, Integers]:
        """Outer folds of the first repeat: fold, from 1 -> shape (n,), 0 = test, -1 = in neither part.

        A repeat ends where a row is tested for the second time.
        """
        found: dict[int, Integers] = {}
        tested = np.zeros(len(self.rows), bool)
        while len(found) < _MOST_FOLDS and (name := f"fold_{len(found) + 1}") in self.rows:
            assignment = self.rows[name].to_numpy().astype(np.int64)
            if (tested & (assignment == 0)).any():
                break
            tested |= assignment == 0
            found[len(found) + 1] = assignment
        return found

    @cached_property
    def part(self) -> Integers:
        """The outer fold in whose test part each row stands, 0 for none, shape (n,)."""
        found = np.zeros(len(self.rows), np.int64)
        for fold, assignment in self.folds.items():
            found[assignment == 0] = fold
        return found

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
    def group_name(self) -> str:
        """What a group is, for sentences."""
        copies = len(np.unique(self.group)) < len(self.group)
        return ", ".join(self.contract.groups) or ("near copies" if copies else "rows")

    def random(self, *key: int) -> np.random.Generator:
        """Return the generator of one check: its draws do not depend on which other checks run."""
        return np.random.default_rng([self.seed, *key])

    def classes(self) -> tuple[int, int]:
        """Return how many groups hold a positive row, and how many a negative one."""
        return tuple(len(np.unique(self.group[self.label == value])) for value in (1, 0))  # type: ignore[return-value]

    def take(self, chosen: npt.NDArray[np.int64]) -> "Material":
        """Return the rows at the positions ``chosen``."""
        rows = self.rows.iloc[chosen].reset_index(drop=True)
        rows.attrs = self.rows.attrs
        return Material(rows, self.matrix.rows(chosen), self.contract, self.seed)

    def regrouped(self, group: npt.NDArray[np.integer[Any]]) -> "Material":
        """Return the same rows with other groups."""
        rows = self.rows.assign(group=group)
        rows.attrs = self.rows.attrs
        return replace(self, rows=rows)


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


def read_material(inputs: Mapping[str, str], seed: int) -> Material:
    """Read what the checks look at.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        seed: seed of every draw that a check makes.
    """
    contract = read_contract(inputs["contract"])
    rows = read_rows(inputs["table"], inputs["contract"], inputs["folds"])
    rows["final"] = read_table(inputs["folds"], columns=["final"]).column("final").to_numpy().astype(np.int16)
    return Material(rows, read_matrix(inputs["table"], contract.features), contract, seed)


def share_between(values: Floats, group: Integers) -> float:
    """Return the share of the variance that lies between groups; 0 is expected for groups dealt at random.

    0 also where nothing varies, and where every value is a group of its own.

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
