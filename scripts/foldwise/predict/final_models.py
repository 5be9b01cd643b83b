"""The final models of a dataset and their ensemble, each with its decision rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from foldwise.backends.base import Backend
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError, listed
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.operating_points import DecisionRule, EvaluationSettings, fit_decision_rule
from foldwise.evaluation.records import HEADLINE_METHOD, Metrics
from foldwise.io.files import read_table, reading_result, sha256
from foldwise.io.json_record import JsonRecord
from foldwise.model_names import CONSTANT, ENSEMBLE
from foldwise.results.load import read_record
from foldwise.results.paths import COMPARISON, FinalModelFiles, final_model_files
from foldwise.results.training_records import EnsembleParams
from foldwise.stats.ensemble_weights import weighted_sum
from foldwise.stats.thresholds import Criterion

Predictions = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeadlineAuc(JsonRecord):
    """The row-level AUC over the outer folds, the ends of its interval, and what it is computed on."""

    metric: str
    estimate: float | None
    low: float | None
    high: float | None
    rows: int
    units: int
    groups: int
    folds: int


@dataclass(frozen=True)
class ModelRecord(JsonRecord):
    """What a report says about a final model.

    Attributes:
        model: name of its file; for the ensemble that of its weights.
        sha256: hash of that file.
        threshold: decision threshold on the uncalibrated prediction.
        criterion: what the threshold is best by.
        calibration: method of the calibrator.
        fitted_on: what calibrator and threshold were fitted on, in words.
        headline: the evaluation of the model.
        version: version of the library, of a backend.
        weights: weight of each backend and of the constant prediction, of the ensemble.
    """

    model: str
    sha256: str
    threshold: float
    criterion: str
    calibration: str
    fitted_on: str
    headline: HeadlineAuc
    version: str | None = None
    weights: Mapping[str, float] | None = None


class Model(Protocol):
    """A final model or the ensemble: its name, its decision rule and its record."""

    @property
    def name(self) -> str:
        """Name of the backend, or ``ensemble``."""

    @property
    def rule(self) -> DecisionRule:
        """Calibrator and threshold."""

    @property
    def record(self) -> ModelRecord:
        """What a report says about it."""


@dataclass(frozen=True)
class FinalModel:
    """The final model of one backend; ``booster`` is what the module ``backend`` loaded."""

    name: str
    rule: DecisionRule
    record: ModelRecord
    backend: Backend
    booster: Any

    def predict(self, features: FeatureMatrix, threads: int) -> Predictions:
        """Return the uncalibrated probability of class 1 for n rows, shape (n,)."""
        return self.backend.predict_matrix(self.booster, features, threads).astype(np.float64)


@dataclass(frozen=True)
class FinalEnsemble:
    """The weighted mean of the final models and of the constant prediction.

    Attributes:
        name: ``ensemble``.
        rule: calibrator and threshold.
        record: what a report says about it.
        weights: weight by backend.
        constant: the constant prediction times its weight.
    """

    name: str
    rule: DecisionRule
    record: ModelRecord
    weights: Mapping[str, float]
    constant: float

    def combine(self, predictions: Mapping[str, Predictions]) -> Predictions:
        """Return the weighted mean of the backends' predictions for n rows, shape (n,)."""
        by_backend = [predictions[backend] for backend in self.weights]
        return weighted_sum(by_backend, list(self.weights.values()), self.constant)


@dataclass(frozen=True)
class FinalModels:
    """The final models of a dataset, their ensemble if there is one, and the name of the recommended model."""

    backends: Sequence[FinalModel]
    ensemble: FinalEnsemble | None
    recommended: str

    def __iter__(self) -> Iterator[Model]:
        """Iterate over the models: the recommended one, then the other backends, then the ensemble."""
        models: list[Model] = [*self.backends, *([self.ensemble] if self.ensemble else [])]
        yield from sorted(models, key=lambda model: model.name != self.recommended)

    def predict(self, features: FeatureMatrix, threads: int) -> dict[str, Predictions]:
        """Return model -> uncalibrated probability of class 1 for n rows, shape (n,)."""
        predictions = {model.name: model.predict(features, threads) for model in self.backends}
        return predictions | ({self.ensemble.name: self.ensemble.combine(predictions)} if self.ensemble else {})


