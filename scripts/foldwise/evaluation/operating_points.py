"""What a user of the model would see: calibrated probabilities, and decisions at a threshold chosen beforehand.

Calibrator and thresholds of a fold are fitted on the inner out-of-fold scores of its train part,
never on a row that is scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.stats.calibration import Calibrator, fit_calibrator, slope_and_intercept
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse
from foldwise.stats.metrics import brier, decisions_of, log_loss
from foldwise.stats.thresholds import choose_threshold


@dataclass(frozen=True)
class EvaluationSettings:
    """What the configuration says of scores.

    Attributes:
        operating_fpr: false-positive rates to aim at; the first is that of the criterion ``fpr``.
        confidence: confidence of the intervals.
        calibration: method of :func:`foldwise.stats.calibration.fit_calibrator`.
        threshold: criterion of :func:`foldwise.stats.thresholds.choose_threshold`.
    """

    operating_fpr: Sequence[float]
    confidence: float
    calibration: str
    threshold: str


_REPORTED = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")


@dataclass(frozen=True)
class DecisionRule:
    """How a model's scores are used.

    Attributes:
        calibrator: from scores, shape (n,), to probabilities, shape (n,).
        threshold: the score from which on a row is called positive.
    """

    calibrator: Calibrator
    threshold: float


def fit_decision_rule(
    score: npt.NDArray[np.float64], label: npt.NDArray[np.int8], choices: EvaluationSettings
) -> DecisionRule:
    """Fit calibrator and threshold of a model on the inner out-of-fold scores of its train part.

    Args:
        score: shape (n,), each from a model that had not seen the row's group.
        label: shape (n,), 0 or 1.
        choices: what the configuration says.
    """
    rates = choices.operating_fpr
    threshold = choose_threshold(choices.threshold, score, label, rates[0] if rates else 0.05)
    return DecisionRule(fit_calibrator(choices.calibration, score, label), threshold)


def apply_decision_rules(
    predictions: pd.DataFrame, inner: Mapping[int, pd.DataFrame], choices: EvaluationSettings
) -> pd.DataFrame:
    """Return the predictions with ``calibrated``, ``threshold`` and one ``threshold_fpr_<rate>`` a rate.

    Args:
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold`.
        inner: fold -> label and score of its train rows, from models that had not seen their groups.
        choices: what the configuration says.
    """
    rates = choices.operating_fpr
    parts = []
    for fold, part in predictions.groupby("fold"):
        score, label = inner[int(str(fold))]["score"].to_numpy(), inner[int(str(fold))]["label"].to_numpy()
        chosen = fit_decision_rule(score, label, choices)
        limits = {f"threshold_fpr_{rate:g}": choose_threshold("fpr", score, label, rate) for rate in rates}
        calibrated = chosen.calibrator(part["score"].to_numpy())
        parts.append(part.assign(calibrated=calibrated, threshold=chosen.threshold, **limits))
    result = pd.concat(parts)
    result.attrs = predictions.attrs
    return result


def calibration_summary(predictions: pd.DataFrame, method: str) -> dict[str, Any]:
    """Return Brier score, log-loss, slope and intercept before and after calibration, means over folds by row."""
    found: dict[str, Any] = {
        "method": method,
        "fitted_on": "inner out-of-fold scores of each fold's train part",
        **_over(predictions),
    }
    for name, column in (("before", "score"), ("after", "calibrated")):
        by_fold = [_calibration_of(part, column) for _, part in predictions.groupby("fold")]
        with_slope = sum(bool(np.isfinite(f["slope"])) for f in by_fold)
        found[name] = {metric: _mean([f[metric] for f in by_fold]) for metric in by_fold[0]}
        found[name]["n_folds_with_slope"] = with_slope
    return found


def threshold_summary(
    predictions: pd.DataFrame,
    choices: EvaluationSettings,
    shares: Sequence[float],
    groups_of_rarer_class: int,
) -> dict[str, Any]:
    """Return the decisions at 0.5 and at the chosen thresholds, and the operating points, by row over folds.

    Args:
        predictions: from :func:`apply_decision_rules`.
        choices: what the configuration says.
        shares: n_test / n_train of each fold, for the corrected t interval.
        groups_of_rarer_class: groups with a row of the class that fewer groups have.
    """
    folds = [part for _, part in predictions.groupby("fold")]

    def over_folds(values: Sequence[float]) -> dict[str, Any]:
        array = np.asarray(values, np.float64)
        refused = reason_to_refuse(array, groups_of_rarer_class)
        if refused:
            return {"estimate": _mean(values), "refused": refused}
        return corrected_t(array, float(np.mean(shares)), choices.confidence)[0].as_dict()

    found: dict[str, Any] = {
        "criterion": choices.threshold,
        "chosen_on": "inner out-of-fold scores of each fold's train part",
        **_over(predictions),
        "folds": [{"fold": int(p["fold"].iloc[0]), "threshold": float(p["threshold"].iloc[0])} for p in folds],
    }
    for name, column in (("at_0.5", None), ("at_chosen", "threshold")):
        by_fold = [_decided(part, column) for part in folds]
        found[name] = {metric: over_folds([d[metric] for d in by_fold]) for metric in _REPORTED}
    found["operating_points"] = [
        {
            "fpr_aimed_at": rate,
            "tpr": over_folds([_decided(part, f"threshold_fpr_{rate:g}")["tpr"] for part in folds]),
            "fpr": over_folds([_decided(part, f"threshold_fpr_{rate:g}")["fpr"] for part in folds]),
        }
        for rate in choices.operating_fpr
    ]
    return found


def _over(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return what the means are over; rows and groups are those of one repeat."""
    once = predictions[predictions["repeat"] == 1]
    return {
        "level": "row",
        "n_folds": predictions["fold"].nunique(),
        "n_rows": len(once),
        "n_groups": once["group"].nunique(),
    }


def _decided(part: pd.DataFrame, column: str | None) -> dict[str, float]:
    """Score the decisions of one fold at its threshold, which stands in every row of ``column``, or at 0.5."""
    threshold = 0.5 if column is None else float(part[column].iloc[0])
    found = decisions_of(part["label"].to_numpy(), part["score"].to_numpy(), threshold)
    return {**found, "tpr": found["recall"], "fpr": 1 - found["recall_class0"]}


def _calibration_of(part: pd.DataFrame, column: str) -> dict[str, float]:
    label: npt.NDArray[np.int8] = part["label"].to_numpy()
    score: npt.NDArray[np.float64] = part[column].to_numpy()
    slope, intercept = slope_and_intercept(score, label)
    return {"brier": brier(label, score), "log_loss": log_loss(label, score), "slope": slope, "intercept": intercept}


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean of the values that are defined, None where none is."""
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else None
