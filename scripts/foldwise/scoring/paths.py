"""Where the files of a final model are; the rules read this, so it imports no library that takes long to load."""

from pathlib import Path

from foldwise.backends import SPECIFICATIONS


def final_paths(folder: Path, backend: str) -> dict[str, str]:
    """Return the files that a final model is used with: ``model``, ``inner_predictions``, ``metrics``.

    Args:
        folder: the dataset's results.
        backend: name of a backend.
    """
    own = folder / backend
    return {
        "model": str(own / SPECIFICATIONS[backend].final_files[0]),
        "inner_predictions": str(own / "final" / "inner_predictions.parquet"),
        "metrics": str(own / "metrics.json"),
    }
