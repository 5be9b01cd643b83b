"""Foldwise as an Airflow DAG: every task is one call of snakemake, which knows by itself what is up to date.

The stages only give Airflow something to show, to retry and to alert on. The dependencies are defined in the rules
alone, so a task that runs twice does nothing the second time.

Variables (in Airflow, or as AIRFLOW_VAR_...): `foldwise_schedule`, a cron expression; without it the DAG runs
when triggered. `foldwise_directory`, the folder to work in; by default the checkout that holds this file.
`foldwise_snakemake`, the command to start; by default that of the checkout's own environment.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, Param, Variable, chain

CHECKOUT = Path(__file__).resolve().parents[2]

# What a stage adds to the command; the last has no limit, so it makes whatever is still missing. Of the rules after
# one --until none may need another: snakemake 9.27 then ends with "BUG: Out of jobs ready to be started".
STAGES = {
    "tables": ["--until", "build_table"],
    "folds_and_audit": ["--until", "pass_audit"],
    "train": ["--omit-from", "evaluate_backend"],
    "evaluate": ["--until", "compare_backends", "measure_optimism"],
    "report": [],
}

# No value can be taken for an option: neither by its first letter nor, as nothing goes through a shell, by its rest.
PARAMS = {
    "config_file": Param(
        None,
        type=["null", "string"],
        minLength=1,
        description="Configuration file, from the working folder. Default: config/config.yaml there, or the demo",
    ),
    "targets": Param(
        [],
        type="array",
        items={"type": "string", "pattern": "^[^-]"},
        description="Files or rules to make. Default: everything that the configuration asks for",
    ),
    "cores": Param(None, type=["null", "integer"], minimum=1, description="Number of cores. Default: all"),
    "profile": Param(
        None,
        type=["null", "string"],
        pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$",
        description="Profile such as slurm; it says how many jobs run, so that cores may stay empty",
    ),
}


class SnakemakeOperator(BaseOperator):
    """Run one stage; the task's log is what snakemake prints.

    Args:
        limits: arguments that end the run at the stage.
    """

    def __init__(self, *, limits: list[str], **more: Any) -> None:
        """Keep the limits."""
        super().__init__(**more)
        self.limits = limits
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Mapping[str, Any]) -> None:
        """Start snakemake and wait for it.

        Raises:
            RuntimeError: with the last error line, when the run fails.
        """
        folder = Path(Variable.get("foldwise_directory", default=str(CHECKOUT)))
        snakemake = Path(Variable.get("foldwise_snakemake", default=str(CHECKOUT / ".venv" / "bin" / "snakemake")))
        command = [str(snakemake), "--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(folder)]
        command += [*_options(context["params"], folder), *self.limits, "--", *context["params"]["targets"]]
        self.log.info("%s", shlex.join(command))
        self._process = subprocess.Popen(  # noqa: S603 (a list, no shell; every value is checked above)
            command,
            cwd=folder,
            env=_environment(snakemake.parent, quiet=bool(self.limits)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            preexec_fn=_hear_interrupts,
        )
        error = "the last lines of the log say why"
        for line in self._process.stdout or ():
            self.log.info("%s", line.rstrip())
            if line.strip().startswith("error: "):
                error = line.strip()
        if self._process.wait():
            raise RuntimeError(f"snakemake ended with status {self._process.returncode}: {error}")

    def on_kill(self) -> None:
        """End snakemake and its jobs as Ctrl-C does, upon which it unlocks the folder for the next try."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)


def _hear_interrupts() -> None:
    """Let SIGINT end the process: a worker that a shell started in the background hands down that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _options(params: Mapping[str, Any], folder: Path) -> list[str]:
    options = ["--rerun-incomplete"]
    if params["config_file"] is not None:
        options.append(f"--configfile={folder / params['config_file']}")
    if params["profile"] is not None:
        options.append(f"--profile={params['profile']}")
    if params["cores"] is not None:
        options.append(f"--cores={params['cores']}")
    elif params["profile"] is None:
        options.append("--cores=all")
    return options


def _environment(programs: Path, quiet: bool) -> dict[str, str]:
    """Return Airflow's environment with snakemake's programs first and without variables that change Python's paths."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    kept["PATH"] = os.pathsep.join([str(programs), kept.get("PATH", os.defpath)])
    # Only the last stage prints the summary.
    return {**kept, "FOLDWISE_QUIET": "1"} if quiet else kept


with DAG(
    dag_id="foldwise",
    description="Honest metrics of gradient boosting on grouped tables",
    doc_md=__doc__,
    schedule=Variable.get("foldwise_schedule", default=None) or None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Snakemake locks the folder that it works in.
    max_active_runs=1,
    max_active_tasks=1,
    default_args={"retries": 2},
    params=PARAMS,
    tags=["foldwise"],
):
    chain(*(SnakemakeOperator(task_id=stage, limits=limits) for stage, limits in STAGES.items()))
