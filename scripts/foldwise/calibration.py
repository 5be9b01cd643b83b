"""Scores turned into probabilities, and how far they are from being ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Calibrator = Callable[[Scores], Scores]

_EDGE = 1e-7
_STEPS = 100
_FLAT = 1e-9
# Beyond this slope or intercept the classes are separated and the likelihood has no maximum.
_DIVERGED = 1e3


def fit_calibrator(method: str, score: Scores, label: Labels) -> Calibrator:
    """Fit a map from scores to probabilities on inner out-of-fold scores.

    Args:
        method: ``sigmoid``: a logistic curve over the log-odds of the score, with Platt's smoothed
            targets (Platt 1999, Probabilistic outputs for support vector machines, section 2.2);
            ``isotonic``: the best monotone step function; ``none``: the score as it is.
        score: shape (n,), probabilities of class 1 that no model gave to its own train rows.
        label: shape (n,), 0 or 1.

    Returns:
        A function from scores of any shape (m,) to probabilities, shape (m,).
    """
    if method == "none":
        return lambda scores: scores
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps: Any = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, label)
        return lambda scores: np.asarray(steps.predict(scores), np.float64)
    positives, negatives = int(label.sum()), int((label == 0).sum())
    target = np.where(label == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    intercept, slope = _fit_line(log_odds(score), target)
    return lambda scores: _sigmoid(intercept + slope * log_odds(scores))


def log_odds(score: Scores) -> Scores:
    """Return ln(p / (1 - p)), with probabilities kept 1e-7 away from 0 and 1."""
    inside = np.clip(score, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def slope_and_intercept(score: Scores, label: Labels) -> tuple[float, float]:
    """Return the calibration slope and the calibration in the large of scores (Cox 1958).

    The slope is that of a logistic regression of the label on the log-odds: 1 is right, below 1
    the scores are too extreme. The intercept is that of the same regression with the slope held
    at 1: 0 is right, above 0 the scores are too low. NaN when the classes are separated.
    """
    odds = log_odds(score)
    target = label.astype(np.float64)
    _, slope = _fit_line(odds, target)
    intercept = _fit_offset(odds, target)
    diverged = float("nan")
    return (slope if abs(slope) < _DIVERGED else diverged, intercept if abs(intercept) < _DIVERGED else diverged)


def _fit_line(odds: Scores, target: Scores) -> tuple[float, float]:
    """Return intercept and slope of a logistic regression on one variable, by Newton's method."""
    X = np.stack([np.ones_like(odds), odds], axis=1)
    weights = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        probability = _sigmoid(X @ weights)
        curvature = (X * (probability * (1 - probability))[:, None]).T @ X + _FLAT * np.eye(2)
        step = np.linalg.solve(curvature, X.T @ (target - probability))
        # A full step can overshoot where the curve is flat; two log-odds a step are plenty.
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < _FLAT or np.abs(weights).max() > _DIVERGED:
            break
    return float(weights[0]), float(weights[1])


def _fit_offset(odds: Scores, target: Scores) -> float:
    """Return the intercept of a logistic regression whose slope is held at 1."""
    intercept = 0.0
    for _ in range(_STEPS):
        probability = _sigmoid(intercept + odds)
        step = float((target - probability).sum() / ((probability * (1 - probability)).sum() + _FLAT))
        intercept += min(max(step, -2.0), 2.0)
        if abs(step) < _FLAT or abs(intercept) > _DIVERGED:
            break
    return intercept


def _sigmoid(odds: Scores) -> Scores:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
