"""How long a tracker is waited for: MLflow alone would ask a dead one again for minutes."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What the user has set counts. Telemetry would tell a third party that a run took place.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def limit_requests() -> None:
    """Set MLflow's limits of one request; they must stand before MLflow is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


class _Interruption(BaseException):
    """Passes every ``except Exception``: urllib3 would take a TimeoutError for its own and ask again."""


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
