"""The logging of a finished run. A tracker that fails costs a warning, never a result."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldwise.io.files import without_credentials, write_json
from foldwise.tracking import outcome
from foldwise.tracking.mlflow import limit_requests, time_limit
from foldwise.tracking.runs import Content

_LONGEST_REASON = 300


@dataclass(frozen=True)
class Tracker:
    """Where runs are logged to; ``timeout`` in seconds is for all of them together."""

    uri: str
    experiment: str
    timeout: int


def log_mlflow(contents: Sequence[Content], tracker: Tracker, failures: int, output: str | Path) -> None:
    """Log every entrant on every dataset; write what came of it.

    Args:
        contents: what to log.
        tracker: where to.
        failures: how often logging has failed before.
        output: JSON: ``uri``, ``experiment``, ``logged``, ``reason``, ``failures``, and ``runs`` with the id of each
            run and, for a backend, the version of its model in the registry.
    """
    runs: list[dict[str, str]] = []
    found = {"uri": without_credentials(tracker.uri), "experiment": tracker.experiment, "runs": runs}
    try:
        with time_limit(tracker.timeout):
            _send(contents, tracker, Path(output).parent, runs)
    except Exception as problem:
        # Whatever a tracker does must not end a run whose results are complete.
        traceback.print_exc()
        write_json(output, {**found, "logged": False, "reason": _reason(problem), "failures": failures + 1})
        print(outcome.warning(output), file=sys.stderr)
    else:
        write_json(output, {**found, "logged": True, "reason": None, "failures": failures})


def _reason(problem: BaseException) -> str:
    """Return what all began with in one line: requests and MLflow each wrap it in a sentence of their own."""
    while (deeper := problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)) is not None:
        problem = deeper
    return without_credentials(" ".join(f"{type(problem).__name__}: {problem}".split()))[:_LONGEST_REASON]


def _send(contents: Sequence[Content], tracker: Tracker, results: Path, runs: list[dict[str, str]]) -> None:
    limit_requests()
    # MLflow takes 1.5 s of CPU time to import, and reads its limits then.
    from foldwise.tracking.mlflow import Sender

    results.mkdir(parents=True, exist_ok=True)
    sender = Sender(tracker.uri, tracker.experiment, results / "mlartifacts")
    for content in contents:
        runs.append({"dataset": content.dataset, "backend": content.backend, **sender.send(content)})
        print(f"{content.dataset} {content.backend}: run {runs[-1]['run_id']}")
