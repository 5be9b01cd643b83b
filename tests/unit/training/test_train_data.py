"""What a training job reads: weights by class or by unit, and the rows of a share of the groups."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.tables import grouped, inner_folds, write_dataset, write_folds
from foldwise.training.train_data import read_data, row_weights, rows_of_some_groups

LABEL = np.array([0, 0, 0, 1], np.int8)
UNIT = np.array(["a", "a", "b", "c"], dtype=object)


def test_without_class_weight_there_are_no_row_weights() -> None:
    assert row_weights("none", LABEL, UNIT) is None


@pytest.mark.parametrize(
    ("kind", "expected"), [("balanced", [2 / 3, 2 / 3, 2 / 3, 2]), ("unit", [2 / 3, 2 / 3, 4 / 3, 4 / 3])]
)
def test_every_class_or_unit_has_the_same_total_weight(kind: str, expected: list[float]) -> None:
    np.testing.assert_allclose(row_weights(kind, LABEL, UNIT), expected)


def test_weights_by_unit_are_not_weights_by_group(tmp_path: Path) -> None:
    # A group has two units, of 5 rows and of 2; the first three groups of four are the train part.
    whole = grouped(groups=8)
    data = whole.rows(np.flatnonzero((whole.group % 2 == 0) | (np.arange(40) % 5 < 2)))
    part = np.where(data.group < 6, data.group // 2 % 2 + 1, 0)
    paths = write_dataset(tmp_path, data)
    folds = write_folds(tmp_path / "folds.parquet", replace(data, group=data.group // 2), [part], n_splits=1)
    weight = read_data(**paths, folds=folds, fold=1, folder=tmp_path).train_part("unit").weight
    assert weight is not None
    np.testing.assert_allclose(np.bincount(data.group[part > 0], weights=weight), np.full(6, 21 / 6))
    np.testing.assert_allclose(weight[:7], [0.7] * 5 + [1.75] * 2)


def test_a_table_and_folds_of_different_rows_are_refused(tmp_path: Path) -> None:
    data = grouped(groups=8)
    paths = write_dataset(tmp_path, data)
    folds = write_folds(tmp_path / "folds.parquet", data.rows(np.arange(1, 40)), [np.zeros(39)], n_splits=1)
    with pytest.raises(ValueError, match="different rows"):
        read_data(**paths, folds=folds, fold=1, folder=tmp_path)


def test_a_fraction_keeps_whole_groups_of_both_classes_in_every_inner_fold() -> None:
    data = grouped(groups=60)
    inner = inner_folds(data)
    kept = rows_of_some_groups(data.label, data.group, inner, 0.2, seed=3)
    assert all(len(set(kept[data.group == g])) == 1 for g in np.unique(data.group))
    assert kept.mean() == pytest.approx(0.2)
    for fold in (1, 2, 3):
        assert set(data.label[kept & (inner == fold)]) == {0, 1}


def test_a_fraction_of_1_keeps_every_row() -> None:
    data = grouped()
    assert rows_of_some_groups(data.label, data.group, inner_folds(data), 1.0, seed=3).all()
