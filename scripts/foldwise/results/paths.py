"""File names of a dataset's results; the rules read them too, so this module imports nothing slow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.model_names import ENSEMBLE

# The checked table of a dataset and its column contract.
TABLE = "table.parquet"
CONTRACT = "table.json"
COMPARISON = "comparison.json"

# The tables that every fold of a backend writes, {name}.parquet, next to its model and params.json.
FOLD_TABLES = ("predictions", "inner_predictions", "search", "curve", "importance")

# The plots of a model, plots/{name}.png: of its evaluation, and of its training, which the ensemble does not have.
EVALUATION_PLOTS = (
    "cv_fold_comparison",
    "roc_curve",
    "precision_recall_curve",
    "confusion_matrix",
    "calibration_curve",
)
TRAINING_PLOTS = ("hyperparameter_search", "learning_curves", "feature_importance")

# Of a bundle.
CARD = "README.md"
CHECKSUMS = "SHA256SUMS"
SCORER = "score.py"
SCORER_CONTRACT = "contract.json"
SCORER_OPERATION = "operation.json"


def bundle_files(backends: Sequence[str]) -> list[str]:
    """Return the files that every bundle has; ONNX files are only in those whose models can be converted."""
    return [CARD, CHECKSUMS, SCORER_CONTRACT, SCORER_OPERATION, SCORER, *map(model_file, backends)]


def model_file(backend: str) -> str:
    """Return the path of a backend's model in the bundle: its format that holds data only."""
    # A folder named as the backend next to score.py would be imported in place of a library that is not installed.
    return f"models/{backend}/{SPECIFICATIONS[backend].final_files[0]}"


def onnx_file(backend: str) -> str:
    """Return the path of a backend's model as ONNX in the bundle."""
    return f"onnx/{backend}.onnx"


@dataclass(frozen=True)
class FinalModelFiles:
    """The files that a final model, or the ensemble, is used with.

    Attributes:
        model: the model in a format that contains data only; for the ensemble its weights.
        inner_predictions: the inner out-of-fold predictions of the final fit.
        metrics: metrics.json.
    """

    model: str
    inner_predictions: str
    metrics: str


def final_model_files(folder: str | Path, name: str) -> FinalModelFiles:
    """Return the files of a final model.

    Args:
        folder: the dataset's results.
        name: name of a backend, or ``ensemble``.
    """
    own = Path(folder, name)
    model = "final/params.json" if name == ENSEMBLE else SPECIFICATIONS[name].final_files[0]
    return FinalModelFiles(
        model=str(own / model),
        inner_predictions=str(own / "final" / "inner_predictions.parquet"),
        metrics=str(own / "metrics.json"),
    )
