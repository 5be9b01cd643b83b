"""The SLURM jobs that outlive a killed snakemake: find and cancel them before the run goes on.

Snakemake never takes its jobs up again. Started anew beside them it sends every job a second time, and both write the
same files.
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

PATIENCE = 120.0


"""Seconds that cancelled jobs get to end."""


GRACE = 30.0


"""Seconds that processes get whose job has ended."""


def last_run(folder: Path) -> str | None:
    """Return the name of the SLURM jobs of the folder's last run on the cluster, None without such a run."""
    logs = sorted(folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    found = (re.search(r"SLURM run ID: (\S+)", log.read_text(encoding="utf-8", errors="replace")) for log in logs)
    return next((match[1] for match in found if match), None)


def snakemakes(folder: Path, jobs: bool) -> list[psutil.Process]:
    """Return the processes of this machine that run snakemake in ``folder``.

    Args:
        folder: the working folder.
        jobs: whether those that run a single job are wanted, or those that run the whole workflow.
    """
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        arguments = process.info["cmdline"] or []
        here = process.info["cwd"] == str(folder.resolve())
        if here and _is_snakemake(arguments) and jobs == ("--mode" in arguments):
            found.append(process)
    return found


def _is_snakemake(arguments: list[str]) -> bool:
    names = [Path(argument).name for argument in arguments[:3]]
    return "snakemake" in names


def waiting_or_running(run: str) -> list[str]:
    """Return the ids of the jobs of a run that have not ended."""
    command = ["squeue", "--noheader", "--format=%i", f"--name={run}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"squeue: {done.stderr.strip()}: run this again once the controller of the cluster answers")
    return done.stdout.split()


def cancel(folder: Path) -> str:
    """Cancel the jobs of the folder's last run, wait until they are gone, and return what was done.

    Raises:
        UserError: snakemake still runs in the folder, SLURM is not there or does not answer, a job or a
            process of one does not end.
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
    left = _killed(folder)
    killed = f", {len(left)} processes that outlived theirs killed" if left else ""
    return f"last run {run}: {len(orphans)} jobs cancelled{killed}"


def _wait_for_slurm(run: str) -> None:
    end = time.monotonic() + PATIENCE
    while names := waiting_or_running(run):
        if time.monotonic() > end:
            raise UserError(f"SLURM job {listed(names)} does not end: end it by hand, then run this again")
        time.sleep(0.5)


def _killed(folder: Path) -> list[int]:
    """Kill what is left of jobs of ``folder`` on this machine that SLURM counts as ended, and return their processes.

    A snakemake that gets SIGTERM while it holds its own lock waits for that lock for ever, and SLURM without cgroups
    leaves such a process behind: https://slurm.schedmd.com/proctrack_plugins.html.
    """
    _, left = psutil.wait_procs(snakemakes(folder, jobs=True), timeout=GRACE)
    for process in left:
        for each in _with_children(process):
            with suppress(psutil.NoSuchProcess):
                each.kill()
    _, deathless = psutil.wait_procs(left, timeout=GRACE)
    if deathless:
        names = listed(process.pid for process in deathless)
        raise UserError(f"process {names} of a cancelled job does not end: end it by hand, then run this again")
    return [process.pid for process in left]


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that it started: its script would go on and write."""
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
