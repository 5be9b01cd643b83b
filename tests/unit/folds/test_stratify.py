"""The parts are the folds of scikit-learn, bit for bit and ties included."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.folds.stratify import stratified_group_parts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

Table = tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]


def by_scikit_learn(label: npt.NDArray[np.int8], group: npt.NDArray[np.int32], parts: int, seed: int) -> Any:
    part_of_row = np.zeros(len(label), np.int16)
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of fewer rows of a class than parts.
        warnings.simplefilter("ignore", UserWarning)
        for part, (_, test) in enumerate(splitter.split(label, label, group), start=1):
            part_of_row[test] = part
    return part_of_row


def drawn(groups: int, seed: int, *, largest: int, pure: bool, rarity: float) -> Table:
    """Draw groups of up to ``largest`` rows, small ones more often, of one class each or of both, in mixed order."""
    random = np.random.default_rng(seed)
    size = np.floor(largest ** random.random(groups)).astype(int)
    group = np.repeat(random.permutation(groups), size).astype(np.int32)
    positive = np.repeat(random.random(groups) < rarity, size) if pure else random.random(len(group)) < rarity
    order = random.permutation(len(group))
    label = positive.astype(np.int8)
    # Both classes, and more rows of one than parts: scikit-learn takes nothing else.
    label[group == 0], label[group == 1] = 0, 1
    return label[order], group[order]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    parts=st.integers(2, 20),
    groups=st.integers(40, 160),
    largest=st.sampled_from([1, 2, 3, 12, 300]),
    pure=st.booleans(),
    rarity=st.sampled_from([0.5, 0.3, 0.05]),
    seed=st.integers(0, 2**32 - 1),
)
@example(parts=8, groups=160, largest=1, pure=True, rarity=0.5, seed=1)
@example(parts=20, groups=160, largest=300, pure=False, rarity=0.05, seed=2)
def test_the_parts_are_the_folds_of_scikit_learn(
    parts: int, groups: int, largest: int, pure: bool, rarity: float, seed: int
) -> None:
    label, group = drawn(groups, seed, largest=largest, pure=pure, rarity=rarity)
    expected = by_scikit_learn(label, group, parts, seed)
    np.testing.assert_array_equal(stratified_group_parts(label, group, parts, seed), expected)


@pytest.mark.parametrize("parts", [3, 5, 10])
@pytest.mark.parametrize("rows", [1, 4])
def test_the_parts_of_1200_equal_groups_are_those_of_scikit_learn(parts: int, rows: int) -> None:
    group = np.repeat(np.arange(1200), rows).astype(np.int32)
    label = (group % 3 == 0).astype(np.int8)
    expected = by_scikit_learn(label, group, parts, 42)
    np.testing.assert_array_equal(stratified_group_parts(label, group, parts, 42), expected)


def test_names_of_groups_may_have_gaps() -> None:
    label, group = drawn(60, 5, largest=6, pure=False, rarity=0.4)
    without_gaps = stratified_group_parts(label, group, 4, 7)
    np.testing.assert_array_equal(stratified_group_parts(label, group * 7 + 3, 4, 7), without_gaps)


def test_fewer_groups_than_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="2 groups cannot be assigned to 3 parts"):
        stratified_group_parts(np.array([0, 1, 1], np.int8), np.array([0, 1, 1], np.int32), 3, 1)
