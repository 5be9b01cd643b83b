"""Calibration: maps from predictions to probabilities, and how well predictions fit the labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Predictions = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Groups = npt.NDArray[np.int32]
_EDGE = 1e-7
_STEPS = 100
_SMALLEST_STEP = 1e-9
_FLAT = 1e-9


@dataclass(frozen=True)
class Calibrator:
    """A map from predictions to probabilities, as plain numbers.

    Attributes:
        method: ``sigmoid``, ``isotonic`` or ``none``.
        numbers: for ``sigmoid``, ``intercept`` and ``slope`` of a line over the log-odds, the slope at least 0; for
            ``isotonic``, ``score`` and ``probability``, the k knots between which the map is linear.
    """

    method: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, prediction: Predictions) -> Predictions:
        """Return the probabilities of predictions, both of shape (m,)."""
        if self.method == "sigmoid":
            return _sigmoid(self.numbers["intercept"] + self.numbers["slope"] * log_odds(prediction))
        if self.method == "isotonic":
            return np.asarray(np.interp(prediction, self.numbers["score"], self.numbers["probability"]))
        return prediction


def fit_calibrator(method: str, prediction: Predictions, label: Labels, group: Groups) -> Calibrator:
    """Fit a map from predictions to probabilities that never reverses their order.

    Args:
        method: ``auto``: the logistic curve of ``sigmoid``, as far as the groups can tell that it is neither the
            prediction as it is nor the constant one: see :func:`_shrunk`; ``sigmoid``: a logistic curve over the
            log-odds of the prediction, with Platt's smoothed targets (Platt 1999, Probabilistic outputs for support
            vector machines, section 2.2), or the share of positives where the curve would fall; ``isotonic``: the
            best increasing function, linear between the predictions it is fitted on; ``none``: the prediction as it
            is.
        prediction: shape (n,), probabilities of class 1 from models that were not trained on these rows.
        label: shape (n,), 0 or 1.
        group: shape (n,), group of each row; only ``auto`` needs it.

    Returns:
        A function from predictions, shape (m,), to probabilities, shape (m,).

    Example:
        >>> label = np.tile([0, 0, 1, 1, 1], 20).astype(np.int8)
        >>> prediction = np.where(label == 1, 0.99, 0.7)
        >>> calibrate = fit_calibrator("sigmoid", prediction, label, np.arange(100, dtype=np.int32))
        >>> calibrate(np.array([0.7, 0.9, 0.99])).round(2)
        array([0.02, 0.29, 0.98])
    """
    if method == "none":
        return Calibrator(method)
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps: Any = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(prediction, label)
        knots = {"score": steps.X_thresholds_.tolist(), "probability": steps.y_thresholds_.tolist()}
        return Calibrator(method, knots)
    positives, negatives = int(label.sum()), int((label == 0).sum())
    target = np.where(label == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    odds = log_odds(prediction)
    intercept, slope = _fit_line(odds, target)
    if slope <= 0:
        return Calibrator("sigmoid", {"intercept": _constant(target), "slope": 0.0})
    if method == "auto":
        return _shrunk(intercept, slope, odds, target, group)
    return Calibrator("sigmoid", {"intercept": intercept, "slope": slope})


def _shrunk(intercept: float, slope: float, odds: Predictions, target: Predictions, group: Groups) -> Calibrator:
    """Shrink a calibration line towards the prediction as it is, and that towards the constant prediction.

    With the line's distance d from intercept 0 and slope 1, and the covariance V of both, clustered by group, the line
    moves by the share 2 / (d' V^-1 d) of d towards the prediction as it is, all the way where that is above 1: two is
    the expected value of d' V^-1 d for a prediction that needs no calibration (empirical Bayes by the method of
    moments; Efron and Morris 1973, Stein's estimation rule and its competitors, section 2). The result then moves
    towards the constant prediction by the share (standard error / slope)^2, likewise, all the way where the slope is at
    most one standard error.

    Args:
        intercept: of the line that is fitted, over log-odds.
        slope: above 0.
        odds: shape (n,), log-odds of the predictions that it is fitted on.
        target: shape (n,), from 0 to 1.
        group: shape (n,).
    """
    covariance = _clustered_covariance(intercept, slope, odds, target, group)
    error = float(np.sqrt(covariance[1, 1]))
    if error >= slope:
        return Calibrator("sigmoid", {"intercept": _constant(target), "slope": 0.0})
    distance = np.array([intercept, slope - 1])
    squared = float(distance @ np.linalg.pinv(covariance, hermitian=True) @ distance)
    kept = max(0.0, 1 - 2 / squared) if squared > 0 else 0.0
    share = 1 - (error / slope) ** 2
    intercept, slope = kept * distance[0], 1 + kept * distance[1]
    return Calibrator(
        "sigmoid", {"intercept": share * intercept + (1 - share) * _constant(target), "slope": share * slope}
    )


def _constant(target: Predictions) -> float:
    """Return the log-odds of the constant prediction."""
    return float(log_odds(np.asarray(target.mean())))


def _clustered_covariance(
    intercept: float, slope: float, odds: Predictions, target: Predictions, group: Groups
) -> Predictions:
    """Return the covariance of intercept and slope, shape (2, 2), for rows that are independent between groups only.

    Source: Liang and Zeger (1986), Longitudinal data analysis using generalized linear models, with G / (G - 1).
    """
    X = np.stack([np.ones_like(odds), odds], axis=1)
    probability = _sigmoid(X @ np.array([intercept, slope]))
    curvature = (X * (probability * (1 - probability))[:, None]).T @ X + _FLAT * np.eye(2)
    _, index = np.unique(group, return_inverse=True)
    sums = np.stack([np.bincount(index, column) for column in (X * (target - probability)[:, None]).T], axis=1)
    bread = np.linalg.inv(curvature)
    return np.asarray(bread @ (sums.T @ sums) @ bread * len(sums) / max(1, len(sums) - 1))


def log_odds(prediction: Predictions) -> Predictions:
    """Return ln(p / (1 - p)), with probabilities kept 1e-7 away from 0 and 1."""
    inside = np.clip(prediction, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def slope_and_intercept(prediction: Predictions, label: Labels) -> tuple[float, float]:
    """Return the calibration slope and the calibration in the large of predictions.

    Cox (1958), Two further applications of a model for binary regression, Biometrika 45. The slope is that of a
    logistic regression of the label on the log-odds: 1 is right, below 1 the predictions are too extreme. The intercept
    is that of the same regression with the slope fixed at 1: 0 is right, above 0 the predictions are too low. Where a
    threshold separates the classes, the likelihood has no maximum and the slope is NaN; where a class is missing, both
    are.
    """
    undefined = float("nan")
    if len(np.unique(label)) < 2:
        return undefined, undefined
    odds = log_odds(prediction)
    target = label.astype(np.float64)
    [intercept] = _fit(np.ones((len(odds), 1)), odds, target)
    negative, positive = odds[label == 0], odds[label == 1]
    separated = negative.max() <= positive.min() or positive.max() <= negative.min()
    return undefined if separated else _fit_line(odds, target)[1], float(intercept)


def _fit_line(odds: Predictions, target: Predictions) -> tuple[float, float]:
    """Return intercept and slope of a logistic regression on one variable; the slope is 0 where it does not vary."""
    centre = float(odds[0])
    spread = float((odds - centre).std()) or 1.0
    X = np.stack([np.ones_like(odds), (odds - centre) / spread], axis=1)
    intercept, slope = _fit(X, np.zeros_like(odds), target)
    return float(intercept - slope * centre / spread), float(slope / spread)


def _fit(X: Predictions, offset: Predictions, target: Predictions) -> Predictions:
    """Return the weights of a logistic regression, shape (p,), by Newton's method.

    Args:
        X: shape (n, p).
        offset: shape (n,), log-odds that are added with weight 1.
        target: shape (n,), from 0 to 1.
    """
    weights = np.zeros(X.shape[1])
    for _ in range(_STEPS):
        odds = offset + X @ weights
        probability = _sigmoid(odds)
        curvature = (X * (probability * (1 - probability))[:, None]).T @ X + _FLAT * np.eye(len(weights))
        step = np.linalg.solve(curvature, X.T @ (target - probability))
        # Where the likelihood is flat, as with overconfident predictions, a full step overshoots.
        while _loss(offset + X @ (weights + step), target) > _loss(odds, target):
            step /= 2
            if np.abs(step).max() < _SMALLEST_STEP:
                return weights
        weights = weights + step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    return weights


def _loss(odds: Predictions, target: Predictions) -> float:
    return float((np.logaddexp(0, odds) - target * odds).sum())


def _sigmoid(odds: Predictions) -> Predictions:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
