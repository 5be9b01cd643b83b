"""Logging comes after everything else, costs no training, and is made up for when it failed."""

import json

import pytest
from foldwise.tracking.log import limit_requests

from workflow.conftest import Study

limit_requests()

from fixtures.tracked import Logged  # noqa: E402 - MLflow reads the limits when it is imported

pytestmark = pytest.mark.workflow

# They show the configuration.
PAGES = {"report", "report_index"}
MODELS = {"xgboost", "lightgbm", "catboost", "ensemble"}


def test_a_run_that_could_not_be_logged_succeeds_and_is_logged_by_the_next(study: Study) -> None:
    study.write_config(tracking={"mlflow": True})
    assert set(study.would_run()) == {"log_mlflow", *PAGES}
    database = study.folder / "results/mlflow.db"
    database.write_text("no database")
    output = study.complete()
    assert "warning: mlflow: the run was not logged to sqlite:///results/mlflow.db: DatabaseError" in output
    assert dict(study.would_run()) == {"log_mlflow": 1}

    database.unlink()
    assert "warning: mlflow" not in study.complete()
    assert dict(study.would_run()) == {}
    logged = Logged(f"sqlite:///{database}")
    assert set(logged.parents) == MODELS
    assert logged.n_runs == 4 * (1 + 2)
    written = json.loads((study.folder / "results/tracking.json").read_text())
    assert {run["run_id"] for run in written["runs"]} == {run.info.run_id for run in logged.parents.values()}

    study.write_config()
    assert set(study.would_run()) == PAGES
