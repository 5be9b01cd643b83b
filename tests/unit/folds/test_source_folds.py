"""Each source is the test part once, and no group of it is left in the train part."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from fixtures.tables import grouped, write_dataset
from foldwise.config.models import parse
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan, read_folds
from foldwise.folds.make_folds import leave_one_source_out, make_folds
from foldwise.io.files import read_table
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

PLAN = Plan(n_splits=3, n_repeats=1, inner_splits=2, seed=42, by="camera")
CAMERAS = ("front", "rear", "side")
quick = settings(max_examples=40, deadline=None)
Case = tuple[npt.NDArray[np.int8], npt.NDArray[np.int32], list[str], list[npt.NDArray[np.int16]]]


@st.composite
def held_out(draw: st.DrawFn) -> Case:
    """Draw groups of random sizes over three sources, some of them in two, and hold the sources out."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    # With five groups or more to a source, no table drawn here may be refused.
    groups = draw(st.integers(18, 40))
    group = np.repeat(np.arange(groups, dtype=np.int32), random.integers(1, 6, groups))
    label = (group // 3 % 2).astype(np.int8)
    straddling = (group % 7 == 0) & (random.random(len(group)) < 0.5)
    source = [CAMERAS[s] for s in (group + straddling) % 3]
    folds, _ = leave_one_source_out(label, group, source, PLAN)
    return label, group, source, folds


@quick
@given(held_out())
def test_the_test_rows_are_those_of_the_source(case: Case) -> None:
    _, _, source, folds = case
    for name, fold in zip(CAMERAS, folds, strict=True):
        np.testing.assert_array_equal(fold == 0, np.array(source) == name)


@quick
@given(held_out())
def test_no_group_is_split_between_test_and_train_rows(case: Case) -> None:
    _, group, _, folds = case
    for fold in folds:
        assert not set(group[fold == 0]) & set(group[fold > 0])


@quick
@given(held_out())
def test_rows_outside_the_source_are_left_out_exactly_where_their_group_reaches_into_it(case: Case) -> None:
    _, group, source, folds = case
    for name, fold in zip(CAMERAS, folds, strict=True):
        outside = np.array(source) != name
        np.testing.assert_array_equal(fold == -1, outside & np.isin(group, group[~outside]))


@quick
@given(held_out())
def test_inner_folds_split_no_group(case: Case) -> None:
    _, group, _, folds = case
    for fold in folds:
        assert pd.Series(fold[fold > 0]).groupby(group[fold > 0]).nunique().max() == 1


@quick
@given(held_out())
def test_every_inner_fold_has_both_classes(case: Case) -> None:
    label, _, _, folds = case
    for fold in folds:
        assert pd.Series(label[fold > 0]).groupby(fold[fold > 0]).nunique().to_dict() == {1: 2, 2: 2}


def _sources(rows: int = 4) -> Case:
    """Return 30 groups, ten to a source, without folds."""
    data = grouped(groups=30, rows=rows)
    return data.label, data.group, [CAMERAS[g // 2 % 3] for g in data.group], []


def test_the_sources_are_sorted() -> None:
    label, group, source, _ = _sources()
    assert leave_one_source_out(label, group, source, PLAN)[1] == list(CAMERAS)


def test_another_seed_gives_other_inner_folds() -> None:
    label, group, source, _ = _sources()
    first, second = (leave_one_source_out(label, group, source, replace(PLAN, seed=seed))[0][0] for seed in (42, 43))
    assert (first != second).any()


def test_inner_folds_are_those_of_scikit_learn_with_a_seed_for_each_source() -> None:
    label, group, source, _ = _sources()
    for number, fold in enumerate(leave_one_source_out(label, group, source, PLAN)[0], start=1):
        seed = int(np.random.SeedSequence((PLAN.seed, 1, number)).generate_state(1)[0])
        train = np.flatnonzero(fold > 0)
        splitter = StratifiedGroupKFold(PLAN.inner_splits, shuffle=True, random_state=seed)
        for inner, (_, test) in enumerate(splitter.split(label[train], label[train], group[train]), start=1):
            np.testing.assert_array_equal(np.flatnonzero(fold == inner), train[test])


@pytest.mark.parametrize("n_splits", [2, 4])
def test_another_number_of_sources_is_refused_with_the_number_to_set(n_splits: int) -> None:
    label, group, source, _ = _sources()
    with pytest.raises(UserError, match=r"has 3 values .*'front'.* set n_splits: 3"):
        leave_one_source_out(label, group, source, replace(PLAN, n_splits=n_splits))


def test_a_row_without_a_source_is_refused() -> None:
    label, group, source, _ = _sources()
    with pytest.raises(UserError, match="'camera' is empty in 2 rows"):
        leave_one_source_out(label, group, [None, None, *source[2:]], PLAN)


def test_groups_that_tie_the_sources_together_are_refused() -> None:
    label, group, source, _ = _sources()
    with pytest.raises(UserError, match="without 'front' keeps 0 groups with a positive row"):
        leave_one_source_out(label, np.zeros_like(group), source, PLAN)


@pytest.mark.parametrize(("kept", "named"), [(0, "positive"), (1, "negative")])
def test_a_train_part_with_few_groups_of_a_class_is_refused(kept: int, named: str) -> None:
    label, group, source, _ = _sources()
    rows = (label == kept) | (np.array(source) == "front")
    chosen = [s for s, there in zip(source, rows, strict=True) if there]
    with pytest.raises(UserError, match=f"without 'front' keeps 0 groups with a {named} row, fewer than inner_splits"):
        leave_one_source_out(label[rows], group[rows], chosen, PLAN)


def test_an_inner_fold_of_one_class_is_refused() -> None:
    # Negative and positive rows of each group. Each class is in three groups, but their sizes are too unlike.
    counts = [(25, 0), (0, 1), (1, 1), (39, 1), (1, 1)]
    label = np.concatenate([np.repeat([0, 1], c) for c in counts]).astype(np.int8)
    group = np.repeat(np.arange(5, dtype=np.int32), [sum(c) for c in counts])
    source = ["front" if g == 4 else "rear" for g in group]
    plan = replace(PLAN, n_splits=2, inner_splits=3)
    with pytest.raises(UserError, match=r"inner fold \d of the train part without 'front' .* lower inner_splits:"):
        leave_one_source_out(label, group, source, plan)


def test_a_source_with_one_class_may_be_held_out() -> None:
    label, group, source, _ = _sources()
    rows = (label == 1) | (np.array(source) != "front")
    chosen = [s for s, there in zip(source, rows, strict=True) if there]
    folds, _ = leave_one_source_out(label[rows], group[rows], chosen, PLAN)
    assert set(label[rows][folds[0] == 0]) == {1}


@pytest.fixture
def written(tmp_path: Path) -> dict[str, str]:
    data = grouped(groups=30)
    paths = write_dataset(tmp_path, data, {"camera": [CAMERAS[g // 2 % 3] for g in data.group]})
    folds = str(tmp_path / "folds.parquet")
    make_folds(**paths, plan=PLAN, output=folds)
    return {**paths, "folds": folds}


def test_the_fold_file_names_the_source_of_each_fold(written: dict[str, str]) -> None:
    folds = read_folds(written["folds"])
    assert folds.plan == PLAN
    assert [folds.source_of(fold) for fold in folds.numbers] == list(CAMERAS)


def test_the_fold_file_has_one_fold_a_source_and_the_final_split(written: dict[str, str]) -> None:
    assert read_table(written["folds"]).column_names == ["sample_id", "group", "fold_1", "fold_2", "fold_3", "final"]


def test_a_mistake_names_the_dataset(written: dict[str, str], tmp_path: Path) -> None:
    paths = {key: written[key] for key in ("table", "contract")}
    with pytest.raises(UserError, match=r"dataset 'tiny': folds\.by"):
        make_folds(**paths, plan=replace(PLAN, n_splits=4), output=tmp_path / "other.parquet")


def _config(slices: tuple[str, ...] = ("camera",), **folds: Any) -> dict[str, Any]:
    dataset = {"table": "t.parquet", "label": "fake", "groups": ["video"], "slices": list(slices)}
    return {"datasets": {"mine": dataset}, "folds": folds}


def test_a_held_out_slice_or_group_column_is_a_valid_configuration() -> None:
    assert parse(_config((), method="leave_one_group_out", by="video", n_splits=3)).folds.by == "video"
    checked = parse(_config(method="leave_one_group_out", by="camera", n_splits=3))
    assert (checked.folds.by, checked.folds.count) == ("camera", 3)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(_config(method="leave_one_group_out"), "leave_one_group_out needs by:", id="method without by"),
        pytest.param(_config(by="camera"), "by: belongs to method: leave_one_group_out", id="by without method"),
        pytest.param(
            _config(method="leave_one_group_out", by="camera", n_repeats=2), "set n_repeats: 1", id="two repeats"
        ),
        pytest.param(
            _config((), method="leave_one_group_out", by="camera"),
            "'camera' must be in slices: or groups: of dataset 'mine'",
            id="by is no slice",
        ),
    ],
)
def test_impossible_folds_by_source_are_refused_before_any_file_is_read(content: dict[str, Any], wanted: str) -> None:
    with pytest.raises(UserError, match=wanted):
        parse(content)
