"""The files of a bundle; read by the rules too, so that it imports no library."""

from collections.abc import Sequence

from foldwise.backends import SPECIFICATIONS

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
