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
from collections.abc import Callable
from pathlib import Path

from foldwise.errors import UserError, listed

PATIENCE = 120.0
"""Seconds that cancelled jobs get to end."""


def last_run(folder: Path) -> str | None:
    """Return the name of the SLURM jobs of the folder's last run on the cluster, None without such a run."""
    logs = sorted(folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    found = (re.search(r"SLURM run ID: (\S+)", log.read_text(encoding="utf-8", errors="replace")) for log in logs)
    return next((match[1] for match in found if match), None)


def snakemakes(folder: Path, jobs: bool) -> list[int]:
    """Return the processes of this machine that run snakemake in ``folder``.

    Args:
        folder: the working folder.
        jobs: whether those that run a single job are wanted, or those that run the whole workflow.
    """
    found = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _works_in(path, folder)]
    return sorted(pid for pid in found if jobs == ("--mode" in _arguments(pid)) and _is_snakemake(_arguments(pid)))


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder.resolve()
    except OSError:  # it has ended, or it is another user's
        return False


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return []


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
        UserError: snakemake still runs in the folder, SLURM is not there or does not answer, a job does not end.
    """
    alive = snakemakes(folder, jobs=False)
    if alive:
        raise UserError(f"snakemake still runs in {folder} (process {listed(alive)}): wait for it, or stop it first")
    run = last_run(folder)
    if run is None:
        return "no run on a cluster is known in this folder"
    if shutil.which("squeue") is None:
        raise UserError("squeue: there is no such command here: run this where snakemake ran")
    orphans = waiting_or_running(run)
    if orphans:
        subprocess.run(["scancel", *orphans], capture_output=True, check=False)
    _wait(lambda: waiting_or_running(run), "SLURM job")
    _wait(lambda: [str(pid) for pid in snakemakes(folder, jobs=True)], "process")
    return f"last run {run}: {len(orphans)} jobs cancelled"


def _wait(left: Callable[[], list[str]], kind: str) -> None:
    end = time.monotonic() + PATIENCE
    while names := left():
        if time.monotonic() > end:
            raise UserError(f"{kind} {listed(names)} does not end: end it by hand, then run this again")
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        print(cancel(Path.cwd()), file=sys.stderr)
    except UserError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(os.EX_USAGE)
