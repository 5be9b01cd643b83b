"""Log a finished run to MLflow. A tracker that fails costs a warning, never a result.

The rules read the outcome of the last logging with :func:`failures` and :func:`warning`, so this module imports
neither MLflow nor pandas when it is loaded.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from foldwise.io.files import read_json, without_credentials, write_json

if TYPE_CHECKING:
    from foldwise.tracking.model_run import ModelRun

_LONGEST_REASON = 300

# Defaults for one request; what the user has set takes precedence. Telemetry would tell a third party about the run.
_REQUEST_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True)
class Tracker:
    """Where runs are logged.

    Attributes:
        uri: an http(s) server or a database such as ``sqlite:///results/mlflow.db``.
        experiment: name of the experiment.
        timeout: seconds that logging all runs may take.
    """

    uri: str
    experiment: str
    timeout: int


def log_mlflow(runs: Sequence["ModelRun"], tracker: Tracker, failures: int, output: str | Path) -> None:
    """Log every model on every dataset; write the outcome.

    Args:
        runs: what to log.
        tracker: where to log it.
        failures: how often logging has failed before.
        output: JSON: ``uri``, ``experiment``, ``logged``, ``reason``, ``failures``, and ``runs`` with the id of each
            run and the version of its model in the registry.
    """
    logged: list[dict[str, str]] = []
    outcome = {"uri": without_credentials(tracker.uri), "experiment": tracker.experiment, "runs": logged}
    try:
        with time_limit(tracker.timeout):
            _send(runs, tracker, Path(output).parent, logged)
    except Exception as problem:
        # A failing tracker must not stop a run whose results are complete.
        traceback.print_exc()
        write_json(output, {**outcome, "logged": False, "reason": _reason(problem), "failures": failures + 1})
        print(warning(output), file=sys.stderr)
    else:
        write_json(output, {**outcome, "logged": True, "reason": None, "failures": failures})


def failures(path: str | Path) -> int:
    """Return how often logging has failed so far; 0 without a file.

    Snakemake rebuilds an existing output only when an input or a param of its rule has changed. This number is a param
    of the rule: it rises with each failure, so that the next run tries again, and stays the same after a success.
    """
    return int(read_json(path)["failures"]) if Path(path).exists() else 0


def warning(path: str | Path) -> str | None:
    """Return a one-line warning if the last logging failed, else None."""
    if not Path(path).exists() or (outcome := read_json(path))["logged"]:
        return None
    return (
        f"warning: mlflow: the run was not logged to {outcome['uri']}: {outcome['reason']}. "
        "The results are complete; the next run tries again"
    )


def limit_requests() -> None:
    """Set MLflow's limits of one request; MLflow reads some of them when it is imported."""
    for name, value in _REQUEST_SETTINGS.items():
        os.environ.setdefault(name, value)


class _Interruption(BaseException):
    """Not an Exception: urllib3 would catch a TimeoutError as its own and retry."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Interrupt the block after a time, whatever it waits for. Only for the main thread.

    Raises:
        TimeoutError: when the block takes longer.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    except _Interruption:
        raise TimeoutError(f"it took more than {seconds} s (tracking.timeout)") from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _reason(problem: BaseException) -> str:
    """Return the first cause in one line; requests and MLflow each wrap it in an error of their own."""
    while (cause := problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)) is not None:
        problem = cause
    return without_credentials(" ".join(f"{type(problem).__name__}: {problem}".split()))[:_LONGEST_REASON]


def _send(runs: Sequence["ModelRun"], tracker: Tracker, results: Path, logged: list[dict[str, str]]) -> None:
    limit_requests()
    # Imported after the limits are set; it takes 1.5 s of CPU time.
    from foldwise.tracking.mlflow import Sender

    results.mkdir(parents=True, exist_ok=True)
    sender = Sender(tracker.uri, tracker.experiment, results / "mlartifacts")
    for run in runs:
        logged.append({"dataset": run.dataset, "backend": run.backend, **sender.send(run)})
        print(f"{run.dataset} {run.backend}: run {logged[-1]['run_id']}")
