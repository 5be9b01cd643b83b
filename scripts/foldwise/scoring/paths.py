"""Where the files of the final models and of their vote are; the rules read this, so it imports nothing slow."""

from pathlib import Path

from foldwise.backends import SPECIFICATIONS
from foldwise.entrants import ENSEMBLE


def final_paths(folder: Path, backend: str) -> dict[str, str]:
    """Return the files that a final model, or the vote of all, is used with.

    Args:
        folder: the dataset's results.
        backend: name of a backend, or ``ensemble``.

    Returns:
        Paths of ``model``, which for the ensemble are its weights, ``inner_predictions`` and ``metrics``.
    """
    own = folder / backend
    model = "final/params.json" if backend == ENSEMBLE else SPECIFICATIONS[backend].final_files[0]
    return {
        "model": str(own / model),
        "inner_predictions": str(own / "final" / "inner_predictions.parquet"),
        "metrics": str(own / "metrics.json"),
    }
