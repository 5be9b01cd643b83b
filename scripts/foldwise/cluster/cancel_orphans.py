"""Cancel the SLURM jobs of a killed snakemake before the run continues.

A new snakemake does not know the jobs of the killed one: it submits every job again, and both would write the same
files.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from foldwise.errors import UserError, listed

# Seconds until cancelled jobs must have ended, and until the processes of ended jobs must have.
CANCEL_TIMEOUT = 120.0
PROCESS_TIMEOUT = 30.0


def last_run(folder: Path) -> str | None:
    """Return the name that the SLURM jobs of the last run in a folder have, None without such a run."""
    logs = sorted(folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    matches = (re.search(r"SLURM run ID: (\S+)", log.read_text(encoding="utf-8", errors="replace")) for log in logs)
    return next((match[1] for match in matches if match), None)


def snakemakes(folder: Path, jobs: bool) -> list[psutil.Process]:
    """Return the processes of this machine that run snakemake in ``folder``.

    Args:
        folder: the working folder.
        jobs: True for processes that run a single job, False for those that run the whole workflow.
    """
    processes = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        arguments = process.info["cmdline"] or []
        here = process.info["cwd"] == str(folder.resolve())
        if here and _is_snakemake(arguments) and jobs == ("--mode" in arguments):
            processes.append(process)
    return processes


def _is_snakemake(arguments: list[str]) -> bool:
    names = [Path(argument).name for argument in arguments[:3]]
    return "snakemake" in names


def waiting_or_running(run: str) -> list[str]:
    """Return the ids of the waiting and running jobs of a run."""
    command = ["squeue", "--noheader", "--format=%i", f"--name={run}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"squeue: {done.stderr.strip()}: run this again once the controller of the cluster answers")
    return done.stdout.split()


def cancel(folder: Path) -> str:
    """Cancel the jobs of the last run in a folder, wait until they have ended, and return a sentence about it.

    Raises:
        UserError: when snakemake still runs in the folder, SLURM is not installed or does not answer, or a job or
            its process does not end.
    """
    alive = snakemakes(folder, jobs=False)
    if alive:
        names = listed(process.pid for process in alive)
        raise UserError(f"snakemake still runs in {folder} (process {names}): wait for it, or stop it first")
    run = last_run(folder)
    if run is None:
        return "no run on a cluster is known in this folder"
    if shutil.which("squeue") is None:
        raise UserError("squeue: there is no such command here: run this where snakemake ran")
    orphans = waiting_or_running(run)
    if orphans:
        subprocess.run(["scancel", *orphans], capture_output=True, check=False)
    _wait_for_slurm(run)
    left = _kill_remaining(folder)
    killed = f", {len(left)} processes that outlived theirs killed" if left else ""
    return f"last run {run}: {len(orphans)} jobs cancelled{killed}"


def _wait_for_slurm(run: str) -> None:
    end = time.monotonic() + CANCEL_TIMEOUT
    while names := waiting_or_running(run):
        if time.monotonic() > end:
            raise UserError(f"SLURM job {listed(names)} does not end: cancel it yourself, then run this again")
        time.sleep(0.5)


def _kill_remaining(folder: Path) -> list[int]:
    """Kill the remaining processes of ended jobs of ``folder`` on this machine, and return their ids.

    A snakemake that receives SIGTERM while it has its own lock waits for that lock for ever, and SLURM without cgroups
    does not kill such a process: https://slurm.schedmd.com/proctrack_plugins.html.
    """
    _, remaining = psutil.wait_procs(snakemakes(folder, jobs=True), timeout=PROCESS_TIMEOUT)
    for process in remaining:
        for each in _with_children(process):
            with suppress(psutil.NoSuchProcess):
                each.kill()
    _, unkillable = psutil.wait_procs(remaining, timeout=PROCESS_TIMEOUT)
    if unkillable:
        names = listed(process.pid for process in unkillable)
        raise UserError(f"process {names} of a cancelled job does not end: kill it yourself, then run this again")
    return [process.pid for process in remaining]


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and its descendants: the script of a job would continue to write."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    try:
        print(cancel(Path.cwd()), file=sys.stderr)
    except UserError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(os.EX_USAGE)
