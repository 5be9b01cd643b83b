"""The way out after a killed snakemake, with a squeue and a scancel that keep their jobs in a file."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from foldwise.cluster import cancel_orphans
from foldwise.errors import UserError

SQUEUE = """#!/bin/sh
for argument; do case $argument in --name=*) name=${argument#--name=} ;; esac; done
/bin/cat "$JOBS/$name" 2>/dev/null || true
"""
SCANCEL = """#!/bin/sh
for number; do /bin/sed -i "/^$number\\$/d" "$JOBS"/*; done
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder next to a directory of commands and one with a file of job ids for each run."""
    for name, text in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        command = tmp_path / "commands" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(text)
        command.chmod(0o755)
    (tmp_path / "jobs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "commands"))
    monkeypatch.setenv("JOBS", str(tmp_path / "jobs"))
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def write_log(folder: Path, day: int, text: str) -> None:
    log = folder / f".snakemake/log/2026-01-{day:02d}T120000.000000.snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")


def test_the_last_run_is_the_newest_that_went_to_a_cluster(folder: Path) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    write_log(folder, 2, "host: login\nSLURM run ID: second\nSubmitted\n")
    write_log(folder, 3, "a local run\n")
    assert cancel_orphans.last_run(folder) == "second"


def test_only_the_jobs_of_the_last_run_are_cancelled(folder: Path) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    write_log(folder, 2, "SLURM run ID: second\n")
    jobs = folder.parent / "jobs"
    (jobs / "first").write_text("1\n2\n")
    (jobs / "second").write_text("3\n4\n")
    assert cancel_orphans.cancel(folder) == "last run second: 2 jobs cancelled"
    assert (jobs / "first").read_text() == "1\n2\n"
    assert not (jobs / "second").read_text()


def test_a_folder_without_a_run_on_a_cluster_is_said(folder: Path) -> None:
    assert cancel_orphans.cancel(folder) == "no run on a cluster is known in this folder"


def test_a_snakemake_that_still_runs_is_not_robbed_of_its_jobs(folder: Path) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    (folder.parent / "jobs/first").write_text("1\n")
    program = folder.parent / "snakemake"
    program.write_text("input()")
    with subprocess.Popen([sys.executable, program], cwd=folder, stdin=subprocess.PIPE) as alive:
        with pytest.raises(UserError, match=f"still runs in .*process {alive.pid}"):
            cancel_orphans.cancel(folder)
        alive.communicate(b"\n")
    assert (folder.parent / "jobs/first").read_text() == "1\n"


def test_a_job_that_does_not_end_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    (folder.parent / "jobs/first").write_text("7\n")
    (folder.parent / "commands/scancel").write_text("#!/bin/sh\n")
    monkeypatch.setattr(cancel_orphans, "CANCEL_TIMEOUT", 0.0)
    with pytest.raises(UserError, match="SLURM job '7' does not end"):
        cancel_orphans.cancel(folder)


def test_what_is_left_of_a_job_that_slurm_counts_as_ended_is_killed_with_its_script(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    program = folder.parent / "snakemake"
    program.write_text(
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "script = subprocess.Popen(['/bin/sleep', '60'])\n"
        "print(script.pid, flush=True)\n"
        "script.wait()\n"
    )
    monkeypatch.setattr(cancel_orphans, "PROCESS_TIMEOUT", 0.1)
    command = [sys.executable, program, "--mode", "remote"]
    elsewhere = subprocess.Popen(command, cwd=folder.parent, stdout=subprocess.PIPE, text=True)
    job = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None
    script = psutil.Process(int(job.stdout.readline()))
    try:
        assert (
            cancel_orphans.cancel(folder) == "last run first: 0 jobs cancelled, 1 processes that outlived theirs killed"
        )
        assert not psutil.pid_exists(job.pid)
        assert psutil.wait_procs([script], timeout=5)[1] == []
        assert elsewhere.poll() is None
    finally:
        for process in (job, elsewhere):
            process.kill()
            process.communicate()


def test_a_controller_that_does_not_answer_is_said(folder: Path) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    (folder.parent / "commands/squeue").write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")
    with pytest.raises(UserError, match="Unable to contact slurm controller: run this again once"):
        cancel_orphans.cancel(folder)


def test_a_machine_without_slurm_is_said(folder: Path) -> None:
    write_log(folder, 1, "SLURM run ID: first\n")
    (folder.parent / "commands/squeue").unlink()
    with pytest.raises(UserError, match="there is no such command here"):
        cancel_orphans.cancel(folder)
