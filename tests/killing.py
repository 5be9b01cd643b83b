"""A snakemake that is killed together with its jobs."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow.conftest import Study, environment

_POLL_SECONDS = 0.02
_SCRIPT = re.compile(r"\.(\w+)\.py$")


@dataclass
class Job:
    """One job as snakemake's output shows it."""

    rule: str
    outputs: str = ""
    finished: bool = False


class Run:
    """A run in a session of its own; what it shows lands in ``output``."""

    def __init__(self, study: Study, output: Path, arguments: Sequence[str] = ()) -> None:
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                study.command("--cores", "all", *arguments),
                cwd=study.folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
            )

    @property
    def shown(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def jobs(self) -> dict[str, Job]:
        """Return the jobs that were started, by their number."""
        jobs: dict[str, Job] = {}
        job = Job("")
        for line in self.shown.splitlines():
            if started := re.match(r"(?:local)?rule (\w+):", line):
                job = Job(started[1])
            elif named := re.match(r"    output: (.*)", line):
                job.outputs = named[1]
            elif numbered := re.match(r"    jobid: (\d+)", line):
                jobs[numbered[1]] = job
            elif done := re.match(r"Finished jobid: (\d+)", line):
                jobs[done[1]].finished = True
        return jobs

    def wait(self, seconds: float) -> bool:
        """Return after some seconds, or once the run has ended; return whether it is still running."""
        end = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
        return self._process.poll() is None

    def wait_for_other_rules(self, seen: set[str]) -> set[str]:
        """Wait until a script of rules that are not in ``seen`` runs; return them, none once the run has ended."""
        while self._process.poll() is None:
            scripts = self._scripts()
            running = {job.rule for job in self.jobs().values() if not job.finished}
            new = {rule for rule in running - seen if any(rule == s or rule.startswith(f"{s}_") for s in scripts)}
            if new:
                return new
            time.sleep(_POLL_SECONDS)
        return set()

    def kill(self) -> None:
        """Kill snakemake and its jobs, of which none gets to write another byte."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        while self._session():
            time.sleep(_POLL_SECONDS)

    def pause(self) -> None:
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def status(self) -> int:
        """Return the exit status of a run that has ended."""
        return self._process.wait()

    def _scripts(self) -> set[str]:
        arguments = [a for pid in self._session() for a in _arguments(pid)]
        return {match[1] for a in arguments if (match := _SCRIPT.search(a))}

    def _session(self) -> list[str]:
        """Return the processes of the session that have not ended."""
        return [p.name for p in Path("/proc").glob("[0-9]*") if _belongs_to(p, self._process.pid)]


def _belongs_to(process: Path, session: int) -> bool:
    try:
        state, _, _, of = (process / "stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return False
    return int(of) == session and state != "Z"


def _arguments(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []
