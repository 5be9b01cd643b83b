"""Row weights give classes or units the same total and leave the mean at 1."""

import numpy as np
import pytest
from foldwise.training.train_data import row_weights

LABEL = np.array([0, 0, 0, 1], np.int8)
UNIT = np.array(["a", "a", "b", "c"], dtype=object)


def test_without_weighting_there_are_no_weights() -> None:
    assert row_weights("none", LABEL, UNIT) is None


@pytest.mark.parametrize(
    ("kind", "expected"), [("balanced", [2 / 3, 2 / 3, 2 / 3, 2]), ("unit", [2 / 3, 2 / 3, 4 / 3, 4 / 3])]
)
def test_every_class_or_unit_has_the_same_total(kind: str, expected: list[float]) -> None:
    np.testing.assert_allclose(row_weights(kind, LABEL, UNIT), expected)
