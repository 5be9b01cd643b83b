"""Where the files of the final models and of their vote are; the rules read this, so it imports nothing slow."""

from collections.abc import Sequence
from pathlib import Path

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.model_names import ENSEMBLE

CHECKSUMS = "SHA256SUMS"
SCORER = "score.py"


def bundle_files(backends: Sequence[str]) -> list[str]:
    """Return the files that every bundle has; those as ONNX depend on what the converters make of the models."""
    return ["README.md", CHECKSUMS, "contract.json", "operation.json", SCORER, *map(model_file, backends)]


def model_file(backend: str) -> str:
    """Return the path of a backend's model in the bundle: its format that holds data only."""
    # Not in a folder of the backend's name beside score.py: without the library, `import` would take it for that.
    return f"models/{backend}/{SPECIFICATIONS[backend].final_files[0]}"


def onnx_file(backend: str) -> str:
    """Return the path of a backend's model as ONNX in the bundle."""
    return f"onnx/{backend}.onnx"


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