def load_final_models(files: Mapping[str, FinalModelFiles], recommended: str) -> FinalModels:
    """Load final models from the formats that contain data only, and the ensemble's weights.

    Calibrator and threshold are fitted as in every outer fold: with the settings recorded in metrics.json, on the
    inner out-of-fold predictions of the final fit.

    Args:
        files: name of a backend, or ``ensemble`` -> its files.
        recommended: name of the recommended model.

    Raises:
        UserError: if a file is missing or broken, or the recommended model or one that the ensemble combines is not
            among ``files``.
    """
    if recommended not in files:
        raise UserError(
            f"the recommended model {recommended!r} has no final model here, {listed(files)} has: run the workflow to "
            "its end first"
        )
    backends = [_load_model(name, paths) for name, paths in files.items() if name != ENSEMBLE]
    return FinalModels(backends, _load_ensemble(files[ENSEMBLE], backends) if ENSEMBLE in files else None, recommended)


def find_final_models(folder: Path) -> FinalModels:
    """Load all final models in a dataset's results folder; comparison.json names the recommended one.

    Raises:
        UserError: if there is none, or comparison.json or what :func:`load_final_models` needs is missing or broken.
    """
    files = {name: final_model_files(folder, name) for name in (*SPECIFICATIONS, ENSEMBLE)}
    existing = {name: paths for name, paths in files.items() if Path(paths.model).exists()}
    if not set(existing) - {ENSEMBLE}:
        raise UserError(f"{folder}: there is no final model here: run the workflow for this dataset first")
    if not (folder / COMPARISON).exists():
        raise UserError(
            f"{folder / COMPARISON}: this file names the recommended model and is missing: run the workflow to its end "
            "first"
        )
    return load_final_models(existing, read_record(folder / COMPARISON, Comparison).recommended)


def _load_model(name: str, files: FinalModelFiles) -> FinalModel:
    backend = get_backend(name)
    rule, record = _rule_and_record(name, files, version=backend.version())
    # Each library raises errors of its own for a file that it cannot parse.
    with reading_result(files.model, Exception):
        booster = backend.load(Path(files.model))
    return FinalModel(name, rule, record, backend, booster)


def _load_ensemble(files: FinalModelFiles, backends: Sequence[FinalModel]) -> FinalEnsemble:
    params = read_record(files.model, EnsembleParams)
    weights = {name: weight for name, weight in params.weights.items() if name != CONSTANT}
    rule, record = _rule_and_record(ENSEMBLE, files, weights=params.weights)
    missing = sorted(set(weights) - {model.name for model in backends})
    if missing:
        raise UserError(
            f"{files.model}: the ensemble combines {listed(missing)}, which has no final model here: run the workflow "
            "to its end first"
        )
    return FinalEnsemble(ENSEMBLE, rule, record, weights, params.weights[CONSTANT] * params.prevalence)


def _rule_and_record(name: str, files: FinalModelFiles, **own: Any) -> tuple[DecisionRule, ModelRecord]:
    for path in (files.model, files.inner_predictions, files.metrics):
        if not Path(path).exists():
            raise UserError(f"{path}: the final model of {name} needs this file: run the workflow to its end first")
    metrics = read_record(files.metrics, Metrics)
    criterion, calibration = Criterion.of(metrics.decision.criterion), metrics.calibration.method
    settings = EvaluationSettings([], 0.95, calibration, criterion)
    inner = read_table(files.inner_predictions, columns=["unit", "group", "label", "score"]).to_pandas()
    rule = fit_decision_rule(inner, settings)
    return rule, ModelRecord(
        model=Path(files.model).name,
        sha256=sha256(files.model),
        threshold=rule.threshold,
        criterion=str(criterion),
        calibration=calibration,
        fitted_on=f"inner out-of-fold scores of {len(inner)} training rows",
        headline=_headline(metrics),
        **own,
    )


def _headline(metrics: Metrics) -> HeadlineAuc:
    interval, counts = metrics.intervals["auc"][HEADLINE_METHOD], metrics.counts
    ends = (interval.estimate, interval.low, interval.high)
    return HeadlineAuc("auc", *ends, counts.rows, counts.units, counts.groups, counts.folds)
