"""The final models of a dataset and their vote, each with the calibrator and the threshold that belong to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError, listed
from foldwise.evaluation.operating_points import DecisionRule, EvaluationSettings, fit_decision_rule
from foldwise.io.files import read_json, read_table, reading_result, sha256
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import final_paths
from foldwise.stats.ensemble_weights import weighted_mean


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
    operation: DecisionRule
    facts: Mapping[str, Any]

    def score(self, matrix: FeatureMatrix, threads: int) -> npt.NDArray[np.float64]:
        """Return the probability of class 1 for n rows, shape (n,)."""
        return self.backend.predict_matrix(self.model, matrix, threads).astype(np.float64)


@dataclass(frozen=True)
class FinalEnsemble:
    """The vote of the final models.

    Attributes:
        name: ``ensemble``.
        weights: of each backend that votes.
        operation: calibrator and threshold.
        facts: what they rest on, for the report.
    """

    name: str
    weights: Mapping[str, float]
    operation: DecisionRule
    facts: Mapping[str, Any]

    def score(self, scores: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
        """Return the weighted mean of the backends' scores for n rows, shape (n,); ``scores`` are by backend."""
        return weighted_mean([scores[backend] for backend in self.weights], list(self.weights.values()))


Entrant = FinalModel | FinalEnsemble


def load_final_models(folder: Path, entrants: Sequence[str] | None = None) -> list[Entrant]:
    """Load the final models of a dataset from the formats that hold data only, and the weights that they vote with.

    Calibrator and threshold are fitted as in every outer fold, by the settings that ``metrics.json`` names, on the
    inner out-of-fold scores of the final fit.

    Args:
        folder: the dataset's results.
        entrants: which, None for all that are there.

    Returns:
        The backends, the ensemble last.

    Raises:
        UserError: when there is none, or a file that belongs to one is missing.
    """
    known = (*SPECIFICATIONS, ENSEMBLE)
    names = entrants or [name for name in known if Path(final_paths(folder, name)["model"]).exists()]
    models = [_load_model(folder, name) for name in names if name != ENSEMBLE]
    if not models:
        raise UserError(f"{folder}: there is no final model here: run the workflow for this dataset first")
    return [*models, *([_load_ensemble(folder, models)] if ENSEMBLE in names else [])]


def _load_model(folder: Path, name: str) -> FinalModel:
    path, backend = Path(final_paths(folder, name)["model"]), get_backend(name)
    operation, facts = _operation(folder, name)
    # Each library has errors of its own for a file that it cannot parse.
    with reading_result(path, Exception):
        model = backend.load(path)
    return FinalModel(name, backend, model, operation, {**facts, "version": backend.version()})


def _load_ensemble(folder: Path, models: Sequence[FinalModel]) -> FinalEnsemble:
    operation, facts = _operation(folder, ENSEMBLE)
    path = final_paths(folder, ENSEMBLE)["model"]
    weights: dict[str, float] = read_json(path)["weights"]
    missing = sorted(set(weights) - {model.name for model in models})
    if missing:
        raise UserError(
            f"{path}: {listed(missing)} votes in this ensemble, but has no final model here: run the workflow to its "
            "end first"
        )
    return FinalEnsemble(ENSEMBLE, weights, operation, {**facts, "weights": weights})


def _operation(folder: Path, name: str) -> tuple[DecisionRule, dict[str, Any]]:
    """Return calibrator and threshold of an entrant, and what they rest on."""
    paths = final_paths(folder, name)
    for path in paths.values():
        if not Path(path).exists():
            raise UserError(f"{path}: the final model of {name} needs this file: run the workflow to its end first")
    metrics = read_json(paths["metrics"])
    choices = EvaluationSettings(
        [point["fpr_aimed_at"] for point in metrics["thresholds"]["operating_points"]],
        0.95,
        metrics["calibration"]["method"],
        metrics["thresholds"]["criterion"],
    )
    inner = read_table(paths["inner_predictions"], columns=["label", "score"])
    operation = fit_decision_rule(inner.column("score").to_numpy(), inner.column("label").to_numpy(), choices)
    return operation, {
        "model": Path(paths["model"]).name,
        "sha256": sha256(paths["model"]),
        "threshold": operation.threshold,
        "criterion": choices.threshold,
        "calibration": choices.calibration,
        "fitted_on": f"inner out-of-fold scores of {inner.num_rows} training rows",
        "headline": _headline(metrics),
    }


def _headline(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the AUC that the evaluation found on groups that no model had seen, by row, and what it is over."""
    found = metrics["intervals"]["auc"]["corrected_t"]
    counts = {key: metrics["counts"][key] for key in ("rows", "units", "groups", "folds")}
    return {"metric": "auc", **{key: found.get(key) for key in ("estimate", "low", "high")}, **counts}
