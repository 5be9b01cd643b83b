"""The DAG runs the workflow: for real, in Airflow's own environment, on a tiny table."""

import itertools
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from airflow_home import PROGRAM, Airflow, Run, new_study
from whole_results import contents
from workflow.conftest import ROOT, results_without_pages, started

pytestmark = pytest.mark.airflow

STAGES = ["tables", "folds_and_audit", "train", "evaluate", "report"]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    if not PROGRAM.exists():
        reason = "Airflow is not installed: make test-airflow installs it in .venv-airflow"
        # CI must not stay green for months without having run this.
        pytest.fail(reason) if "CI" in os.environ else pytest.skip(reason)
    home = Airflow(tmp_path_factory.mktemp("airflow"))
    migrated = home.run("db", "migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    return home


@pytest.fixture(scope="module")
def finished(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    folder = new_study(tmp_path_factory.mktemp("study"))
    return folder, airflow.run_dag(folder)


def test_every_stage_runs_once_and_in_order(finished: tuple[Path, Run]) -> None:
    run = finished[1]
    assert run.status == 0, run.log
    assert list(run.tasks.items()) == [(stage, ("success", 1)) for stage in STAGES]


def test_each_stage_does_its_own_part(finished: tuple[Path, Run]) -> None:
    log = finished[1].log
    starts = [log.index(limits) for limits in ("--until build_table", "--until pass_audit", "--omit-from")]
    starts += [log.index("--until compare_backends"), len(log)]
    parts = [set(re.findall(r"rule (\w+):", log[a:b])) - {"all"} for a, b in itertools.pairwise(starts)]
    assert parts[0] == {"build_table"}
    assert parts[1] == {"make_folds", "audit_leakage", "pass_audit"}
    assert parts[2] == {"train_fold_xgboost", "train_final_xgboost", "train_reference", "gather_folds"}
    assert {"evaluate_backend", "compare_backends"} <= parts[3]


def test_the_results_are_those_of_a_plain_run(finished: tuple[Path, Run], tmp_path: Path) -> None:
    new_study(tmp_path)
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "-d", str(tmp_path)]
    given = ["--configfile", str(tmp_path / "config.yaml"), "--cores", "2", "--", results_without_pages("tiny")]
    done = started([*command, *given], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    by_airflow, plain = contents(finished[0] / "results"), contents(tmp_path / "results")
    assert plain == {name: by_airflow[name] for name in plain}
    assert (finished[0] / "results" / "tiny" / "report.html").is_file()


def test_a_second_run_has_nothing_to_do(finished: tuple[Path, Run], airflow: Airflow) -> None:
    folder = finished[0]
    before = {p: p.stat().st_mtime_ns for p in (folder / "results").rglob("*")}
    run = airflow.run_dag(folder)
    assert run.status == 0, run.log
    assert run.log.count("Nothing to be done") == len(STAGES)
    assert {p: p.stat().st_mtime_ns for p in (folder / "results").rglob("*")} == before


def test_a_failing_stage_is_tried_again_and_its_log_says_why(airflow: Airflow, tmp_path: Path) -> None:
    entry = {"table": "data/tiny.parquet", "label": "fake", "groups": ["vidoe"]}
    run = airflow.run_dag(new_study(tmp_path, datasets={"tiny": entry}))
    assert run.status != 0
    assert run.tasks["tables"] == ("failed", 3)
    assert {run.tasks[stage][0] for stage in STAGES[1:]} == {"upstream_failed"}
    assert re.search(r"RuntimeError.*error: .*'vidoe'.*did you mean 'video'", run.log)


def test_a_try_that_was_cut_off_is_made_up_for(airflow: Airflow, tmp_path: Path) -> None:
    """The first call of snakemake dies as a killed one does; the next ones are real."""
    folder = new_study(tmp_path / "study")
    wrapper = tmp_path / "snakemake"
    real = Path(sys.executable).parent / "snakemake"
    wrapper.write_text(
        f'#!/bin/sh\nif [ ! -e "{tmp_path}/died" ]; then touch "{tmp_path}/died"; kill -9 $$; fi\nexec "{real}" "$@"\n'
    )
    wrapper.chmod(0o755)
    targets = ["results/tiny/table.parquet"]
    run = airflow.run_dag(folder, {"targets": targets}, foldwise_snakemake=str(wrapper))
    assert run.status == 0, run.log
    assert run.tasks["tables"] == ("success", 2)
    assert {run.tasks[stage] for stage in STAGES[1:]} == {("success", 1)}
    assert (folder / targets[0]).is_file()
    assert not (folder / "results" / "tiny" / "xgboost").exists()


@pytest.mark.parametrize(
    "conf",
    [{"targets": ["--unlock"]}, {"profile": "--unlock"}, {"profile": "a b"}, {"cores": "2 --unlock"}, {"cores": 0}],
)
def test_a_parameter_cannot_become_an_option(airflow: Airflow, tmp_path: Path, conf: dict[str, object]) -> None:
    run = airflow.run_dag(new_study(tmp_path), conf)
    assert run.status != 0
    assert "Invalid input for param" in run.log
    assert not (tmp_path / ".snakemake").exists()


def test_a_parameter_goes_through_no_shell(airflow: Airflow, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    airflow.run_dag(new_study(tmp_path), {"config_file": f"config.yaml; touch {mark} $(touch {mark})"})
    assert not mark.exists()


STOPPED = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a worker that a shell started in the background
import sys, threading, time
from pathlib import Path
from foldwise_dag import PARAMS, SnakemakeOperator
operator = SnakemakeOperator(task_id="stopped", limits=[])
def stop():
    while operator._process is None or not Path("started").exists():
        time.sleep(0.05)
    operator.on_kill()
threading.Thread(target=stop).start()
try:
    operator.execute({"params": {name: param.value for name, param in PARAMS.items()}})
except RuntimeError as error:
    print(error)
"""


def test_a_task_that_is_stopped_ends_what_it_started(airflow: Airflow, tmp_path: Path) -> None:
    program = tmp_path / "snakemake"
    program.write_text("#!/bin/sh\ntouch started\nexec sleep 600\n")
    program.chmod(0o755)
    environment = airflow.environment | {"PYTHONPATH": str(ROOT / "airflow" / "dags")}
    environment |= {"AIRFLOW_VAR_FOLDWISE_DIRECTORY": str(tmp_path), "AIRFLOW_VAR_FOLDWISE_SNAKEMAKE": str(program)}
    command = [PROGRAM.parent / "python", "-c", STOPPED]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert f"snakemake ended with status {-signal.SIGINT}" in done.stdout


def test_the_schedule_is_a_variable(airflow: Airflow) -> None:
    weekly = "0 3 * * 1"
    parsed = airflow.run("dags", "reserialize", foldwise_schedule=weekly)
    assert parsed.returncode == 0, parsed.stdout + parsed.stderr
    shown = airflow.run("dags", "details", "foldwise", "--output", "yaml").stdout
    assert re.search(r"^ *timetable_summary: (.*)$", shown, re.MULTILINE)[1].strip("'") == weekly, shown
