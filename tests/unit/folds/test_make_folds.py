"""No group is split, at any level, and the same table always gives the same folds."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from fixtures.tables import grouped, write_dataset
from foldwise.config.datasets import Dataset
from foldwise.data.build_table import build_table
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan, read_folds
from foldwise.folds.groups import by_first_appearance, connected_groups
from foldwise.folds.make_folds import check_groups, make_folds, split
from foldwise.io.files import read_table
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

PLAN = Plan(n_splits=3, n_repeats=2, inner_splits=2, seed=42)
quick = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class Drawn:
    """A drawn table: labels, a group number a row, the plan, and the folds."""

    label: npt.NDArray[np.int8]
    group: npt.NDArray[np.int32]
    plan: Plan
    folds: list[npt.NDArray[np.int16]]


@st.composite
def drawn_folds(draw: st.DrawFn) -> Drawn:
    """Draw groups of random sizes, rows in random order, and split them."""
    # With eight groups of each class, no plan drawn here may be refused.
    sizes = draw(st.lists(st.integers(1, 6), min_size=16, max_size=40))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    label_of_group = random.permutation(np.arange(len(sizes)) % 2)
    order = random.permutation(sum(sizes))
    group = np.repeat(np.arange(len(sizes)), sizes)[order]
    plan = Plan(draw(st.integers(2, 4)), draw(st.integers(1, 2)), draw(st.integers(2, 3)), draw(st.integers(0, 99)))
    label, numbered = label_of_group[group].astype(np.int8), by_first_appearance(group)
    return Drawn(label, numbered, plan, split(label, numbered, plan))


@quick
@given(drawn_folds())
def test_every_row_is_tested_once_a_repeat(drawn: Drawn) -> None:
    assert len(drawn.folds) == drawn.plan.n_splits * drawn.plan.n_repeats
    for repeat in range(drawn.plan.n_repeats):
        folds = drawn.folds[repeat * drawn.plan.n_splits : (repeat + 1) * drawn.plan.n_splits]
        assert (np.sum([f == 0 for f in folds], axis=0) == 1).all()


@quick
@given(drawn_folds())
def test_no_group_is_split(drawn: Drawn) -> None:
    for fold in drawn.folds:
        assert pd.Series(fold).groupby(drawn.group).nunique().max() == 1


@quick
@given(drawn_folds())
def test_every_part_has_both_classes(drawn: Drawn) -> None:
    for fold in drawn.folds:
        assert set(np.unique(fold)) == set(range(drawn.plan.inner_splits + 1))
        assert (pd.Series(drawn.label).groupby(fold).nunique() == 2).all()


@quick
@given(drawn_folds())
def test_the_same_seed_gives_the_same_folds(drawn: Drawn) -> None:
    again = split(drawn.label, drawn.group, drawn.plan)
    np.testing.assert_array_equal(again, drawn.folds)


@quick
@given(drawn_folds())
def test_the_first_repeat_is_that_of_scikit_learn(drawn: Drawn) -> None:
    single = len(np.unique(drawn.group)) == len(drawn.group)
    kind = StratifiedKFold if single else StratifiedGroupKFold
    splitter = kind(drawn.plan.n_splits, shuffle=True, random_state=drawn.plan.seed)
    expected = [test for _, test in splitter.split(drawn.label, drawn.label, None if single else drawn.group)]
    for fold, test in zip(drawn.folds[: drawn.plan.n_splits], expected, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(fold == 0), test)


@quick
@given(drawn_folds())
def test_inner_folds_are_those_of_scikit_learn_with_a_seed_for_each_repeat_and_fold(drawn: Drawn) -> None:
    single = len(np.unique(drawn.group)) == len(drawn.group)
    kind = StratifiedKFold if single else StratifiedGroupKFold
    for place, fold in enumerate(drawn.folds):
        repeat, part = place // drawn.plan.n_splits + 1, place % drawn.plan.n_splits + 1
        seed = int(np.random.SeedSequence((drawn.plan.seed, repeat, part)).generate_state(1)[0])
        train = np.flatnonzero(fold > 0)
        label, group = drawn.label[train], drawn.group[train]
        if not single and len(np.unique(group)) == len(group):
            continue
        splitter = kind(drawn.plan.inner_splits, shuffle=True, random_state=seed)
        for inner, (_, test) in enumerate(splitter.split(label, label, None if single else group), start=1):
            np.testing.assert_array_equal(np.flatnonzero(fold == inner), train[test])


@pytest.mark.parametrize(("largest", "refused"), [(10, False), (11, True)])
def test_a_group_may_have_half_of_the_rows_but_not_more(largest: int, *, refused: bool) -> None:
    group = np.minimum(np.arange(20), 20 - largest).astype(np.int32)
    label = (group % 2).astype(np.int8)
    plan = replace(PLAN, n_splits=2, inner_splits=2)
    if not refused:
        check_groups(label, group, plan, ["video"])
        return
    with pytest.raises(UserError, match="one group contains 11 of 20 rows"):
        check_groups(label, group, plan, ["video"])


def test_another_seed_and_another_repeat_give_other_folds() -> None:
    data = grouped()
    folds = split(data.label, data.group, PLAN)
    other = split(data.label, data.group, replace(PLAN, seed=43))
    assert (folds[0] != other[0]).any()
    assert (folds[0] != folds[PLAN.n_splits]).any()


def test_the_first_repeat_does_not_depend_on_the_number_of_repeats() -> None:
    data = grouped()
    once = split(data.label, data.group, replace(PLAN, n_repeats=1))
    np.testing.assert_array_equal(once, split(data.label, data.group, PLAN)[: PLAN.n_splits])


def test_folds_have_about_the_same_share_of_positives() -> None:
    data = grouped(groups=60)
    for fold in split(data.label, data.group, PLAN):
        shares = pd.Series(data.label).groupby(fold).mean()
        assert shares.between(0.4, 0.6).all()


def test_a_test_part_of_one_class_is_refused() -> None:
    label = np.array([0] * 50 + [1] * 3, np.int8)
    group = np.concatenate([np.repeat(np.arange(5), 10), [5, 5, 6]]).astype(np.int32)
    with pytest.raises(UserError, match="has only rows with label 0"):
        split(label, group, replace(PLAN, n_splits=3))


def test_two_columns_tie_rows_together_through_a_chain() -> None:
    source = ["a", "a", "b", "c", "d"]
    target = ["w", "x", "x", "y", "z"]
    assert connected_groups([source, target], 5).tolist() == [0, 0, 0, 1, 2]
    assert connected_groups([source], 5).tolist() == [0, 0, 1, 2, 3]


def test_the_same_text_in_two_columns_ties_nothing_together() -> None:
    assert connected_groups([["a", "b"], ["b", "c"]], 2).tolist() == [0, 1]


def test_without_columns_every_row_is_a_group() -> None:
    assert connected_groups([], 3).tolist() == [0, 1, 2]


@quick
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=15))
def test_groups_are_the_smallest_that_keep_equal_values_together(pairs: list[tuple[int, int]]) -> None:
    columns = list(zip(*pairs, strict=True))
    group = connected_groups(columns, len(pairs))
    reached = np.array([[any(a[c] == b[c] for c in (0, 1)) for b in pairs] for a in pairs])
    for _ in pairs:
        reached = reached @ reached
    np.testing.assert_array_equal(group[:, None] == group, reached)


def test_the_fold_file_contains_its_plan(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, grouped())
    make_folds(**paths, plan=PLAN, output=tmp_path / "folds.parquet")
    folds = read_table(tmp_path / "folds.parquet")
    assert folds.column_names == ["sample_id", "group", *(f"fold_{i}" for i in range(1, 7)), "final"]
    assert read_folds(tmp_path / "folds.parquet").plan == PLAN


def test_the_final_split_has_no_test_rows_and_splits_no_group(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, grouped())
    make_folds(**paths, plan=PLAN, output=tmp_path / "folds.parquet")
    folds = read_table(tmp_path / "folds.parquet").to_pandas()
    assert set(folds["final"]) == {1, 2}
    assert folds.groupby("group")["final"].nunique().max() == 1


def test_the_final_split_is_that_of_scikit_learn_with_a_seed_of_its_own(tmp_path: Path) -> None:
    data = grouped()
    make_folds(**write_dataset(tmp_path, data), plan=PLAN, output=tmp_path / "folds.parquet")
    final = read_table(tmp_path / "folds.parquet").column("final").to_numpy()
    seed = int(np.random.SeedSequence((PLAN.seed, 0)).generate_state(1)[0])
    splitter = StratifiedGroupKFold(PLAN.inner_splits, shuffle=True, random_state=seed)
    for inner, (_, test) in enumerate(splitter.split(data.label, data.label, data.group), start=1):
        np.testing.assert_array_equal(np.flatnonzero(final == inner), test)


def test_a_final_split_with_one_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = grouped()
    paths = write_dataset(tmp_path, data)
    monkeypatch.setattr("foldwise.folds.make_folds.split", lambda *_: [])
    monkeypatch.setattr("foldwise.folds.make_folds._assign", lambda *_: (data.label + 1).astype(np.int16))
    with pytest.raises(UserError, match="final"):
        make_folds(**paths, plan=PLAN, output=tmp_path / "folds.parquet")


def test_the_order_of_the_input_rows_does_not_matter(tmp_path: Path) -> None:
    data = grouped()
    frame = pd.DataFrame(data.matrix.values, columns=list(data.matrix.names)).assign(
        sample=[f"s{i}" for i in range(200)], fake=data.label, video=[f"v{g}" for g in data.group]
    )
    first, second = (_made(tmp_path / name, frame.sample(frac=1, random_state=i)) for i, name in enumerate("ab"))
    assert first == second


def test_a_group_is_not_split_when_two_columns_tie_it_together(tmp_path: Path) -> None:
    data = grouped()
    frame = pd.DataFrame(data.matrix.values, columns=list(data.matrix.names)).assign(
        sample=np.arange(200), fake=data.label, video=data.group.astype(str), person=(data.group // 4).astype(str)
    )
    _made(tmp_path / "a", frame, groups=["video", "person"])
    folds = read_table(tmp_path / "a" / "folds.parquet").to_pandas().merge(
        frame.assign(sample_id=frame["sample"].astype(str)), on="sample_id"
    )  # fmt: skip
    for name in [c for c in folds.columns if c.startswith("fold_") or c == "final"]:
        assert folds.groupby("person")[name].nunique().max() == 1


def _made(folder: Path, frame: pd.DataFrame, **settings: Any) -> tuple[bytes, bytes]:
    """Build the table and the folds of a frame; return their bytes."""
    folder.mkdir()
    frame.to_parquet(folder / "input.parquet", index=False)
    chosen = {"groups": ["video"], **settings}
    dataset = Dataset(table=str(folder / "input.parquet"), id="sample", label="fake", **chosen)
    build_table("tiny", dataset, table=folder / "table.parquet", contract=folder / "table.json")
    make_folds(
        table=folder / "table.parquet", contract=folder / "table.json", plan=PLAN, output=folder / "folds.parquet"
    )
    return (folder / "table.parquet").read_bytes(), (folder / "folds.parquet").read_bytes()
