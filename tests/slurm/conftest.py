"""A cluster for the test session, a study that runs on it, and what SLURM reports of its jobs."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from whole_results import contents
from workflow.conftest import Study, new_study

HERE = Path(__file__).parent
CANNOT_RUN_HERE = 77
# Jobs of the tests last seconds: look at them sooner than the profile does.
SOON = ("--slurm-init-seconds-before-status-checks", "3")
FINALS = ("predictions.parquet", "metrics.parquet", "comparison.json", "xgboost/model.json")
TARGETS = tuple(f"results/tiny/{name}" for name in FINALS)
PATIENCE = 120.0
RUNS: list[subprocess.Popen[str]] = []


@dataclass(frozen=True)
class Job:
    """What squeue says of a job; memory and time limit as it writes them."""

    number: str
    state: str
    node: str
    time_limit: str
    memory: str
    comment: str


class ClusterStudy(Study):
    """A study whose training is still to be done, on the cluster."""

    def arguments(self, *more: str) -> list[str]:
        # The targets come first: an option with any number of values would swallow them.
        return [*TARGETS, "--configfile", str(self.folder / "config.yaml"), *SOON, *more]

    def start(self, *more: str) -> subprocess.Popen[str]:
        place = ["-s", str(self.workflow / "Snakefile"), "--profile", str(self.workflow / "profiles/slurm")]
        command = [sys.executable, "-m", "snakemake", *place, "-d", str(self.folder), *self.arguments(*more)]
        log = (self.folder / "snakemake.log").open("w")
        RUNS.append(subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, text=True))
        return RUNS[-1]

    def log(self) -> str:
        return (self.folder / "snakemake.log").read_text(encoding="utf-8")

    def finish(self, run: subprocess.Popen[str]) -> None:
        assert run.wait(timeout=400) == 0, self.log()[-5000:]

    def jobs(self, rule: str = "") -> list[Job]:
        """Return the jobs of this folder whose comment names a rule (and wildcards), the first sent first."""
        fields = "%i|%T|%N|%l|%m|%k|%Z"
        listed = slurm("squeue", "--states=all", "--noheader", "--sort=i", f"--format={fields}")
        rows = [line.split("|") for line in listed.splitlines()]
        return [Job(*row[:6]) for row in rows if rule in row[5] and Path(row[6]) == self.folder.resolve()]

    def wait_until_training(self, fold: int) -> Job:
        """Return the job of a fold once its script has begun, not only snakemake in the job."""
        wait_until((self.folder / f"logs/train_fold/tiny/xgboost/fold_{fold}.log").exists)
        return next(job for job in self.jobs(fold_rule(fold)) if job.state == "RUNNING")

    def contents(self) -> dict[str, str]:
        return contents(self.folder / "results")


def fold_rule(fold: int) -> str:
    return f"train_fold_xgboost_wildcards_tiny_{fold}"


def slurm(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A SLURM of two nodes on this machine; the tests are skipped where there can be none."""
    started = subprocess.run([HERE / "start_cluster"], capture_output=True, text=True, check=False)
    try:
        if started.returncode == CANNOT_RUN_HERE:
            pytest.skip(started.stderr.strip())
        assert started.returncode == 0, started.stderr
        yield
    finally:
        for run in RUNS:  # one that a failed test left behind would wait for its jobs for ever
            run.kill()
        if started.returncode != CANNOT_RUN_HERE:
            subprocess.run([HERE / "stop_cluster"], check=True)


@pytest.fixture(scope="session")
def undisturbed(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A local run of the same study: what every disturbed run must arrive at."""
    study = new_study(tmp_path_factory.mktemp("undisturbed"))
    study.write_config(backends=["xgboost"])
    done = study.run(*TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    return study


def untrained(undisturbed: Study, folder: Path) -> ClusterStudy:
    """Return a copy of the study from which all that was trained, and what follows, is gone."""
    shutil.copytree(undisturbed.folder, folder, symlinks=True)
    results = folder / "results/tiny"
    shutil.rmtree(results / "xgboost")
    shutil.rmtree(folder / "logs")
    for name in FINALS[:3]:
        (results / name).unlink()
    return ClusterStudy(folder)
