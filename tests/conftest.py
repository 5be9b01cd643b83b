"""One thread a library: on a busy machine a thread more than there are free cores makes a fit crawl."""

import os
from pathlib import Path
from typing import Any

import pytest
from fixtures.runs import FinishedRun, finish_run, once

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=25, help="kills of tests/faults/test_kills.py")


def _finished(base: pytest.TempPathFactory, name: str, **sections: Any) -> FinishedRun:
    """Return a run that the workers of pytest-xdist share."""
    root = base.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    return FinishedRun(once(shared / "runs" / name, lambda folder: finish_run(folder, **sections)))


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Three backends and their ensemble on 3 folds, with a leaky reference and a new table; tests leave it as it is."""
    return _finished(
        tmp_path_factory,
        "tiny",
        folds={"n_splits": 3, "inner_splits": 2},
        audit={"row_wise_reference": True, "scrambles": 5},
        predict={"new": {"table": "data/new.parquet", "explain": True}},
    )


@pytest.fixture
def run_copy(tiny_run: FinishedRun, tmp_path: Path) -> FinishedRun:
    """A copy of the tiny run that a test may change."""
    return tiny_run.copy(tmp_path / "run")


@pytest.fixture(scope="session")
def source_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Leave one camera out: two backends and their ensemble, tested on each of two cameras; tests leave it as it is."""
    folds = {"method": "leave_one_group_out", "by": "camera", "n_splits": 2, "inner_splits": 2}
    return _finished(tmp_path_factory, "sources", folds=folds, backends=["xgboost", "lightgbm"])


@pytest.fixture(scope="session")
def lone_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """One backend, so no ensemble, on 2 folds repeated twice, without an audit; tests leave it as it is."""
    folds = {"n_splits": 2, "n_repeats": 2, "inner_splits": 2}
    return _finished(tmp_path_factory, "lone", folds=folds, backends=["lightgbm"], audit={"enabled": False})
