"""folds.parquet is read back as it was written, and every question about a fold has one answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fixtures.tables import grouped, write_dataset
from foldwise.errors import UserError
from foldwise.folds.assignment import FINAL, Folds, Plan, open_rows, read_folds
from foldwise.io.files import read_note, read_table, write_table

LABEL = np.array([1, 0, 1, 1, 0, 0], np.int8)


@pytest.fixture
def folds() -> Folds:
    """Six rows, two repeats of two folds; fold 3 leaves out the last two rows."""
    parts = {1: [0, 0, 0, 1, 2, 1], 2: [1, 2, 1, 0, 0, 0], 3: [0, 0, 1, 2, -1, -1], 4: [1, 1, 2, 0, 0, 0]}
    assignments = {fold: np.array(part, np.int16) for fold, part in parts.items()}
    return Folds(
        sample_id=pa.chunked_array([list("abcdef")]),
        group=np.array([0, 0, 1, 2, 3, 3], np.int32),
        assignments={**assignments, FINAL: np.array([1, 1, 2, 2, 1, 1], np.int16)},
        plan=Plan(n_splits=2, n_repeats=2, inner_splits=2, seed=7),
    )


def test_a_repeat_ends_with_its_last_fold(folds: Folds) -> None:
    assert [folds.repeat_of(fold) for fold in folds.numbers] == [1, 1, 2, 2]
    assert (folds.of_repeat(1), folds.of_repeat(2)) == ([1, 2], [3, 4])


def test_rows_that_a_fold_leaves_out_are_neither_test_nor_train_rows(folds: Folds) -> None:
    assert folds.is_test(3).tolist() == [True, True, False, False, False, False]
    assert folds.is_train(3).tolist() == [False, False, True, True, False, False]
    assert folds.test_shares() == {1: 1, 2: 1, 3: 1, 4: 1}
    assert replace(folds, assignments={3: folds.assignments[3][1:]}).test_shares() == {3: 0.5}


def test_groups_are_split_between_test_and_train_or_inner_folds_and_not_by_rows_that_are_left_out() -> None:
    group, final = np.array([0, 0, 1, 1, 2, 2], np.int32), np.ones(6, np.int16)
    sample_id = pa.chunked_array([[f"s{i}" for i in range(6)]])

    def split(*outer: int) -> list[int]:
        assignments = {1: np.array(outer, np.int16), FINAL: final}
        return Folds(sample_id, group, assignments, Plan(1, 1, 2, 42)).split_groups

    assert split(0, 0, 1, 1, 2, 2) == []
    assert split(0, -1, 1, 1, -1, -1) == []
    assert split(0, 1, 1, 1, 1, 2) == [0, 2]


def test_the_prevalence_is_that_of_the_train_rows(folds: Folds) -> None:
    assert folds.train_prevalence(LABEL) == {1: 1 / 3, 2: 2 / 3, 3: 1, 4: 2 / 3}


def test_the_final_split_is_no_outer_fold_and_has_no_test_rows(folds: Folds) -> None:
    assert folds.numbers == [1, 2, 3, 4]
    assert not folds.is_test(FINAL).any()


def test_some_rows_keep_their_group_and_their_folds(folds: Folds) -> None:
    taken = folds.take(np.array([4, 1]))
    assert taken.sample_id.to_pylist() == ["e", "b"]
    assert (taken.group.tolist(), taken.assignments[3].tolist()) == ([3, 0], [-1, 0])


def test_the_file_is_read_back_as_it_was_written(folds: Folds, tmp_path: Path) -> None:
    written = replace(folds, plan=replace(folds.plan, by="camera"), sources=["front", "überall"])
    written.write(tmp_path / "folds.parquet")
    again = read_folds(tmp_path / "folds.parquet")
    assert (again.plan, again.sources, again.sample_id) == (written.plan, written.sources, written.sample_id)
    assert (again.source_of(1), again.source_of(2)) == ("front", "überall")
    assert again.group.tolist() == written.group.tolist()
    assert list(again.assignments) == [1, 2, 3, 4, FINAL]
    for fold, assignment in written.assignments.items():
        assert again.assignments[fold].tolist() == assignment.tolist()


def test_the_columns_of_the_file_are_those_that_are_documented(folds: Folds, tmp_path: Path) -> None:
    folds.write(tmp_path / "folds.parquet")
    table = read_table(tmp_path / "folds.parquet")
    assert table.column_names == ["sample_id", "group", "fold_1", "fold_2", "fold_3", "fold_4", "final"]
    assert [str(t) for t in table.schema.types] == ["string", "int32", *["int16"] * 5]
    numbers = {"n_splits": "2", "n_repeats": "2", "inner_splits": "2", "seed": "7"}
    assert read_note(tmp_path / "folds.parquet") == {**numbers, "by": "", "sources": "[]"}


def test_groups_without_a_source_have_none(folds: Folds) -> None:
    assert folds.source_of(1) is None


@pytest.mark.parametrize("only", [3, FINAL])
def test_one_fold_is_read_alone(folds: Folds, tmp_path: Path, only: int) -> None:
    folds.write(tmp_path / "folds.parquet")
    again = read_folds(tmp_path / "folds.parquet", only)
    assert list(again.assignments) == [only]
    assert again.assignments[only].tolist() == folds.assignments[only].tolist()


def test_rows_of_a_dataset_come_with_unit_group_and_slices(tmp_path: Path) -> None:
    data = grouped(groups=4, rows=2)
    codec = ["avc", None] * 4
    paths = write_dataset(tmp_path, data, {"codec": codec})
    outer = [np.where(data.group < 2, 0, 1), np.where(data.group < 2, 1, 0)]
    assignments = {fold: part.astype(np.int16) for fold, part in enumerate(outer, start=1)}
    sample_id = read_table(paths["table"]).column("sample_id")
    Folds(sample_id, data.group, assignments, Plan(2, 1, 1, 42)).write(tmp_path / "folds.parquet")
    rows = open_rows(**paths, folds=tmp_path / "folds.parquet")
    assert (len(rows), rows.unit, list(rows.slices)) == (8, "video", ["codec"])
    assert rows.frame["slice: codec"].fillna("").tolist() == ["avc", ""] * 4
    second = rows.test_rows(2)
    assert second["unit"].tolist() == ["video_002"] * 2 + ["video_003"] * 2
    assert (second["group"].tolist(), set(second["fold"]), set(second["repeat"])) == ([2, 2, 3, 3], {2}, {1})


def test_a_file_without_its_plan_is_a_broken_result(tmp_path: Path) -> None:
    write_table(tmp_path / "folds.parquet", pa.table({"sample_id": ["a"], "group": [0], "fold_1": [0]}))
    with pytest.raises(UserError, match=r"folds\.parquet: this result is broken"):
        read_folds(tmp_path / "folds.parquet")
