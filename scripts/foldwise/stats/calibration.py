"""Scores turned into probabilities, and how far they are from being ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
_EDGE = 1e-7
_STEPS = 100
_SMALLEST_STEP = 1e-9
_FLAT = 1e-9


@dataclass(frozen=True)
class Calibrator:
    """A map from scores to probabilities, as plain numbers.

    Attributes:
        method: ``sigmoid``, ``isotonic`` or ``none``.
        numbers: of ``sigmoid``, ``intercept`` and ``slope`` of the line over the log-odds; of ``isotonic``, ``score``
            and ``probability``, the k knots between which it is straight.
    """

    method: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, score: Scores) -> Scores:
        """Return the probabilities of scores of shape (m,)."""
        if self.method == "sigmoid":
            return _sigmoid(self.numbers["intercept"] + self.numbers["slope"] * log_odds(score))
        if self.method == "isotonic":
            return np.asarray(np.interp(score, self.numbers["score"], self.numbers["probability"]))
        return score


def fit_calibrator(method: str, score: Scores, label: Labels) -> Calibrator:
    """Fit a map from scores to probabilities on inner out-of-fold scores.

    Args:
        method: ``sigmoid``: a logistic curve over the log-odds of the score, with Platt's smoothed
            targets (Platt 1999, Probabilistic outputs for support vector machines, section 2.2);
            ``isotonic``: the best rising function, straight between the scores it saw; ``none``: the score as it is.
        score: shape (n,), probabilities of class 1 that no model gave to its own train rows.
        label: shape (n,), 0 or 1.

    Returns:
        A function from scores of any shape (m,) to probabilities, shape (m,).
    """
    if method == "none":
        return Calibrator(method)
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps: Any = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, label)
        knots = {"score": steps.X_thresholds_.tolist(), "probability": steps.y_thresholds_.tolist()}
        return Calibrator(method, knots)
    positives, negatives = int(label.sum()), int((label == 0).sum())
    target = np.where(label == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    intercept, slope = _fit_line(log_odds(score), target)
    return Calibrator(method, {"intercept": intercept, "slope": slope})


def log_odds(score: Scores) -> Scores:
    """Return ln(p / (1 - p)), with probabilities kept 1e-7 away from 0 and 1."""
    inside = np.clip(score, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def slope_and_intercept(score: Scores, label: Labels) -> tuple[float, float]:
    """Return the calibration slope and the calibration in the large of scores (Cox 1958).

    The slope is that of a logistic regression of the label on the log-odds: 1 is right, below 1
    the scores are too extreme. The intercept is that of the same regression with the slope held
    at 1: 0 is right, above 0 the scores are too low. Where one cut of the scores separates the
    classes, the likelihood has no maximum and the slope is NaN; both are where a class is missing.
    """
    undefined = float("nan")
    if len(np.unique(label)) < 2:
        return undefined, undefined
    odds = log_odds(score)
    target = label.astype(np.float64)
    [intercept] = _fit(np.ones((len(odds), 1)), odds, target)
    negative, positive = odds[label == 0], odds[label == 1]
    separated = negative.max() <= positive.min() or positive.max() <= negative.min()
    return undefined if separated else _fit_line(odds, target)[1], float(intercept)


def _fit_line(odds: Scores, target: Scores) -> tuple[float, float]:
    """Return intercept and slope of a logistic regression on one variable; the slope is 0 where it does not vary."""
    centre = float(odds[0])
    spread = float((odds - centre).std()) or 1.0
    X = np.stack([np.ones_like(odds), (odds - centre) / spread], axis=1)
    intercept, slope = _fit(X, np.zeros_like(odds), target)
    return float(intercept - slope * centre / spread), float(slope / spread)


def _fit(X: Scores, offset: Scores, target: Scores) -> Scores:
    """Return the weights of a logistic regression, shape (p,), by Newton's method.

    Args:
        X: shape (n, p).
        offset: shape (n,), log-odds that are added as they are.
        target: shape (n,), from 0 to 1.
    """
    weights = np.zeros(X.shape[1])
    for _ in range(_STEPS):
        odds = offset + X @ weights
        probability = _sigmoid(odds)
        curvature = (X * (probability * (1 - probability))[:, None]).T @ X + _FLAT * np.eye(len(weights))
        step = np.linalg.solve(curvature, X.T @ (target - probability))
        # Where the likelihood is flat, as with overconfident scores, a full step overshoots.
        while _loss(offset + X @ (weights + step), target) > _loss(odds, target):
            step /= 2
            if np.abs(step).max() < _SMALLEST_STEP:
                return weights
        weights = weights + step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    return weights


def _loss(odds: Scores, target: Scores) -> float:
    return float((np.logaddexp(0, odds) - target * odds).sum())


def _sigmoid(odds: Scores) -> Scores:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
