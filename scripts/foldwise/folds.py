"""Outer and inner fold splits in which no group is ever parted."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.artifacts import read_json, read_table, write_table
from foldwise.errors import UserError
from foldwise.groups import connected_groups

Labels = npt.NDArray[np.int8]
Groups = npt.NDArray[np.int32]
Assignment = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Plan:
    """How often and how finely to split.

    Attributes:
        n_splits: outer folds of one repeat.
        n_repeats: repeats of the outer split.
        inner_splits: inner folds of an outer train part.
        seed: seed of the first repeat; the others derive from it.
    """

    n_splits: int
    n_repeats: int
    inner_splits: int
    seed: int

    @property
    def count(self) -> int:
        """Number of outer folds over all repeats."""
        return self.n_splits * self.n_repeats

    def repeat_of(self, fold: int) -> int:
        """Return the repeat, from 1, to which an outer fold, from 1, belongs."""
        return (fold - 1) // self.n_splits + 1


def make_folds(table: str | Path, contract: str | Path, plan: Plan, output: str | Path) -> None:
    """Write ``folds.parquet``: sample_id, group, fold_1 .. fold_F (0 = test, 1..k = inner fold), final.

    ``final`` holds inner folds of all rows, for the model that is fitted on every group.

    Raises:
        UserError: when the groups cannot be split as planned.
    """
    about = read_json(contract)
    columns = about["groups"]
    data = read_table(table, columns=["sample_id", "label", *columns])
    label = data.column("label").to_numpy().astype(np.int8)
    group = connected_groups([data.column(c).to_pylist() for c in columns], len(label))
    try:
        check_groups(label, group, plan, columns)
        folds = _all_folds(label, group, plan)
    except UserError as mistake:
        raise UserError(f"dataset {about['dataset']!r}: {mistake}") from None
    note = {k: str(getattr(plan, k)) for k in ("n_splits", "n_repeats", "inner_splits", "seed")}
    write_table(output, pa.table({"sample_id": data.column("sample_id"), "group": group, **folds}), note)


def _all_folds(label: Labels, group: Groups, plan: Plan) -> dict[str, Assignment]:
    folds = {f"fold_{f}": a for f, a in enumerate(split(label, group, plan), start=1)}
    folds["final"] = _assign(label, group, plan.inner_splits, _seed(plan.seed, 0))
    _check_classes(label, folds["final"], "the final model")
    return folds


def check_groups(label: Labels, group: Groups, plan: Plan, columns: list[str]) -> None:
    """Refuse groups that cannot be split as planned.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,).
        plan: the splits wanted.
        columns: the group columns, for messages.

    Raises:
        UserError: for one component with more than half of the rows, for group columns that group
            nothing, and for fewer groups of a class than folds.
    """
    sizes = np.bincount(group)
    named = ", ".join(columns)
    if len(sizes) == 1:
        raise UserError(f"groups: all {len(label)} rows are tied into one group by {named}: name a column that varies")
    if sizes.max() * 2 > len(label):
        raise UserError(
            f"groups: one group holds {sizes.max()} of {len(label)} rows (tied together through {named}): a fold "
            "cannot hold it: leave out the column that ties everything, or split the group where it is not one"
        )
    if columns and len(sizes) == len(label):
        raise UserError(
            f"groups: {named} groups nothing, each of the {len(label)} rows has its own value: name the column that "
            "rows of one subject share, or declare with groups: [] that every row stands for itself"
        )
    for value, name in ((1, "positive"), (0, "negative")):
        found = len(np.unique(group[label == value]))
        smallest = found - -(-found // plan.n_splits)
        if found < plan.n_splits:
            raise UserError(
                f"folds: {found} groups hold a {name} row, fewer than n_splits: {plan.n_splits}: set n_splits: to "
                f"{found} or less, or bring more groups"
            )
        if smallest < plan.inner_splits:
            raise UserError(
                f"folds: a train part keeps {smallest} groups with a {name} row, fewer than inner_splits: "
                f"{plan.inner_splits}: lower inner_splits: or bring more groups"
            )


def split(label: Labels, group: Groups, plan: Plan) -> list[Assignment]:
    """Split rows by group, outer and inner, stratified by label.

    Repeat 1 is ``StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)`` of scikit-learn.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,), group of each row.
        plan: the splits wanted.

    Returns:
        One array a fold, shape (n,): 0 for a test row, 1..inner_splits for a train row.

    Raises:
        UserError: when a part of a split would hold one class only.
    """
    folds: list[Assignment] = []
    for repeat in range(1, plan.n_repeats + 1):
        outer = _assign(label, group, plan.n_splits, _seed(plan.seed, repeat))
        for part in range(1, plan.n_splits + 1):
            assignment = np.zeros(len(label), np.int16)
            train = outer != part
            seed = _seed(plan.seed, repeat, part)
            assignment[train] = _assign(label[train], group[train], plan.inner_splits, seed)
            _check_classes(label, assignment, f"fold {len(folds) + 1}")
            folds.append(assignment)
    return folds


def _assign(label: Labels, group: Groups, parts: int, seed: int) -> Assignment:
    """Return the part, 1..parts, of each row."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    assignment = np.zeros(len(label), np.int16)
    for part, (_, held_out) in enumerate(splitter.split(np.zeros(len(label)), label, group), start=1):
        assignment[held_out] = part
    return assignment


def _check_classes(label: Labels, assignment: Assignment, split: str) -> None:
    for part in np.unique(assignment):
        classes = np.unique(label[assignment == part])
        if len(classes) < 2:
            where = "test part" if part == 0 else f"inner fold {part}"
            raise UserError(
                f"folds: the {where} of {split} holds only rows with label {classes[0]}: lower n_splits: or "
                "inner_splits:, take another seed:, or bring more groups of the rarer class"
            )


def _seed(seed: int, repeat: int, *more: int) -> int:
    """Return the seed of a split: the configured one for the first outer split, derived ones after it."""
    if repeat == 1 and not more:
        return seed
    return int(np.random.SeedSequence((seed, repeat, *more)).generate_state(1)[0])
