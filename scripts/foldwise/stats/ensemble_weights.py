"""Weights of an ensemble: the mean of several models' predicted probabilities and of the constant prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Probabilities = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# How many groups the belief in equal weights is worth, before any prediction is seen.
_PRIOR_GROUPS = 10
# Chosen on the tables of `make bench`: with less a table without signal does not end at the constant, with more a small
# table with signal does.
_LEAST_ERRORS = 0.8
# Finer differences do not improve the log-loss, and they depend on how a processor's linear algebra rounds.
_STEPS_OF_A_WEIGHT = 10**4
_SMALLEST_LIKELIHOOD = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class EnsembleWeights:
    """Weights of m models and of the constant prediction, with sum 1.

    Attributes:
        models: shape (m,), multiples of a ten-thousandth.
        constant: weight of ``prevalence``, the rest.
        prevalence: the constant prediction, the share of positive rows that the weights are estimated on.
    """

    models: Probabilities
    constant: float
    prevalence: float

    def combine(self, predictions: Sequence[Probabilities]) -> Probabilities:
        """Return the weighted mean of m predictions, each of shape (n,), and of the constant one."""
        return weighted_sum(predictions, self.models.tolist(), self.constant * self.prevalence)


def estimate_weights(predictions: Probabilities, label: Labels, group: npt.NDArray[np.int32]) -> EnsembleWeights:
    """Estimate the weights of an ensemble from out-of-fold predictions, as far as the groups can tell.

    The weights of the models are those with the least log-loss, shrunk towards equal ones: the mean log-likelihood of
    the rows counts as so many observations as there are groups, at most twice those of the rarer class, and a
    Dirichlet prior with equal means counts as ten (the maximum a posteriori of mixture proportions with known
    components). The constant prediction takes the share ``min(1, (0.8 standard errors / gain) ** 8)``, where the gain
    is the mean log-likelihood of the models over that of the constant, with a standard error clustered by group, and
    everything where there is no gain: a table without signal ends at the constant.

    Args:
        predictions: shape (n, m), probabilities of class 1 from m models, none fitted on the row's group.
        label: shape (n,), 0 or 1.
        group: shape (n,).

    Returns:
        The weights. Those of the models are equal, with no share of the constant, where all rows have the same
        label, which tells nothing.

    Example:
        >>> label = np.array([1, 0] * 50, np.int8)
        >>> good, useless = np.where(label == 1, 0.8, 0.3), np.full(100, 0.5)
        >>> weights = estimate_weights(np.stack([good, useless], axis=1), label, np.arange(100, dtype=np.int32))
        >>> weights.models.round(2).tolist(), round(weights.constant, 2)
        ([0.88, 0.12], 0.0)
    """
    n_models, prevalence = predictions.shape[1], float(label.mean())
    positive = len(np.unique(group[label == 1]))
    rarer = min(positive, len(np.unique(group[label == 0])))
    if rarer == 0:
        return _rounded(np.full(n_models, 1 / n_models), prevalence)
    likelihood = np.where(label[:, None] == 1, predictions, 1 - predictions).clip(_SMALLEST_LIKELIHOOD, 1)
    weights = _mixture_proportions(likelihood, min(2 * rarer, len(np.unique(group))))
    constant = np.where(label == 1, prevalence, 1 - prevalence)
    gain = np.log(likelihood @ weights) - np.log(constant)
    mean, error = float(gain.mean()), _clustered_error(gain, group)
    least = _LEAST_ERRORS * error
    share = 1 - (least / mean) ** 8 if mean > least else 0.0
    return _rounded(weights * share, prevalence)


def weighted_sum(predictions: Sequence[Probabilities], weights: Sequence[float], start: float = 0.0) -> Probabilities:
    """Return ``start`` plus the weighted predictions, shape (n,), summed in their order so that the bits never differ.

    Args:
        predictions: m arrays of shape (n,), probabilities of class 1.
        weights: m weights.
        start: what is added.

    Example:
        >>> weighted_sum([np.array([0.2, 0.8]), np.array([0.4, 0.6])], [0.25, 0.75]).round(3).tolist()
        [0.35, 0.65]
    """
    total = np.full(len(predictions[0]), start)
    for prediction, weight in zip(predictions, weights, strict=True):
        total = total + weight * prediction
    return total


def _mixture_proportions(likelihood: Probabilities, observations: float) -> Probabilities:
    """Return the weights, shape (m,), that maximise the log-likelihood of all rows and the prior of equal weights.

    Args:
        likelihood: shape (n, m), of each row's label by each model.
        observations: how many observations the mean over the rows counts as.
    """
    n_models = likelihood.shape[1]
    prior, total = _PRIOR_GROUPS / n_models, observations + _PRIOR_GROUPS

    def loss(logits: Probabilities) -> tuple[float, Probabilities]:
        weights = np.exp(logits - logits.max())
        weights /= weights.sum()
        mixture = likelihood @ weights
        value = -observations * np.log(mixture).mean() - prior * np.log(weights).sum()
        responsibility = weights * (likelihood / mixture[:, None]).mean(axis=0)
        slope = total * weights - observations * responsibility - prior
        return float(value) / total, slope / total

    # The weights as a softmax: no constraint is needed, and the prior keeps every weight above 0.
    logits = minimize(loss, np.zeros(n_models), jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-12}).x
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def _clustered_error(values: Probabilities, group: npt.NDArray[np.int32]) -> float:
    """Return the standard error of a mean over rows that are independent between groups only.

    Source: Liang and Zeger (1986), Longitudinal data analysis using generalized linear models, with G / (G - 1).

    Args:
        values: shape (n,).
        group: shape (n,).
    """
    _, index = np.unique(group, return_inverse=True)
    sums = np.bincount(index, weights=values - values.mean())
    return float(np.sqrt(np.square(sums).sum() * len(sums) / max(1, len(sums) - 1)) / len(values))


def _rounded(models: Probabilities, prevalence: float) -> EnsembleWeights:
    """Round the weights of the models down, so that the constant gets the rest."""
    steps = np.floor(models * _STEPS_OF_A_WEIGHT)
    return EnsembleWeights(
        steps / _STEPS_OF_A_WEIGHT, (_STEPS_OF_A_WEIGHT - float(steps.sum())) / _STEPS_OF_A_WEIGHT, prevalence
    )
