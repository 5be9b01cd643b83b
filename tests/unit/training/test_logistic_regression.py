"""The logistic regression predicts test rows from the train part, and an inner fold from the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fixtures.tables import grouped, write_dataset, write_folds
from fixtures.trained import write_inputs
from foldwise.folds.assignment import Plan, read_folds
from foldwise.io.files import read_table
from foldwise.training.logistic_regression import fit_and_predict, train_reference

PLAN = Plan(4, 1, 2, 42)


def _part(inputs: Mapping[str, str]) -> Any:
    return read_folds(inputs["folds"], only=1).assignments[1]


def test_rows_left_out_of_a_fold_change_no_prediction(tmp_path: Path) -> None:
    data = grouped(groups=24, missing=0.1)
    number = data.group // 2
    part = np.select([number % 4 == 0, number % 4 == 1], [0, -1], number % 2 + 1)
    inputs = write_dataset(tmp_path, data)
    inputs |= {"folds": write_folds(tmp_path / "folds.parquet", data, [part], n_splits=1)}
    data.matrix.values[part == -1] = 100.0
    left_out = inputs, inputs | write_dataset(tmp_path / "changed", data)
    tested, trained = ([tmp_path / f"{part}_{i}.parquet" for i in range(2)] for part in ("tested", "trained"))
    for inputs, predictions, inner in zip(left_out, tested, trained, strict=True):
        train_reference(**inputs, seed=7, predictions=str(predictions), inner_predictions=str(inner))
    for (first, second), rows in ((tested, 30), (trained, 60)):
        assert first.read_bytes() == second.read_bytes()
        assert read_table(first).num_rows == rows


def test_test_rows_do_not_change_the_fit(tmp_path: Path) -> None:
    data = grouped(groups=24, missing=0.1)
    inputs = write_inputs(tmp_path, data, PLAN)
    first, first_inner, second, second_inner = (str(tmp_path / f"{i}.parquet") for i in range(4))
    train_reference(**inputs, seed=7, predictions=first, inner_predictions=first_inner)
    test = np.flatnonzero(_part(inputs) == 0)
    data.matrix.values[test[1:]] = 100.0
    inputs |= write_dataset(tmp_path, data)
    train_reference(**inputs, seed=7, predictions=second, inner_predictions=second_inner)
    before, after = (read_table(path)["score"].to_pylist() for path in (first, second))
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert _of_first_fold(read_table(first_inner)).equals(_of_first_fold(read_table(second_inner)))


def test_an_inner_fold_is_predicted_without_its_rows(tmp_path: Path) -> None:
    data = grouped(groups=24, missing=0.1)
    inputs = write_inputs(tmp_path, data, PLAN)
    part = _part(inputs)
    held_out = np.flatnonzero(part == 1)
    outputs = [tmp_path / f"{i}.parquet" for i in range(4)]
    before, after = outputs[:2], outputs[2:]
    train_reference(**inputs, seed=7, predictions=str(before[0]), inner_predictions=str(before[1]))
    data.matrix.values[held_out[1:]] = 100.0
    inputs |= write_dataset(tmp_path, data)
    train_reference(**inputs, seed=7, predictions=str(after[0]), inner_predictions=str(after[1]))
    first, second = (_of_first_fold(read_table(path)) for path in (before[1], after[1]))
    assert first["sample_id"].to_pylist() == [f"sample_{i:03d}" for i in np.flatnonzero(part > 0)]
    assert first["inner_fold"].to_pylist() == part[part > 0].tolist()
    assert first["label"].to_pylist() == data.label[part > 0].tolist()
    position = np.flatnonzero(np.isin(np.flatnonzero(part > 0), held_out))
    scores = [np.array(table["score"].to_pylist()) for table in (first, second)]
    assert scores[0][position[0]] == scores[1][position[0]]
    assert (scores[0][position[1:]] != scores[1][position[1:]]).all()
    others = np.setdiff1d(np.arange(len(scores[0])), position)
    assert (scores[0][others] != scores[1][others]).any()


def _of_first_fold(table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(table["fold"], 1))


def test_train_rows_of_one_class_give_that_class() -> None:
    data = grouped(groups=24)
    part = np.where(data.label == 1, 1, 0).astype(np.int16)
    assert set(fit_and_predict(data.matrix, data.label, part, 7)) == {1.0}
