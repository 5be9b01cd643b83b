"""Outer and inner splits that never split a group."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foldwise.data.contract import read_contract
from foldwise.errors import UserError, counted, listed
from foldwise.folds.assignment import FEW_INNER_SPLITS, FINAL, Fold, Folds, Plan
from foldwise.folds.groups import connected_groups
from foldwise.folds.stratify import stratified_group_parts
from foldwise.io.files import read_table

Labels = npt.NDArray[np.int8]
Groups = npt.NDArray[np.int32]
Assignment = npt.NDArray[np.int16]


# With few groups of a class, more inner folds leave more of them to each fit.
_MOST_INNER_SPLITS = 6
_FEW_GROUPS = 15


def make_folds(*, table: str | Path, contract: str | Path, plan: Plan, output: str | Path) -> None:
    """Split the groups of a dataset into outer and inner folds, and write ``folds.parquet``.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        plan: how often and how finely to split; where it leaves the number of inner folds to the groups, that is
            :func:`inner_splits_for`.
        output: where to write, see :class:`~foldwise.folds.assignment.Folds`.

    Raises:
        UserError: when the groups cannot be split as planned.
    """
    about = read_contract(contract)
    by = [] if plan.by is None else [plan.by]
    data = read_table(table, columns=list(dict.fromkeys(["sample_id", "label", *about.groups, *by])))
    label = data.column("label").to_numpy().astype(np.int8)
    group = connected_groups([data.column(c).to_pylist() for c in about.groups], len(label))
    source = None if plan.by is None else data.column(plan.by).to_pylist()
    most, fewest = plan.inner_splits, plan.inner_splits
    if plan.choose_inner_splits:
        most, fewest = inner_splits_for(label, group, plan.n_splits), 2
    for inner_splits in range(most, fewest - 1, -1):
        planned = replace(plan, inner_splits=inner_splits, choose_inner_splits=False)
        try:
            outer, sources = _outer(label, group, planned, about.groups, source)
            final = _final(label, group, planned)
            break
        except UserError as mistake:
            if inner_splits == fewest:
                raise UserError(f"dataset {about.dataset!r}: {mistake}") from None
    assignments: dict[Fold, Assignment] = {**dict(enumerate(outer, start=1)), FINAL: final}
    Folds(data.column("sample_id"), group, assignments, planned, sources).write(output)


def inner_splits_for(label: Labels, group: Groups, n_splits: int) -> int:
    """Return the number of inner folds: 3, and up to 6 where a train part has fewer than 15 groups of the rarer class.

    With six positive groups in a train part, a fit on two of three inner folds has four of them to learn from, one on
    five of six has five.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,).
        n_splits: outer folds of one repeat.

    Example:
        >>> group = np.arange(64, dtype=np.int32)
        >>> inner_splits_for((group < 8).astype(np.int8), group, n_splits=5)
        6
    """
    rarer = min(len(np.unique(group[label == value])) for value in (0, 1))
    # The largest test part takes the share of the groups, rounded up.
    in_train = rarer - -(-rarer // n_splits)
    return FEW_INNER_SPLITS if in_train >= _FEW_GROUPS else max(2, min(_MOST_INNER_SPLITS, in_train))


def _outer(
    label: Labels, group: Groups, plan: Plan, columns: Sequence[str], source: Sequence[str | None] | None
) -> tuple[list[Assignment], list[str]]:
    if source is not None:
        return leave_one_source_out(label, group, source, plan)
    check_groups(label, group, plan, columns)
    return split(label, group, plan), []


def _final(label: Labels, group: Groups, plan: Plan) -> Assignment:
    final = _assign(label, group, plan.inner_splits, _seed(plan.seed, 0))
    _check_classes(label, final, "the final model")
    return final


def leave_one_source_out(
    label: Labels, group: Groups, source: Sequence[str | None], plan: Plan
) -> tuple[list[Assignment], list[str]]:
    """Hold out each source in turn, without splitting groups between train and test rows.

    Of a group with rows in the held-out source and in others, the rows in the source are test rows and the others are
    left out of that fold.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,), group of each row.
        source: n values of the column ``plan.by``.
        plan: ``n_splits`` must be the number of sources.

    Returns:
        One array a source, shape (n,): 0 = test, 1..k = inner fold of a train row, -1 = left out;
        and the sources in that order, sorted.

    Raises:
        UserError: for a row without a source, another number of sources than ``n_splits``, or too
            few groups of a class in a train part.
    """
    without = sum(s is None for s in source)
    if without:
        raise UserError(f"folds.by: column {plan.by!r} is empty in {without} rows: fill it in")
    names = sorted({str(s) for s in source})
    if len(names) != plan.n_splits:
        raise UserError(
            f"folds.by: column {plan.by!r} has {len(names)} values ({listed(names)}), n_splits: is {plan.n_splits}: "
            f"set n_splits: {len(names)}, one fold for each"
        )
    values = np.asarray(source, dtype=object)
    folds = []
    for fold, name in enumerate(names, start=1):
        test = values == name
        train = ~np.isin(group, group[test])
        assignment = np.where(test, 0, -1).astype(np.int16)
        _check_train_groups(label[train], group[train], plan, f"the train part without {name!r}")
        inner = _assign(label[train], group[train], plan.inner_splits, _seed(plan.seed, 1, fold))
        _check_classes(label[train], inner, f"the train part without {name!r}")
        assignment[train] = inner
        folds.append(assignment)
    return folds, names


def _check_train_groups(label: Labels, group: Groups, plan: Plan, where: str) -> None:
    for value, name in ((1, "positive"), (0, "negative")):
        groups = len(np.unique(group[label == value]))
        if groups < plan.inner_splits:
            raise UserError(
                f"folds: {where} keeps {counted(groups, 'group')} with a {name} row, fewer than inner_splits: "
                f"{plan.inner_splits}: {_fewer_inner_splits(plan)}add more groups, or check whether groups: ties the "
                "sources together"
            )


def check_groups(label: Labels, group: Groups, plan: Plan, columns: Sequence[str]) -> None:
    """Refuse groups that cannot be split as planned.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,).
        plan: how often and how finely to split.
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
            f"groups: one group contains {sizes.max()} of {len(label)} rows (tied together through {named}): it is too "
            "large for a fold: leave out the column that ties everything together, or correct its values"
        )
    if columns and len(sizes) == len(label):
        raise UserError(
            f"groups: {named} groups nothing, each of the {len(label)} rows has its own value: name the column that "
            "the rows of one subject share, or declare with groups: [] that every row is its own group"
        )
    for value, name in ((1, "positive"), (0, "negative")):
        groups = len(np.unique(group[label == value]))
        # The largest test part takes the share of the groups, rounded up.
        in_train = groups - -(-groups // plan.n_splits)
        if groups < plan.n_splits:
            raise UserError(
                f"folds: {counted(groups, 'group')} with a {name} row, fewer than n_splits: {plan.n_splits}: set "
                f"n_splits: to {groups} or less, or add more groups"
            )
        if in_train < plan.inner_splits:
            raise UserError(
                f"folds: a train part keeps {counted(in_train, 'group')} with a {name} row, fewer than inner_splits: "
                f"{plan.inner_splits}: {_fewer_inner_splits(plan)}add more groups"
            )


def _fewer_inner_splits(plan: Plan) -> str:
    """Return the advice to take fewer inner folds, where fewer are possible: two are the least."""
    return "lower inner_splits:, " if plan.inner_splits > 2 else ""


def split(label: Labels, group: Groups, plan: Plan) -> list[Assignment]:
    """Split rows by group, outer and inner, stratified by label.

    Repeat 1 is ``StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)`` of scikit-learn,
    or ``StratifiedKFold`` where every row is its own group.

    Args:
        label: shape (n,), 0 or 1.
        group: shape (n,), group of each row.
        plan: how often and how finely to split.

    Returns:
        One array a fold, shape (n,): 0 for a test row, 1..inner_splits for a train row.

    Raises:
        UserError: when a part of a split would have one class only.

    Example:
        Six videos with two rows each, in three outer folds with two inner folds.

        >>> group = np.arange(12, dtype=np.int32) // 2
        >>> label = (group % 2).astype(np.int8)
        >>> folds = split(label, group, Plan(n_splits=3, n_repeats=1, inner_splits=2, seed=42))
        >>> [np.unique(group[assignment == 0]).tolist() for assignment in folds]
        [[0, 3], [1, 2], [4, 5]]
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
    from sklearn.model_selection import StratifiedKFold

    if len(np.unique(group)) < len(group):
        return stratified_group_parts(label, group, parts, seed)
    assignment = np.zeros(len(label), np.int16)
    splitter = StratifiedKFold(parts, shuffle=True, random_state=seed)
    for part, (_, held_out) in enumerate(splitter.split(label, label), start=1):
        assignment[held_out] = part
    return assignment


def _check_classes(label: Labels, assignment: Assignment, split: str) -> None:
    for part in np.unique(assignment):
        classes = np.unique(label[assignment == part])
        if len(classes) < 2:
            where, key = ("test part", "n_splits:") if part == 0 else (f"inner fold {part}", "inner_splits:")
            raise UserError(
                f"folds: the {where} of {split} has only rows with label {classes[0]}: lower {key}, "
                "use another seed:, or add more groups of the rarer class"
            )


def _seed(seed: int, repeat: int, *more: int) -> int:
    """Return the seed of a split: the configured one for the first outer split, derived ones for the others."""
    if repeat == 1 and not more:
        return seed
    return int(np.random.SeedSequence((seed, repeat, *more)).generate_state(1)[0])
