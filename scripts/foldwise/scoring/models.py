"""The final models of a dataset, each with the calibrator and the threshold that belong to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.artifacts import read_json, read_table, sha256
from foldwise.backends import SPECIFICATIONS, get_backend
from foldwise.backends.contract import Backend
from foldwise.errors import UserError
from foldwise.matrix import FeatureMatrix
from foldwise.operation import Choices, Operation, fit_operation
from foldwise.scoring.paths import final_paths


@dataclass(frozen=True)
class FinalModel:
    """One backend's final model.

    Attributes:
        name: the backend.
        backend: its module.
        model: what that module loaded.
        operation: calibrator and threshold.
        facts: what they rest on, for the report.
    """

    name: str
    backend: Backend
    model: Any
    operation: Operation
    facts: Mapping[str, Any]

    def score(self, matrix: FeatureMatrix, threads: int) -> npt.NDArray[np.float64]:
        """Return the probability of class 1 for n rows, shape (n,)."""
        return self.backend.predict_matrix(self.model, matrix, threads).astype(np.float64)


def load_final_models(folder: Path, backends: Sequence[str] | None = None) -> list[FinalModel]:
    """Load the final models of a dataset from the formats that hold data only.

    Calibrator and threshold are fitted as in every outer fold, by the settings that ``metrics.json`` names, on the
    inner out-of-fold scores of the final fit.

    Args:
        folder: the dataset's results.
        backends: which, None for all that have a final model there.

    Raises:
        UserError: when there is none, or a file that belongs to one is missing.
    """
    names = backends or [b for b in SPECIFICATIONS if Path(final_paths(folder, b)["model"]).exists()]
    if not names:
        raise UserError(f"{folder}: there is no final model here: run the workflow for this dataset first")
    return [_load(folder, name) for name in names]


def _load(folder: Path, name: str) -> FinalModel:
    paths = final_paths(folder, name)
    for path in paths.values():
        if not Path(path).exists():
            raise UserError(f"{path}: the final model of {name} needs this file: run the workflow to its end first")
    metrics = read_json(paths["metrics"])
    choices = Choices(
        [point["fpr_aimed_at"] for point in metrics["thresholds"]["operating_points"]],
        0.95,
        metrics["calibration"]["method"],
        metrics["thresholds"]["criterion"],
    )
    inner = read_table(paths["inner_predictions"], columns=["label", "score"])
    operation = fit_operation(inner.column("score").to_numpy(), inner.column("label").to_numpy(), choices)
    backend = get_backend(name)
    facts = {
        "model": Path(paths["model"]).name,
        "sha256": sha256(paths["model"]),
        "version": backend.version(),
        "threshold": operation.threshold,
        "criterion": choices.threshold,
        "calibration": choices.calibration,
        "fitted_on": f"inner out-of-fold scores of {inner.num_rows} training rows",
        "headline": _headline(metrics),
    }
    return FinalModel(name, backend, backend.load(Path(paths["model"])), operation, facts)


def _headline(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the AUC that the evaluation found on groups that no model had seen, by row, and what it is over."""
    found = metrics["intervals"]["auc"]["corrected_t"]
    counts = {key: metrics["counts"][key] for key in ("rows", "units", "groups", "folds")}
    return {"metric": "auc", **{key: found.get(key) for key in ("estimate", "low", "high")}, **counts}
