"""Decision rules: the calibrated probabilities and decisions that a user of the model gets.

Calibrator and thresholds of a fold are fitted on the inner out-of-fold predictions of its train part, never on a row
that is evaluated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.contract import Label
from foldwise.evaluation.decision_records import (
    Calibration,
    CalibrationAtLevel,
    CalibrationMetrics,
    Decision,
    DecisionsAtLevel,
    FoldThreshold,
    OperatingPoint,
)
from foldwise.evaluation.in_use import sentences_in_use
from foldwise.evaluation.interval_records import Interval, Means
from foldwise.evaluation.intervals import groups_of_rarer_class, interval_by_influence, reason_by_units
from foldwise.evaluation.predictions import by_unit, units_of
from foldwise.evaluation.records import Level
from foldwise.evaluation.validation import cross_validation
from foldwise.folds.assignment import Folds
from foldwise.stats.calibration import Calibrator, fit_calibrator, slope_and_intercept
from foldwise.stats.corrected_t import reason_to_refuse
from foldwise.stats.influence import METRICS as METRICS_WITH_INFLUENCE
from foldwise.stats.influence_interval import CrossValidation, influences
from foldwise.stats.metrics import brier, confusion, defined_decision_metrics, log_loss
from foldwise.stats.thresholds import Criterion, choose_threshold

_REPORTED = ("accuracy", "balanced_accuracy", "precision", "recall", "fpr", "f1", "mcc")
_FITTED_ON = "inner out-of-fold predictions of each fold's train part"


@dataclass(frozen=True)
class EvaluationSettings:
    """The evaluation section of the configuration.

    Attributes:
        operating_fpr: false-positive rates to aim at.
        confidence: confidence of the intervals, such as 0.95.
        calibration: method of :func:`foldwise.stats.calibration.fit_calibrator`.
        threshold: what the decision threshold is best by.
    """

    operating_fpr: Sequence[float]
    confidence: float
    calibration: str
    threshold: Criterion


@dataclass(frozen=True)
class DecisionRule:
    """How the predictions of a model become probabilities and decisions.

    Attributes:
        calibrator: from predictions, shape (n,), to calibrated probabilities, shape (n,).
        threshold: a row, or a unit, whose prediction before calibration is at least this is called positive.
        limits: false-positive rate to aim at -> the threshold for it.
    """

    calibrator: Calibrator
    threshold: float
    limits: Mapping[float, float]


def fit_decision_rule(inner: pd.DataFrame, settings: EvaluationSettings) -> DecisionRule:
    """Fit calibrator and threshold of a model on the inner out-of-fold predictions of its train part.

    The threshold is chosen on units: the mean prediction of their rows, and the label that most of these have. Where
    every row is a unit of its own that is the row.

    Args:
        inner: the rows with unit, group, label and score (the predicted probability), each from a model that was not
            trained on the row's group.
        settings: the evaluation section of the configuration.
    """
    units = units_of(inner, ["unit"])
    columns = (inner["score"].to_numpy(np.float64), inner["label"].to_numpy(np.int8), inner["group"].to_numpy(np.int32))
    return DecisionRule(
        calibrator=fit_calibrator(settings.calibration, *columns),
        threshold=_threshold(settings.threshold, units),
        limits={rate: _threshold(Criterion("fixed_fpr", rate), units) for rate in settings.operating_fpr},
    )


def apply_decision_rules(predictions: pd.DataFrame, rules: Mapping[int, DecisionRule]) -> pd.DataFrame:
    """Apply the decision rule of every fold to its rows.

    Args:
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold` or
            :func:`~foldwise.evaluation.predictions.inner_out_of_fold`.
        rules: outer fold -> its decision rule.

    Returns:
        The predictions with the columns ``calibrated``, ``threshold`` and one ``threshold_fpr_<rate>`` for each
        false-positive rate to aim at; a threshold is the same in all rows of a fold.
    """
    parts = []
    for name, part in predictions.groupby("fold"):
        rule = rules[int(str(name))]
        limits = {f"threshold_fpr_{rate:g}": limit for rate, limit in rule.limits.items()}
        calibrated = rule.calibrator(part["score"].to_numpy())
        parts.append(part.assign(calibrated=calibrated, threshold=rule.threshold, **limits))
    return pd.concat(parts)


def _threshold(criterion: Criterion, units: pd.DataFrame) -> float:
    return choose_threshold(criterion, units["score"].to_numpy(np.float64), units["label"].to_numpy(np.int8))


def calibration_summary(predictions: pd.DataFrame, method: str) -> Calibration:
    """Return Brier score, log-loss, slope and intercept before and after calibration, means over folds.

    Args:
        predictions: from :func:`apply_decision_rules`.
        method: the calibration method of the configuration.
    """
    levels = [
        CalibrationAtLevel(_extent(rows, level), *(_calibration_metrics(rows, c) for c in ("score", "calibrated")))
        for level, rows in _levels(predictions).items()
    ]
    return Calibration(method, _FITTED_ON, *levels)


def decision_summary(
    predictions: pd.DataFrame, inner: pd.DataFrame, folds: Folds, settings: EvaluationSettings, label: Label
) -> Decision:
    """Return how good the decisions at the chosen thresholds are, by row and by unit.

    Args:
        predictions: of the test rows, from :func:`apply_decision_rules`.
        inner: of the train rows by the inner models, likewise.
        folds: the folds of all rows of the dataset.
        settings: the evaluation section of the configuration.
        label: the label column, for sentences.
    """

    def at_level(level: Level, rows: pd.DataFrame) -> DecisionsAtLevel:
        groups, across = groups_of_rarer_class(rows), reason_by_units(predictions, level)

        def means(metrics: Sequence[str], column: str | None) -> dict[str, Interval]:
            by_fold = [_decision_metrics(part, column) for part in parts]
            thresholds = None if column is None else _by_fold(predictions, column)
            validation = cross_validation(predictions, inner, folds, level, thresholds)
            return {metric: interval(metric, [values[metric] for values in by_fold], validation) for metric in metrics}

        def interval(metric: str, values: Sequence[float], validation: CrossValidation) -> Interval:
            if metric not in METRICS_WITH_INFLUENCE:
                return Interval(_mean(values), refused="not computed for this metric")
            refused = reason_to_refuse(np.asarray(values), groups) or across
            return interval_by_influence(influences(metric, validation), refused, settings.confidence)

        parts = [part for _, part in rows.groupby("fold")]
        constants = [_constant_decisions(part) for part in parts]
        return DecisionsAtLevel(
            over=_extent(rows, level),
            confusion=np.sum([_confusion(p) for p in parts if p["repeat"].iloc[0] == 1], axis=0).tolist(),
            at_chosen=means(_REPORTED, "threshold"),
            at_half=means(_REPORTED, None),
            constant={metric: _mean([values[metric] for values in constants]) for metric in _REPORTED},
            better_than_constant=_better_than_constant(settings.threshold, parts),
            operating_points=[
                OperatingPoint(rate, **means(("tpr", "fpr"), f"threshold_fpr_{rate:g}"))
                for rate in settings.operating_fpr
            ],
        )

    levels = {level: at_level(level, rows) for level, rows in _levels(predictions).items()}
    return Decision(
        criterion=settings.threshold.setting,
        chosen_on=_FITTED_ON,
        folds=[FoldThreshold(*entry) for entry in _by_fold(predictions, "threshold").items()],
        row=levels["row"],
        unit=levels["unit"],
        in_use=sentences_in_use(levels["unit"], label.positive, label.negative),
    )


def _by_fold(predictions: pd.DataFrame, column: str) -> dict[int, float]:
    """Return the threshold of each fold."""
    return {int(str(fold)): float(value) for fold, value in predictions.groupby("fold")[column].first().items()}


def _levels(predictions: pd.DataFrame) -> dict[Level, pd.DataFrame]:
    return {"row": predictions, "unit": by_unit(predictions)}


def _extent(rows: pd.DataFrame, level: Level) -> Means:
    """Return what the means are computed on; rows, or units, and groups are those of one repeat."""
    once = rows[rows["repeat"] == 1]
    return Means(level, rows["fold"].nunique(), len(once), once["group"].nunique())


def _confusion(part: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the confusion table of one fold's decisions at its threshold, shape (2, 2)."""
    return confusion(part["label"].to_numpy(), part["score"].to_numpy(), float(part["threshold"].iloc[0]))


def _decision_metrics(part: pd.DataFrame, column: str | None) -> dict[str, float]:
    """Return the metrics of one fold's decisions, at the threshold that every row has in ``column``, or at 0.5."""
    threshold = 0.5 if column is None else float(part[column].iloc[0])
    metrics = defined_decision_metrics(part["label"].to_numpy(), part["score"].to_numpy(), threshold)
    return {**metrics, "tpr": metrics["recall"], "fpr": 1 - metrics["recall_class0"]}


def _constant_decisions(part: pd.DataFrame) -> dict[str, float]:
    """Return for each metric the better of "always positive" and "always negative" on one fold."""
    label = part["label"].to_numpy()
    always = [defined_decision_metrics(label, np.full(len(label), decision)) for decision in (0.0, 1.0)]
    return {name: max(values[name] for values in always) for name in always[0]} | {"fpr": 0.0}


def _better_than_constant(criterion: Criterion, folds: Sequence[pd.DataFrame]) -> bool:
    """Tell whether the decisions are better than the better constant one, by the criterion and the mean over folds."""
    # At a limited false-positive rate, and at a given threshold, decisions are judged by the difference of the rates.
    judged_by = criterion if criterion.name not in ("fixed_fpr", "fixed") else Criterion("youden")
    merits = []
    for part in folds:
        (tn, fp), (fn, tp) = _confusion(part).tolist()
        positives, negatives = tp + fn, tn + fp
        counts = np.array([[tp, fp], [0, 0], [positives, negatives]])
        merits.append(judged_by.merit(counts[:, 0], counts[:, 1], positives, negatives))
    decided, never, always = np.mean(merits, axis=0)
    return bool(decided > max(never, always))


def _calibration_metrics(predictions: pd.DataFrame, column: str) -> CalibrationMetrics:
    by_fold = []
    for _, part in predictions.groupby("fold"):
        label: npt.NDArray[np.int8] = part["label"].to_numpy()
        probability: npt.NDArray[np.float64] = part[column].to_numpy()
        slope, intercept = slope_and_intercept(probability, label)
        by_fold.append((brier(label, probability), log_loss(label, probability), slope, intercept))
    briers, losses, slopes, intercepts = zip(*by_fold, strict=True)
    return CalibrationMetrics(
        brier=_mean(briers),
        log_loss=_mean(losses),
        slope=_mean(slopes),
        intercept=_mean(intercepts),
        n_folds_with_slope=sum(bool(np.isfinite(slope)) for slope in slopes),
    )


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean of the values that are defined, None where none is."""
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else None
