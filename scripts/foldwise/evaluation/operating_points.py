"""Decision rules: the calibrated probabilities and decisions that a user of the model gets.

Calibrator and thresholds of a fold are fitted on the inner out-of-fold predictions of its train part, never on a row
that is evaluated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.decision_records import (
    Calibration,
    CalibrationMetrics,
    FoldThreshold,
    OperatingPoint,
    Thresholds,
)
from foldwise.evaluation.interval_records import Interval, Means
from foldwise.stats.calibration import Calibrator, fit_calibrator, slope_and_intercept
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse
from foldwise.stats.metrics import brier, defined_decision_metrics, log_loss
from foldwise.stats.thresholds import choose_threshold

_REPORTED = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")
_FITTED_ON = "inner out-of-fold predictions of each fold's train part"


@dataclass(frozen=True)
class EvaluationSettings:
    """The evaluation section of the configuration.

    Attributes:
        operating_fpr: false-positive rates to aim at; the first is that of the criterion ``fpr``.
        confidence: confidence of the intervals, such as 0.95.
        calibration: method of :func:`foldwise.stats.calibration.fit_calibrator`.
        threshold: criterion of :func:`foldwise.stats.thresholds.choose_threshold`.
    """

    operating_fpr: Sequence[float]
    confidence: float
    calibration: str
    threshold: str


@dataclass(frozen=True)
class DecisionRule:
    """How the predictions of a model become probabilities and decisions.

    Attributes:
        calibrator: from predictions, shape (n,), to calibrated probabilities, shape (n,).
        threshold: a row whose prediction, before calibration, is at least this is called positive.
    """

    calibrator: Calibrator
    threshold: float


def fit_decision_rule(inner: pd.DataFrame, settings: EvaluationSettings) -> DecisionRule:
    """Fit calibrator and threshold of a model on the inner out-of-fold predictions of its train part.

    Args:
        inner: the rows with unit, group, label and score (the predicted probability), each from a model that was not
            trained on the row's group.
        settings: the evaluation section of the configuration.
    """
    prediction, label = inner["score"].to_numpy(np.float64), inner["label"].to_numpy(np.int8)
    rates = settings.operating_fpr
    threshold = choose_threshold(settings.threshold, prediction, label, rates[0] if rates else 0.05)
    group = inner["group"].to_numpy(np.int32)
    return DecisionRule(fit_calibrator(settings.calibration, prediction, label, group), threshold)


def apply_decision_rules(
    predictions: pd.DataFrame, inner: Mapping[int, pd.DataFrame], settings: EvaluationSettings
) -> pd.DataFrame:
    """Fit the decision rule of every fold and apply it to its test rows.

    Args:
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold`.
        inner: fold -> the inner out-of-fold predictions of its train rows, as :func:`fit_decision_rule` takes them.
        settings: the evaluation section of the configuration.

    Returns:
        The predictions with the columns ``calibrated``, ``threshold`` and one ``threshold_fpr_<rate>`` for each rate
        of ``settings.operating_fpr``; a threshold is the same in all rows of a fold.
    """
    parts = []
    for name, part in predictions.groupby("fold"):
        fitted_on = inner[int(str(name))]
        prediction, label = fitted_on["score"].to_numpy(), fitted_on["label"].to_numpy()
        rule = fit_decision_rule(fitted_on, settings)
        limits = {
            f"threshold_fpr_{rate:g}": choose_threshold("fpr", prediction, label, rate)
            for rate in settings.operating_fpr
        }
        calibrated = rule.calibrator(part["score"].to_numpy())
        parts.append(part.assign(calibrated=calibrated, threshold=rule.threshold, **limits))
    return pd.concat(parts)


def calibration_summary(predictions: pd.DataFrame, method: str) -> Calibration:
    """Return Brier score, log-loss, slope and intercept before and after calibration, means over folds by row.

    Args:
        predictions: from :func:`apply_decision_rules`.
        method: the calibration method of the configuration.
    """
    before, after = (_calibration_metrics(predictions, column) for column in ("score", "calibrated"))
    return Calibration(method, _FITTED_ON, _extent(predictions), before, after)


def threshold_summary(
    predictions: pd.DataFrame,
    settings: EvaluationSettings,
    shares: Sequence[float],
    groups_of_rarer_class: int,
) -> Thresholds:
    """Return the metrics of decisions at 0.5 and at the chosen thresholds, and the operating points, by row over folds.

    Args:
        predictions: from :func:`apply_decision_rules`.
        settings: the evaluation section of the configuration.
        shares: n_test / n_train of each fold, for the corrected t interval.
        groups_of_rarer_class: groups with a row of the class that fewer groups have.
    """
    folds = [part for _, part in predictions.groupby("fold")]

    def over_folds(values: Sequence[float]) -> Interval:
        array = np.asarray(values, np.float64)
        refused = reason_to_refuse(array, groups_of_rarer_class)
        if refused:
            return Interval(_mean(values), refused=refused)
        return Interval(**corrected_t(array, float(np.mean(shares)), settings.confidence)[0].as_dict())

    def means(metrics: Sequence[str], column: str | None) -> dict[str, Interval]:
        by_fold = [_decision_metrics(part, column) for part in folds]
        return {metric: over_folds([values[metric] for values in by_fold]) for metric in metrics}

    return Thresholds(
        criterion=settings.threshold,
        chosen_on=_FITTED_ON,
        over=_extent(predictions),
        folds=[FoldThreshold(int(p["fold"].iloc[0]), float(p["threshold"].iloc[0])) for p in folds],
        at_half=means(_REPORTED, None),
        at_chosen=means(_REPORTED, "threshold"),
        operating_points=[
            OperatingPoint(rate, **means(("tpr", "fpr"), f"threshold_fpr_{rate:g}")) for rate in settings.operating_fpr
        ],
    )


def _extent(predictions: pd.DataFrame) -> Means:
    """Return what the means are computed on; rows and groups are those of one repeat."""
    once = predictions[predictions["repeat"] == 1]
    return Means("row", predictions["fold"].nunique(), len(once), once["group"].nunique())


def _decision_metrics(part: pd.DataFrame, column: str | None) -> dict[str, float]:
    """Return the metrics of one fold's decisions, at the threshold that every row has in ``column``, or at 0.5."""
    threshold = 0.5 if column is None else float(part[column].iloc[0])
    metrics = defined_decision_metrics(part["label"].to_numpy(), part["score"].to_numpy(), threshold)
    return {**metrics, "tpr": metrics["recall"], "fpr": 1 - metrics["recall_class0"]}


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
