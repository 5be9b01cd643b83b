"""A node that goes down, a controller that is restarted, and a snakemake that is killed, while jobs run."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from foldwise.cluster.cancel_orphans import snakemakes
from workflow.conftest import Study, started

from slurm.conftest import ClusterStudy, fold_rule, slurm, untrained, wait_until

pytestmark = pytest.mark.slurm

CONTROLLER = Path("/var/lib/foldwise-slurm/run/slurmctld.pid")
FOLD = fold_rule(1)


@pytest.fixture
def study(undisturbed: Study, tmp_path: Path) -> Iterator[ClusterStudy]:
    study = untrained(undisturbed, tmp_path / "study")
    yield study
    # A snakemake within a job that SLURM ended can hang in its own handler of SIGTERM, and nobody else ends it.
    for left in snakemakes(study.folder, jobs=True):
        left.kill()


def assert_same_results(study: ClusterStudy, undisturbed: Study) -> None:
    assert study.contents() == ClusterStudy(undisturbed.folder).contents()


def test_a_node_goes_down(study: ClusterStudy, undisturbed: Study) -> None:
    run = study.start()
    job = study.wait_until_training(1)
    slurm("scontrol", "update", f"NodeName={job.node}", "State=DOWN", "Reason=test")
    try:
        study.finish(run)
    finally:
        slurm("scontrol", "update", f"NodeName={job.node}", "State=RESUME")
    last = study.jobs(FOLD)[-1]
    assert last.state == "COMPLETED"
    assert last.node != job.node
    assert_same_results(study, undisturbed)


def test_the_controller_is_away_for_some_seconds(study: ClusterStudy, undisturbed: Study) -> None:
    run = study.start()
    study.wait_until_training(1)
    os.kill(int(CONTROLLER.read_text()), signal.SIGTERM)
    wait_until(lambda: not CONTROLLER.exists())
    time.sleep(5)
    subprocess.run(["slurmctld"], check=True)
    study.finish(run)
    assert [job.state for job in study.jobs(FOLD)] == ["COMPLETED"]
    assert_same_results(study, undisturbed)


def test_snakemake_is_killed_and_the_run_resumed(study: ClusterStudy, undisturbed: Study) -> None:
    stranger = slurm("sbatch", "--parsable", "--mem=50", "--time=5", "--output=/dev/null", "--wrap=sleep 300").strip()
    run = study.start()
    study.wait_until_training(1)
    run.kill()
    run.wait()
    assert study.jobs(FOLD)[0].state == "RUNNING"

    resumed = started([str(study.workflow / "scripts/resume"), *study.arguments()], study.folder)
    assert resumed.returncode == 0, (resumed.stdout + resumed.stderr)[-5000:]
    first, second = study.jobs(FOLD)
    assert [first.state, second.state] == ["CANCELLED", "COMPLETED"]
    assert slurm("squeue", "--noheader", f"--jobs={stranger}", "--format=%T").strip() == "RUNNING"
    slurm("scancel", stranger)
    assert_same_results(study, undisturbed)
