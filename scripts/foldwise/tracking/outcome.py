"""What came of logging: the file that the rule writes, and the warning that it gives rise to."""

from pathlib import Path
from typing import Any

from foldwise.io.files import read_json


def failures(path: str | Path) -> int:
    """Return how often logging has failed so far; 0 without a file.

    Snakemake makes an output that exists only again when something it rests on has changed. This number is a param of
    the rule: it rises with a failure, so that the next run tries again, and stays as it is after a success.
    """
    return int(read_json(path)["failures"]) if Path(path).exists() else 0


def warning(path: str | Path) -> str | None:
    """Return one line when the last logging failed."""
    found: dict[str, Any] = read_json(path) if Path(path).exists() else {"logged": True}
    if found["logged"]:
        return None
    return (
        f"warning: mlflow: the run was not logged to {found['uri']}: {found['reason']}. "
        "The results are complete; the next run tries again"
    )
