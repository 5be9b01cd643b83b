"""The number of inner folds follows from the groups of the rarer class, and the folds say which it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import Grouped, write_dataset
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.folds.assignment import Folds, Plan, read_folds
from foldwise.folds.make_folds import inner_splits_for, make_folds

PLAN = Plan(n_splits=5, n_repeats=1, inner_splits=3, seed=42)


def table(positive: int, negative: int, rows: int = 2) -> Grouped:
    """Return groups of two rows, the positive ones first."""
    group = np.repeat(np.arange(positive + negative, dtype=np.int32), rows)
    values = np.random.default_rng(0).normal(size=(len(group), 2)).astype(np.float32)
    return Grouped(FeatureMatrix(values, ("a", "b")), (group < positive).astype(np.int8), group)


def made(folder: Path, data: Grouped, plan: Plan = PLAN, sources: Any = None, choose: bool = True) -> Folds:
    paths = write_dataset(folder, data, None if sources is None else {"camera": sources})
    make_folds(**paths, plan=replace(plan, choose_inner_splits=choose), output=folder / "folds.parquet")
    return read_folds(folder / "folds.parquet")


def cameras(data: Grouped, positive_of_rear: list[int]) -> list[str]:
    """Return the source of each row: half of the negative groups and these positive ones have the rear camera."""
    of_rear = np.where(data.label == 1, np.isin(data.group, positive_of_rear), data.group % 2 == 1)
    return [str(camera) for camera in np.where(of_rear, "rear", "front")]


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [
        pytest.param(200, 300, 3, id="many groups"),
        pytest.param(19, 60, 3, id="15 in a train part"),
        pytest.param(18, 60, 6, id="14 in a train part"),
        pytest.param(60, 8, 6, id="few negative ones"),
        pytest.param(8, 60, 6, id="6 in a train part"),
        pytest.param(6, 60, 4, id="4 in a train part"),
        pytest.param(2, 60, 2, id="never fewer than two"),
    ],
)
def test_the_rarer_class_decides(positive: int, negative: int, expected: int) -> None:
    data = table(positive, negative)
    assert inner_splits_for(data.label, data.group, n_splits=5) == expected


@pytest.mark.parametrize(("positive", "expected"), [(60, 3), (8, 6), (6, 4)])
def test_the_folds_have_and_record_that_number(positive: int, expected: int, tmp_path: Path) -> None:
    data = table(positive, 60)
    folds = made(tmp_path, data)
    assert folds.plan.inner_splits == expected
    for assignment in folds.assignments.values():
        assert set(assignment[assignment > 0].tolist()) == set(range(1, expected + 1))
        for inner in range(1, expected + 1):
            assert set(data.label[assignment == inner].tolist()) == {0, 1}


def test_a_configured_number_is_not_changed(tmp_path: Path) -> None:
    assert made(tmp_path, table(8, 60), choose=False).plan.inner_splits == 3


def test_where_a_split_fails_there_are_fewer_inner_folds(tmp_path: Path) -> None:
    # Without the first camera a train part has three positive groups, so that four inner folds cannot have one each.
    data = table(9, 60)
    sources = cameras(data, positive_of_rear=[6, 7, 8])
    plan = Plan(n_splits=2, n_repeats=1, inner_splits=3, seed=42, by="camera")
    assert inner_splits_for(data.label, data.group, 2) == 4
    folds = made(tmp_path, data, plan, sources)
    assert folds.plan.inner_splits == 3
    with pytest.raises(UserError, match="keeps 3 groups with a positive row, fewer than inner_splits: 4"):
        made(tmp_path, data, Plan(2, 1, 4, 42, "camera"), sources, choose=False)


def test_where_two_inner_folds_fail_too_the_mistake_is_told(tmp_path: Path) -> None:
    data = table(3, 60)
    sources = cameras(data, positive_of_rear=[2])
    plan = Plan(n_splits=2, n_repeats=1, inner_splits=3, seed=42, by="camera")
    with pytest.raises(UserError, match=r"^dataset 'tiny': "):
        made(tmp_path, data, plan, sources)
