"""Drift: a table like the training table keeps the headline, another one loses it, and each says why."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from foldwise.io.files import read_json
from foldwise.predict.drift import Drift, psi, psi_by_chance
from foldwise.predict.training_profile import TrainingColumn, read_training_table
from tables import Grouped, grouped, write_dataset

Compared = Callable[[Grouped], dict[str, Any]]
PART = 37


@pytest.fixture
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Return a function that compares rows with 60 training videos of 5 rows, a part at a time."""
    folder = tmp_path_factory.mktemp("training")
    paths = write_dataset(folder, grouped(60, 5, columns=6, categories=1, missing=0.05, seed=1))
    contract = read_json(paths["contract"])
    for feature in contract["features"]:
        feature["categories"] = list("abcdef") if feature["type"] == "category" else None

    def run(new: Grouped) -> dict[str, Any]:
        training = read_training_table(paths["table"], contract, 200, 0)
        unit = pa.array([f"new_{g}" for g in new.group]).dictionary_encode()
        drift = Drift(training, unit, len(new.label))
        for first in range(0, len(new.label), PART):
            drift.add(first, new.matrix.rows(np.arange(first, min(first + PART, len(new.label)))))
        return drift.report("AUC 0.700")

    return run


def another(**other: Any) -> Grouped:
    return grouped(**{"groups": 60, "rows": 5, "columns": 6, "categories": 1, "missing": 0.05, "seed": 2, **other})


def test_a_table_like_the_training_table_keeps_the_headline(compared: Compared) -> None:
    found = compared(another())
    assert found["headline_applies"]
    assert found["sentence"].startswith("Nothing in the columns of the new table (300 rows of 60 units) speaks against")
    assert found["rows"] == {"training": 300, "new": 300}
    assert found["units"] == {"training": 60, "new": 60}
    assert found["adversarial"]["rows"] == {"training": 200, "new": 300}
    assert found["adversarial"]["auc"] < found["adversarial"]["limit"]
    assert not any(c["shifted"] for c in found["columns"])


def test_a_shifted_column_is_named_and_the_rows_are_told_apart(compared: Compared) -> None:
    new = another()
    new.matrix.values[:, 2] += 5
    found = compared(new)
    assert [c["name"] for c in found["columns"] if c["shifted"]] == ["feature_2"]
    assert found["adversarial"]["auc"] > 0.9
    assert found["outside_training_range"]["in_any_column"] > 0.5
    assert found["sentence"].startswith("The headline (AUC 0.700) must not be taken for the new table")
    assert "1 of 6 columns have shifted ('feature_2')" in found["sentence"]


def test_missing_values_are_a_shift_and_their_shares_are_given(compared: Compared) -> None:
    new = another()
    new.matrix.values[:200, 3] = np.nan
    column = compared(new)["columns"][3]
    assert column["shifted"]
    assert column["missing"]["new"] == pytest.approx(np.isnan(new.matrix.values[:, 3]).mean())
    assert column["missing"]["training"] < 0.1


def test_categories_are_compared_one_by_one(compared: Compared) -> None:
    new = another()
    new.matrix.values[:, 5] = np.where(np.arange(300) < 270, 2, np.nan)
    assert compared(new)["columns"][5]["psi"] > 1


def test_rows_outside_the_range_in_many_columns_are_counted(compared: Compared) -> None:
    new = another()
    new.matrix.values[:30, :5] = 99
    outside = compared(new)["outside_training_range"]
    assert outside["many"] == 1
    assert outside["in_many_columns"] >= 0.1


def test_two_units_are_too_few_to_call_a_shift(compared: Compared) -> None:
    assert compared(another(groups=2))["headline_applies"]


def test_the_index_is_zero_for_equal_shares_and_grows_with_their_distance() -> None:
    equal, half = np.array([50, 50, 0]), np.array([10, 90, 0])
    assert psi(equal, 2 * equal) == pytest.approx(0, abs=1e-4)
    assert psi(equal, half) == pytest.approx((0.5 - 0.1) * np.log(5) + (0.5 - 0.9) * np.log(5 / 9), rel=0.06)


def test_chance_alone_passes_its_limit_about_once_in_a_hundred() -> None:
    random = np.random.default_rng(0)
    draws = random.multinomial(200, np.full(10, 0.1), size=(1000, 2))
    limit = psi_by_chance(10, 200, 200, 1)
    assert 2 <= sum(psi(a, b) > limit for a, b in draws) <= 22


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_value_counts_in_the_bin_whose_upper_end_it_does_not_pass(dtype: str) -> None:
    # Next to 0.1 in double precision lie, in single precision, one number above it and one below.
    cuts = np.array([-0.1, 0.1, 1.0])
    column = TrainingColumn("x", cuts, np.zeros(5, np.int64), -0.5, 2.0, categorical=False)
    near = cuts.astype(dtype)
    away = [np.nextafter(near, near.dtype.type(to)) for to in (-np.inf, np.inf)]
    values = np.concatenate([near, *away, [-9, 9, np.nan, np.nan]]).astype(dtype)
    bins = np.searchsorted(cuts, values[:-2].astype(np.float64), side="left")
    assert column.count(values).tolist() == [*np.bincount(bins, minlength=4), 2]
    assert values[column.outside(values)].tolist() == [-9, 9]
