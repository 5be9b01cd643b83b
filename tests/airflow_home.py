"""Airflow in an environment and a home of its own, and a tiny study that its DAG runs."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import yaml
from fixtures.tiny_study import tiny_config, write_tiny
from workflow.conftest import ROOT

PROGRAM = ROOT / ".venv-airflow" / "bin" / "airflow"


class Airflow:
    """A home of Airflow with its database, and the environment to start it in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "SNAKEMAKE"))},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "airflow" / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "0",
        }

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **{f"AIRFLOW_VAR_{k.upper()}": v for k, v in variables.items()}}
        return subprocess.run(
            [PROGRAM, *arguments], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )

    def run_dag(self, folder: Path, conf: dict[str, Any] | None = None, **variables: str) -> "Run":
        """Run the DAG from start to end in a working folder."""
        given = json.dumps({"config_file": "config.yaml", "cores": 2, **(conf or {})})
        done = self.run("dags", "test", "foldwise", "-c", given, foldwise_directory=str(folder), **variables)
        return Run(done.returncode, done.stdout + done.stderr, self._tasks())

    def _tasks(self) -> dict[str, tuple[str, int]]:
        """Return state and number of tries of every task of the last run, in the order they started."""
        query = """
            select task_id, state, try_number from task_instance
            where run_id = (select run_id from dag_run order by id desc limit 1) order by start_date is null, start_date
        """
        database = sqlite3.connect(self.home / "airflow.db")
        try:
            return {task: (state, tries) for task, state, tries in database.execute(query)}
        finally:
            database.close()


class Run:
    """How a run of the DAG ended."""

    def __init__(self, status: int, log: str, tasks: dict[str, tuple[str, int]]) -> None:
        self.status = status
        self.log = log
        self.tasks = tasks


def new_study(folder: Path, **more: object) -> Path:
    """Write a tiny table and its configuration, for one backend."""
    write_tiny(folder / "data" / "tiny.parquet")
    content = tiny_config(backends=["xgboost"], audit={"scrambles": 2}, **more)
    (folder / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder
