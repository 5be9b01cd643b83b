"""Drift: the evaluation applies to a table like the training table, not to a shifted one; the sentence says why."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from fixtures.tables import Grouped, grouped, write_dataset
from foldwise.audit.model_checks import SHIFTED
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.predict.drift import Drift, DriftReport, psi, psi_by_chance
from foldwise.predict.training_profile import TrainingColumn, TrainingTable, read_training_table

Compared = Callable[[Grouped], DriftReport]
PART = 37


@pytest.fixture
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Return a function that compares rows with 60 training videos of 5 rows, a part at a time."""
    folder = tmp_path_factory.mktemp("training")
    paths = write_dataset(folder, grouped(60, 5, columns=6, categories=1, missing=0.05, seed=1))
    contract = read_contract(paths["contract"])

    def run(new: Grouped) -> DriftReport:
        training = read_training_table(paths["table"], contract, 200, 0)
        unit = pa.array([f"new_{g}" for g in new.group]).dictionary_encode()
        drift = Drift(training, unit, len(new.label))
        for first in range(0, len(new.label), PART):
            drift.add(first, new.matrix.rows(np.arange(first, min(first + PART, len(new.label)))))
        return drift.report("AUC 0.700")

    return run


def another(**other: Any) -> Grouped:
    return grouped(**({"groups": 60, "rows": 5, "columns": 6, "categories": 1, "missing": 0.05, "seed": 2} | other))


def test_a_table_like_the_training_table_keeps_the_headline(compared: Compared) -> None:
    report = compared(another())
    assert report.headline_applies
    assert report.sentence.startswith("The columns of the new table (300 rows of 60 units) show no reason against")
    assert (report.rows.training, report.rows.new) == (300, 300)
    assert (report.units.training, report.units.new) == (60, 60)
    assert (report.adversarial.rows.training, report.adversarial.rows.new) == (200, 300)
    assert report.adversarial.auc < report.adversarial.limit
    assert not any(column.shifted for column in report.columns)


def test_a_shifted_column_is_named_and_the_rows_are_distinguished(compared: Compared) -> None:
    new = another()
    new.matrix.values[:, 2] += 5
    report = compared(new)
    assert [column.name for column in report.columns if column.shifted] == ["feature_2"]
    assert report.adversarial.auc > 0.9
    assert report.outside_training_range.in_any_column > 0.5
    assert report.sentence.startswith("The evaluation (AUC 0.700) does not apply to the new table")
    assert "1 of 6 columns have shifted ('feature_2')" in report.sentence


def test_missing_values_are_a_shift_and_their_shares_are_given(compared: Compared) -> None:
    new = another()
    new.matrix.values[:200, 3] = np.nan
    column = compared(new).columns[3]
    assert column.shifted
    assert column.missing.new == pytest.approx(np.isnan(new.matrix.values[:, 3]).mean())
    assert column.missing.training < 0.1


def test_categories_are_compared_one_by_one(compared: Compared) -> None:
    new = another()
    new.matrix.values[:, 5] = np.where(np.arange(300) < 270, 2, np.nan)
    assert compared(new).columns[5].psi > 1


def report_on(values: npt.NDArray[np.float64]) -> DriftReport:
    """Compare rows with 2,000 training rows of one unit each: half below 0, half above, all from -1 to 1."""
    columns = [
        TrainingColumn(f"x{j}", np.zeros(1), np.array([1000, 1000, 0]), -1.0, 1.0, categorical=False)
        for j in range(values.shape[1])
    ]
    sample = np.random.default_rng(0).uniform(-1, 1, (200, values.shape[1]))
    drift = Drift(TrainingTable(tuple(columns), 2000, 2000, sample, np.arange(200).astype(str)), None, len(values))
    drift.add(0, FeatureMatrix(values, tuple(column.name for column in columns), ()))
    return drift.report("AUC 0.700")


@pytest.mark.parametrize("columns", [15, 20])
def test_a_row_counts_where_a_tenth_of_the_columns_is_outside_the_range(columns: int) -> None:
    values = np.random.default_rng(1).uniform(-1, 1, (200, columns))
    values[:11, :2], values[11:20, 0] = 2, -2
    outside = report_on(values).outside_training_range
    assert (outside.many, outside.in_many_columns, outside.in_any_column) == (2, 11 / 200, 20 / 200)


@pytest.mark.parametrize(("rows", "named"), [(10, False), (11, True)])
def test_more_than_a_twentieth_of_the_rows_outside_the_range_is_a_reason(rows: int, named: bool) -> None:
    values = np.random.default_rng(1).uniform(-1, 1, (200, 20))
    values[:rows, :2] = 2
    assert ("outside the training range in 2 columns or more" in report_on(values).sentence) is named


@pytest.mark.parametrize(("below", "index", "shifted"), [(720, 0.208, False), (760, 0.300, True)])
def test_a_column_has_shifted_from_an_index_of_a_quarter_on(below: int, index: float, shifted: bool) -> None:
    [column] = report_on(np.where(np.arange(1000) < below, -0.5, 0.5)[:, None]).columns
    assert column.psi == pytest.approx(index, abs=0.002)
    assert (column.limit, column.shifted) == (0.25, shifted)


@pytest.mark.parametrize(("auc", "shifted"), [(SHIFTED, False), (SHIFTED + 1e-9, True)])
def test_rows_are_distinguished_only_above_the_limit(
    auc: float, shifted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldwise.predict.drift.adversarial_auc", lambda *_: auc)
    report = report_on(np.random.default_rng(1).uniform(-1, 1, (200, 1)))
    assert (report.adversarial.limit, report.adversarial.shifted) == (SHIFTED, shifted)
    assert report.headline_applies is not shifted


def test_two_units_are_too_few_to_call_a_shift(compared: Compared) -> None:
    assert compared(another(groups=2)).headline_applies


def test_the_index_is_zero_for_equal_shares_and_grows_with_their_distance() -> None:
    equal, half = np.array([50, 50, 0]), np.array([10, 90, 0])
    assert psi(equal, 2 * equal) == pytest.approx(0, abs=1e-4)
    assert psi(equal, half) == pytest.approx((0.5 - 0.1) * np.log(5) + (0.5 - 0.9) * np.log(5 / 9), rel=0.06)


@pytest.mark.parametrize("columns", [1, 5])
def test_chance_alone_passes_its_limit_about_once_in_a_hundred_tables(columns: int) -> None:
    random = np.random.default_rng(0)
    tables = random.multinomial(200, np.full(10, 0.1), size=(1000, columns, 2))
    limit = psi_by_chance(10, 200, 200, columns)
    assert 2 <= sum(max(psi(a, b) for a, b in table) > limit for table in tables) <= 22


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
