"""Fifty datasets in one configuration."""

from pathlib import Path

import pytest
from fixtures.tiny_study import tiny_config

from workflow.conftest import new_study

pytestmark = pytest.mark.workflow

DATASETS = 50


def test_a_run_of_50_datasets_is_planned(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    dataset = tiny_config()["datasets"]["tiny"]  # type: ignore[index]
    study.write_config(datasets={f"tiny_{n}": dataset for n in range(DATASETS)})
    planned = study.would_run()
    assert planned["build_table"] == planned["report"] == DATASETS
    assert planned["train_fold_catboost"] == 2 * DATASETS
    assert planned["report_index"] == planned["build_analytics"] == 1
