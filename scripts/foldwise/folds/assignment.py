"""Which fold each row belongs to: the only module that reads and writes the columns of ``folds.parquet``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from foldwise.data.contract import read_contract
from foldwise.io.files import read_note, read_table, reading_result, write_table

FINAL: Literal["final"] = "final"
"""The split of all rows into inner folds, for the model that is fitted on every group."""

Fold = int | Literal["final"]
Mask = npt.NDArray[np.bool_]
# The inner folds of ``inner_splits: auto`` where the classes have many groups.
FEW_INNER_SPLITS = 3
_NUMBERS = ("n_splits", "n_repeats", "inner_splits", "seed")


@dataclass(frozen=True)
class Plan:
    """How often and how finely to split.

    Attributes:
        n_splits: outer folds of one repeat.
        n_repeats: repeats of the outer split.
        inner_splits: inner folds of an outer train part.
        seed: seed of the first repeat; the seeds of the others are derived from it.
        by: column whose values are held out in turn, None for stratified folds of groups.
        choose_inner_splits: whether ``inner_splits`` is still to be chosen by the groups.
    """

    n_splits: int
    n_repeats: int
    inner_splits: int
    seed: int
    by: str | None = None
    choose_inner_splits: bool = False

    @classmethod
    def configured(
        cls, n_splits: int, n_repeats: int, inner_splits: int | Literal["auto"], seed: int, by: str | None = None
    ) -> Self:
        """Return the plan of a configuration; with ``inner_splits: auto`` it has those of many groups for now."""
        if inner_splits == "auto":
            return cls(n_splits, n_repeats, FEW_INNER_SPLITS, seed, by, choose_inner_splits=True)
        return cls(n_splits, n_repeats, inner_splits, seed, by)


@dataclass(frozen=True)
class Folds:
    """The outer and inner folds of n rows.

    Outer folds are numbered from 1 over all repeats. In the assignment of an outer fold, shape (n,), 0 is a test
    row, 1 to ``plan.inner_splits`` the inner fold of a train row, and -1 a row in neither part: its group reaches
    into the source that is held out. The assignment :data:`FINAL` has no test rows.

    Attributes:
        sample_id: text, n values.
        group: shape (n,), group of each row, from 0.
        assignments: outer fold or :data:`FINAL` -> shape (n,), in the order of the folds.
        plan: the plan by which the rows were split.
        sources: the values of ``plan.by`` in the order of the folds that hold them out, else empty.
    """

    sample_id: pa.ChunkedArray
    group: npt.NDArray[np.int32]
    assignments: Mapping[Fold, npt.NDArray[np.int16]]
    plan: Plan
    sources: Sequence[str] = ()

    def __len__(self) -> int:
        """Return n."""
        return len(self.group)

    @property
    def numbers(self) -> list[int]:
        """The outer folds, from 1."""
        return [fold for fold in self.assignments if fold != FINAL]

    def of_repeat(self, repeat: int) -> list[int]:
        """Return the outer folds of a repeat, from 1."""
        return [fold for fold in self.numbers if self.repeat_of(fold) == repeat]

    def repeat_of(self, fold: int) -> int:
        """Return the repeat of an outer fold, from 1."""
        return (fold - 1) // self.plan.n_splits + 1

    def source_of(self, fold: int) -> str | None:
        """Return the source that an outer fold holds out, None where groups are assigned to folds."""
        return self.sources[fold - 1] if self.sources else None

    def is_test(self, fold: Fold) -> Mask:
        """Return which rows are test rows, shape (n,)."""
        return np.equal(self.assignments[fold], 0)

    def is_train(self, fold: Fold) -> Mask:
        """Return which rows are train rows, shape (n,)."""
        return np.greater(self.assignments[fold], 0)

    @cached_property
    def split_groups(self) -> list[int]:
        """The groups with rows in two parts of any outer or inner split, ascending; rows left out are in no part."""
        split: set[int] = set()
        for assignment in self.assignments.values():
            used = assignment >= 0
            parts = pd.Series(assignment[used]).groupby(self.group[used]).nunique()
            split |= {int(group) for group in parts.index[parts > 1]}
        return sorted(split)

    def test_shares(self) -> dict[int, float]:
        """Return n_test / n_train in rows of every outer fold."""
        return {f: float(self.is_test(f).sum() / self.is_train(f).sum()) for f in self.numbers}

    def train_prevalence(self, label: npt.NDArray[Any]) -> dict[int, float]:
        """Return the share of positive train rows of every outer fold.

        Args:
            label: shape (n,), 0 or 1.
        """
        return {f: float(label[self.is_train(f)].mean()) for f in self.numbers}

    def inner_folds_of_groups(self, repeat: int) -> npt.NDArray[np.int16]:
        """Return the inner fold of each group in every outer fold of a repeat, shape (K, number of groups).

        It is 0 or less where the group has no row in the train part.
        """
        groups = int(self.group.max()) + 1
        inner = np.full((len(self.of_repeat(repeat)), groups), -1, np.int16)
        for position, fold in enumerate(self.of_repeat(repeat)):
            np.maximum.at(inner[position], self.group, self.assignments[fold])
        return inner

    def take(self, rows: npt.NDArray[Any]) -> "Folds":
        """Return some rows: positions or a boolean mask of shape (n,)."""
        return replace(
            self,
            sample_id=self.sample_id.filter(pa.array(rows)) if rows.dtype == bool else self.sample_id.take(rows),
            group=self.group[rows],
            assignments={fold: assignment[rows] for fold, assignment in self.assignments.items()},
        )

    def write(self, path: str | Path) -> None:
        """Write ``folds.parquet``: sample_id, group, fold_1 .. fold_F, final; the plan is in its metadata."""
        note = {k: str(getattr(self.plan, k)) for k in _NUMBERS}
        note |= {"by": self.plan.by or "", "sources": json.dumps(list(self.sources), ensure_ascii=False)}
        columns = {_column(fold): assignment for fold, assignment in self.assignments.items()}
        write_table(path, pa.table({"sample_id": self.sample_id, "group": self.group, **columns}), note)


def read_folds(path: str | Path, only: Fold | None = None) -> Folds:
    """Read ``folds.parquet``.

    Args:
        path: the file.
        only: the one fold whose assignment is read, which saves memory; None for all.

    Raises:
        UserError: when the file is broken.
    """
    table = read_table(path, columns=None if only is None else ["sample_id", "group", _column(only)])
    with reading_result(path, KeyError):
        note = read_note(path)
        n_splits, n_repeats, inner_splits, seed = (int(note[k]) for k in _NUMBERS)
        plan = Plan(n_splits, n_repeats, inner_splits, seed, note["by"] or None)
        sources = json.loads(note["sources"])
    columns = [name for name in table.column_names if name not in ("sample_id", "group")]
    return Folds(
        sample_id=table.column("sample_id"),
        group=table.column("group").to_numpy(),
        assignments={_fold(name): table.column(name).to_numpy() for name in columns},
        plan=plan,
        sources=sources,
    )


def _column(fold: Fold) -> str:
    return fold if fold == FINAL else f"fold_{fold}"


def _fold(column: str) -> Fold:
    return FINAL if column == FINAL else int(column.removeprefix("fold_"))


@dataclass(frozen=True)
class Rows:
    """Everything but the features of n rows.

    Attributes:
        frame: n rows with the columns ``sample_id``, ``label`` (0 or 1), ``unit``, ``group``, and one text column
            ``slice: <name>`` a slice.
        unit: name of the unit column.
        slices: names of the slice columns.
        folds: the folds of these rows.
    """

    frame: pd.DataFrame
    unit: str
    slices: Sequence[str]
    folds: Folds

    def __len__(self) -> int:
        """Return n."""
        return len(self.frame)

    def test_rows(self, fold: int) -> pd.DataFrame:
        """Return the test rows of an outer fold: the columns of ``frame``, ``fold`` and ``repeat``."""
        return self.frame[self.folds.is_test(fold)].assign(fold=fold, repeat=self.folds.repeat_of(fold))

    def train_rows(self, fold: int) -> pd.DataFrame:
        """Return the train rows of an outer fold: the columns of ``frame``, ``fold`` and ``repeat``."""
        return self.frame[self.folds.is_train(fold)].assign(fold=fold, repeat=self.folds.repeat_of(fold))


def open_rows(table: str | Path, contract: str | Path, folds: str | Path) -> Rows:
    """Read everything but the features of the rows of a dataset.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.

    Raises:
        UserError: when one of the files is broken.
    """
    about = read_contract(contract)
    columns = list(dict.fromkeys(["sample_id", "label", about.unit, *about.slices]))
    data: pd.DataFrame = read_table(table, columns=columns).to_pandas()
    assigned = read_folds(folds)
    named = {"sample_id": data["sample_id"], "label": data["label"], "unit": data[about.unit], "group": assigned.group}
    frame = pd.concat([pd.DataFrame(named), data[list(about.slices)].add_prefix("slice: ")], axis=1)
    return Rows(frame, about.unit, about.slices, assigned)
