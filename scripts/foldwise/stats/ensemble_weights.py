"""Weights of an ensemble: the weighted mean of several models' predicted probabilities with the least log-loss."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

Probabilities = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# Too small to change a weight that the rows determine; models with equal predictions get equal weights through it.
_RIDGE = 1e-8
_MAX_ITERATIONS = 100
_SMALLEST_STEP = 1e-10

# Finer differences do not improve the log-loss, and they depend on how a processor's linear algebra rounds.
_STEPS_OF_A_WEIGHT = 10**6
_SMALLEST_LIKELIHOOD = float(np.finfo(np.float64).eps)


def optimal_weights(predictions: Probabilities, label: Labels) -> Probabilities:
    """Return non-negative weights with sum 1 whose weighted mean prediction has the least log-loss.

    The log-loss is convex in the weights, and equals the negative log-likelihood of mixture proportions with known
    components. It is minimised by the sequential quadratic programming of Kim, Carbonetto, Stephens and Anitescu
    (2020), A fast algorithm for maximum likelihood estimation of mixture proportions, Journal of Computational and
    Graphical Statistics 29(2), 261-273, each step solved as non-negative least squares. Every row has the same
    weight, whatever weights the models were trained with, as in the log-loss that is reported.

    Args:
        predictions: shape (n, m), probabilities of class 1 from m models.
        label: shape (n,), 0 or 1.

    Returns:
        Shape (m,), multiples of a millionth, so that processors whose linear algebra rounds differently give the
        same bits. Models with equal predictions have equal weights.

    Example:
        >>> label = np.array([1, 0, 1, 0], np.int8)
        >>> good, inverted = np.array([0.8, 0.3, 0.7, 0.2]), np.array([0.2, 0.7, 0.3, 0.8])
        >>> optimal_weights(np.stack([good, inverted], axis=1), label).tolist()
        [1.0, 0.0]
    """
    likelihood = np.where(label[:, None] == 1, predictions, 1 - predictions).clip(_SMALLEST_LIKELIHOOD)
    weights = np.full(predictions.shape[1], 1 / predictions.shape[1])
    for _ in range(_MAX_ITERATIONS):
        step = _newton_target(likelihood / (likelihood @ weights)[:, None]) - weights
        # The quadratic model can overshoot where the likelihood curves away from it.
        loss = _loss(likelihood, weights)
        while _loss(likelihood, weights + step) > loss and np.abs(step).max() > _SMALLEST_STEP:
            step /= 2
        weights = weights + step
        if np.abs(step).max() <= _SMALLEST_STEP:
            break
    steps = (weights / weights.sum() * _STEPS_OF_A_WEIGHT).round()
    return np.asarray(steps / steps.sum())


def weighted_mean(predictions: Sequence[Probabilities], weights: Sequence[float]) -> Probabilities:
    """Return the weighted mean of m predictions, shape (n,), summed in their order so that the bits never differ.

    Args:
        predictions: m arrays of shape (n,), probabilities of class 1.
        weights: m weights with sum 1.

    Example:
        >>> weighted_mean([np.array([0.2, 0.8]), np.array([0.4, 0.6])], [0.25, 0.75]).round(3).tolist()
        [0.35, 0.65]
    """
    total = weights[0] * predictions[0]
    for prediction, weight in zip(predictions[1:], weights[1:], strict=True):
        total = total + weight * prediction
    return np.asarray(total)


def _newton_target(ratio: Probabilities) -> Probabilities:
    """Return the non-negative weights, shape (m,), that minimise the quadratic model of the loss.

    Args:
        ratio: shape (n, m), likelihood of each model divided by that of the weighted mean.
    """
    n_rows, n_models = ratio.shape
    curvature = np.linalg.cholesky(ratio.T @ ratio / n_rows + _RIDGE * np.eye(n_models))
    target, _ = nnls(curvature.T, np.linalg.solve(curvature, 2 * ratio.mean(axis=0) - 1))
    return np.asarray(target, np.float64)


def _loss(likelihood: Probabilities, weights: Probabilities) -> float:
    """Return the log-loss plus the sum of the weights, which replaces the constraint: at the minimum it is 1."""
    return float(-np.log(likelihood @ weights).mean() + weights.sum() + _RIDGE / 2 * (weights @ weights))
