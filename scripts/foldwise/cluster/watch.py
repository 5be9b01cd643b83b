"""Show the progress of the running searches, read from their logs: on a laptop and on a cluster."""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_STAGE = re.compile(r"^(?P<stage>\w[\w ]*?) (?P<number>\d+) of (?P<count>\d+)\b.*$", re.MULTILINE)
_BAR_WIDTH = 30
_SECONDS_BETWEEN_LOOKS = 2.0


@dataclass(frozen=True)
class Running:
    """A search that is running.

    Attributes:
        job: its log without folder and ending, such as ``train_fold/demo/xgboost/fold_1``.
        line: the last line about a stage, such as ``inner fold 2 of 3: 8 of 8 fits``.
        number: the current stage, from 1.
        count: number of stages.
    """

    job: str
    line: str
    number: int
    count: int


def running(folder: str | Path) -> list[Running]:
    """Return the searches that are running in a working folder, sorted by name.

    A job that has ended has a benchmark that is not older than its log, or an ``error:`` as the log's last line.
    """
    return sorted(_running(Path(folder)), key=lambda job: job.job)


def _running(folder: Path) -> Iterator[Running]:
    logs = folder / "logs"
    for log in logs.glob("train_*/**/*.log"):
        name = log.relative_to(logs).with_suffix("")
        benchmark = folder / "benchmarks" / name.with_suffix(".tsv")
        if benchmark.exists() and benchmark.stat().st_mtime >= log.stat().st_mtime:
            continue
        text = log.read_text(encoding="utf-8", errors="replace").rstrip()
        stages = list(_STAGE.finditer(text))
        if stages and not text.rpartition("\n")[2].startswith("error:"):
            last = stages[-1]
            yield Running(name.as_posix(), last[0], int(last["number"]), int(last["count"]))


def picture(jobs: list[Running]) -> Group | Text:
    """Return a progress bar for each search; the current stage counts as half done."""
    if not jobs:
        return Text("no search is running")
    table = Table.grid(padding=(0, 2))
    for job in jobs:
        bar = ProgressBar(total=job.count, completed=job.number - 0.5, width=_BAR_WIDTH)
        table.add_row(Text(job.job), bar, Text(job.line))
    return Group(table)


def main(folder: str) -> None:
    """Show the bars until interrupted; where the output is not a terminal, print one line for each search."""
    console = Console()
    if not console.is_terminal:
        print("\n".join(f"{job.job}: {job.line}" for job in running(folder)) or "no search is running")
        return
    with Live(picture(running(folder)), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            live.update(picture(running(folder)), refresh=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else ".")
    except KeyboardInterrupt:
        sys.exit(0)
