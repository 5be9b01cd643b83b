"""Accuracy is measured on the workflow's own folds, and no method sees the labels of the rows that it predicts."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bench import accuracy, peers, tables
from bench.by_hand import METHODS, Task
from bench.tables import NotHereError, Prepared, demo, prepare
from bench.workflow_models import configuration, training_settings
from foldwise.search.space import grid

TINY = "tiny"
ONE_POINT = {
    "xgboost": {"max_depth": 2, "learning_rate": 0.3, "n_estimators": 4},
    "lightgbm": {"max_depth": 2, "learning_rate": 0.3, "n_estimators": 4},
    "catboost": {"depth": 2, "learning_rate": 0.3, "iterations": 4},
}


@pytest.fixture(autouse=True)
def _tiny_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.TABLES, TINY, partial(demo, n_groups=30, n_augmentations=2))


@pytest.fixture
def table(tmp_path: Path) -> Prepared:
    return prepare(TINY, tmp_path)


def test_every_method_gives_finite_numbers_on_a_fold_of_a_tiny_table(tmp_path: Path) -> None:
    files = {}
    for backend, space in ONE_POINT.items():
        files[backend] = str(tmp_path / f"{backend}.yaml")
        Path(files[backend]).write_text("\n".join(f"{name}: {value}" for name, value in space.items()))
    sections = {"search": {"space": files}}
    choice = accuracy.Choice([TINY], [*METHODS, accuracy.NOW], 1, sections)
    *_, rows = accuracy.measure(choice)
    ours = ["xgboost", "lightgbm", "catboost", "ensemble", "ensemble-calibrated"]
    assert [(r["method"], r["model"]) for r in rows] == [*((m, "") for m in METHODS), *(("now", m) for m in ours)]
    assert np.isfinite([[r[metric] for metric in ("log_loss", "auc", "seconds")] for r in rows]).all()
    assert {(r["rows"], r["groups"], r["fold"]) for r in rows} == {(90, 30, 1)}
    shown = accuracy.show(rows)
    assert "90 rows of 30 groups" in shown
    assert "now ensemble-calibrated" in shown


@pytest.mark.parametrize("method", METHODS)
def test_a_method_by_hand_predicts_a_row_from_its_features_and_the_train_rows_alone(
    table: Prepared, method: str
) -> None:
    task = accuracy.task(table, 1)
    expected = METHODS[method](task)
    test = table.folds.is_test(1)
    flipped = replace(table, label=np.where(test, 1 - table.label, table.label))
    np.testing.assert_array_equal(METHODS[method](accuracy.task(flipped, 1)), expected)
    two_rows = Task(task.train, task.label, task.inner, task.test.rows(np.array([2, 0])))
    np.testing.assert_allclose(METHODS[method](two_rows), expected[[2, 0]], rtol=1e-12)


def test_a_task_holds_the_train_rows_and_no_group_of_its_test_rows(table: Prepared) -> None:
    task = accuracy.task(table, 2)
    train, test = table.folds.is_train(2), table.folds.is_test(2)
    assert not set(table.folds.group[train]) & set(table.folds.group[test])
    np.testing.assert_array_equal(task.train.values, table.matrix.values[train])
    np.testing.assert_array_equal(task.test.values, table.matrix.values[test])
    assert set(task.inner) == set(range(1, table.folds.plan.inner_splits + 1))


def test_the_first_version_stays_as_it_was() -> None:
    settings = training_settings(accuracy.first_version(), accuracy.FIRST_VERSION_SPACES)
    assert {backend: len(grid(s.space)) for backend, s in settings.items()} == {
        "xgboost": 64,
        "lightgbm": 64,
        "catboost": 72,
    }
    assert {(s.method, s.metric, s.early_stopping_rounds) for s in settings.values()} == {("race", "log_loss", None)}


def test_the_settings_now_are_those_of_the_configuration() -> None:
    config = configuration({"search": {"method": "random", "n_trials": 7}, "backends": ["lightgbm"]})
    [settings] = training_settings(config, accuracy.SPACES).values()
    assert (settings.backend, settings.method, settings.n_trials) == ("lightgbm", "random", 7)


def test_a_missing_table_is_left_out_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(folder: Path) -> None:
        raise NotHereError("no such file")

    monkeypatch.setitem(tables.TABLES, TINY, missing)
    earlier = {"table": TINY, "method": "lightgbm"}
    other = {"table": "cells", "method": "constant"}
    assert [*accuracy.measure(accuracy.Choice([TINY], ["constant"], 1), [earlier, other])] == [[earlier, other]]
    assert "tiny left out: no such file" in capsys.readouterr().out


def test_the_summary_has_mean_and_deviation_over_folds() -> None:
    size = {"rows": 10, "groups": 5, "features": 2, "positives": 4}
    named = {"table": "t", "method": "now", "model": "ensemble-calibrated", **size}
    rows = [{**named, "fold": k, "log_loss": k / 10, "auc": 0.5, "seconds": 2.0} for k in (1, 3)]
    [means] = accuracy.summary(rows)
    assert (means["log_loss"], means["log_loss_sd"], means["folds"]) == (0.2, pytest.approx(0.02**0.5), 2)
    assert peers.seconds_of_ours(rows) == {"t": 2.0}
    [single] = accuracy.summary(rows[:1])
    assert single["log_loss_sd"] is None


def test_the_files_for_a_peer_hold_no_test_label_and_no_group_of_the_test_rows(table: Prepared, tmp_path: Path) -> None:
    peers.write_job(table, 1, tmp_path / "job")
    train, test = (pd.read_parquet(tmp_path / "job" / f"{part}.parquet") for part in ("train", "test"))
    assert list(test) == [f"x{j:03d}" for j in range(38)]
    assert list(train) == [*test, "label", "inner", "group"]
    assert (len(train), len(test)) == (int(table.folds.is_train(1).sum()), int(table.folds.is_test(1).sum()))
    assert not set(train["group"]) & set(table.folds.group[table.folds.is_test(1)])
