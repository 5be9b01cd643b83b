"""A search by optuna in the workflow: a space from a file, notes at the start, a killed job that continues."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow.conftest import Study, new_study

pytestmark = pytest.mark.workflow

SEARCH = "results/tiny/lightgbm/fold_1/search.parquet"
RESULTS = ("search.parquet", "model.txt", "predictions.parquet", "curve.parquet")
SPACE = """
n_estimators: {low: 5, high: 30}
learning_rate: {low: 0.01, high: 0.5, log: true}
num_leaves: [3, 7, 15]
subsample: [0.8, 1.0]
"""
TRIALS = 150


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Return a study that no job has run in."""
    made = new_study(tmp_path)
    (tmp_path / "mine.yaml").write_text(SPACE)
    search = {"method": "optuna", "n_trials": TRIALS, "space": {"lightgbm": "mine.yaml"}}
    made.write_config(backends=["lightgbm"], search=search, audit={"enabled": False})
    return made


def results(study: Study) -> list[bytes]:
    return [(study.folder / SEARCH).with_name(name).read_bytes() for name in RESULTS]


def test_a_killed_search_goes_on_and_ends_with_the_same_bytes(study: Study) -> None:
    done = study.run(SEARCH)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note: search.space.lightgbm.subsample has no effect without subsample_freq" in done.stderr
    expected = results(study)
    for name in RESULTS:
        (study.folder / SEARCH).with_name(name).unlink()

    log = (study.folder / SEARCH).with_name("trials.jsonl")
    assert not log.exists()
    command = [sys.executable, "-m", "snakemake", "-s", str(study.workflow / "Snakefile"), "--cores", "1"]
    command += ["--configfile", "config.yaml", "--forcerun", "train_fold_lightgbm", "--", SEARCH]
    job = subprocess.Popen(
        command, cwd=study.folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while job.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 5):
        time.sleep(0.02)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    finished = log.read_bytes().count(b"\n") - 1
    assert 0 < finished < TRIALS
    assert study.run("--unlock").returncode == 0
    again = study.run("--rerun-incomplete", SEARCH)
    assert again.returncode == 0, again.stdout + again.stderr
    assert results(study) == expected
    assert not log.exists()


def test_a_changed_space_file_trains_again(study: Study) -> None:
    study.write_config(
        backends=["lightgbm"],
        search={"method": "random", "n_trials": 2, "space": {"lightgbm": "mine.yaml"}},
        audit={"enabled": False},
    )
    assert study.run(SEARCH).returncode == 0
    assert "train_fold_lightgbm" not in planned(study)
    (study.folder / "mine.yaml").write_text(SPACE.replace("high: 30", "high: 31"))
    assert "train_fold_lightgbm" in planned(study)


def planned(study: Study) -> str:
    done = study.run("-n", SEARCH)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
