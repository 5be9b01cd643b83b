"""The weights of an ensemble minimise the log-loss, and give the same bits on every processor."""

import os
import subprocess
import sys
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.stats.ensemble_weights import optimal_weights, weighted_mean
from foldwise.stats.metrics import log_loss
from scipy.optimize import minimize


def simulated(
    seed: int, strengths: tuple[float, ...] = (1.2, 0.9, 0.5), rows: int = 240
) -> tuple[npt.NDArray[np.float64], Any]:
    """Return predictions of models with more or less signal, shape (rows, m), and labels, shape (rows,)."""
    random = np.random.default_rng(seed)
    label = (np.arange(rows) % 2).astype(np.int8)
    odds = [s * (label - 0.5) * 2 + random.normal(size=rows) for s in strengths]
    return np.stack([1 / (1 + np.exp(-o)) for o in odds], axis=1), label


@pytest.mark.parametrize("seed", range(5))
def test_no_other_weights_have_a_smaller_log_loss(seed: int) -> None:
    predictions, label = simulated(seed)
    weights = optimal_weights(predictions, label)
    assert weights.sum() == pytest.approx(1, abs=1e-15)
    assert (weights >= 0).all()
    expected = minimize(
        lambda w: log_loss(label, predictions @ w),
        np.full(3, 1 / 3),
        method="SLSQP",
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert log_loss(label, predictions @ weights) <= expected.fun + 1e-12
    assert weights == pytest.approx(expected.x, abs=1e-4)


def test_two_constant_predictions_are_weighted_to_the_share_of_positives() -> None:
    # 0.9 w + 0.2 (1 - w) must equal the share of positives, 0.41.
    label = np.repeat([1, 0], [41, 59]).astype(np.int8)
    predictions = np.tile([0.9, 0.2], (100, 1))
    assert optimal_weights(predictions, label) == pytest.approx([0.3, 0.7], abs=1e-6)


def test_a_model_that_is_always_wrong_has_weight_0() -> None:
    predictions, label = simulated(0, (2.0,))
    assert optimal_weights(np.hstack([predictions, 1 - predictions]), label).tolist() == [1.0, 0.0]


def test_a_single_model_has_weight_1() -> None:
    predictions, label = simulated(0, (1.0,))
    assert optimal_weights(predictions, label).tolist() == [1.0]


def test_the_order_of_the_models_does_not_matter() -> None:
    predictions, label = simulated(1)
    weights = optimal_weights(predictions, label)
    for order in permutations(range(3)):
        assert optimal_weights(predictions[:, order], label) == pytest.approx(weights[list(order)], abs=1e-6)


def test_models_with_equal_predictions_share_their_weight() -> None:
    predictions, label = simulated(2, (1.0, 0.8))
    twice = optimal_weights(predictions[:, [0, 0, 1]], label)
    once = optimal_weights(predictions, label)
    assert twice[0] == pytest.approx(twice[1], abs=1e-6)
    assert twice[0] + twice[1] == pytest.approx(once[0], abs=1e-4)
    assert optimal_weights(predictions[:, [0, 0, 0]], label) == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_last_bits_of_the_predictions_do_not_change_the_weights(seed: int) -> None:
    predictions, label = simulated(seed, (1.2, 1.1, 1.0), rows=2000)
    noise = np.random.default_rng(seed).integers(-4, 5, predictions.shape) * np.finfo(float).eps
    expected = optimal_weights(predictions, label).tolist()
    assert optimal_weights(predictions * (1 + noise), label).tolist() == expected


def test_the_linear_algebra_of_another_processor_gives_the_same_weights() -> None:
    code = (
        "from test_ensemble_weights import simulated; from foldwise.stats.ensemble_weights import optimal_weights;"
        "print([optimal_weights(*simulated(seed, rows=3001)).tolist() for seed in range(10)])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = [
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, **kernels}, capture_output=True, check=True
        ).stdout
        for kernels in ({}, {"OPENBLAS_CORETYPE": "Prescott"})
    ]
    assert printed[0] == printed[1]


def test_certain_predictions_that_are_wrong_give_finite_weights() -> None:
    label = np.array([0, 1, 0, 1], np.int8)
    wrong, fair = 1.0 - label, np.full(4, 0.5)
    assert optimal_weights(np.stack([wrong, fair], axis=1), label) == pytest.approx([0, 1], abs=1e-6)
    assert optimal_weights(np.stack([wrong, wrong], axis=1), label) == pytest.approx([0.5, 0.5])


def test_the_weighted_mean_is_summed_in_the_order_of_the_models() -> None:
    predictions = [np.array([0.1]), np.array([0.2]), np.array([0.3])]
    assert weighted_mean(predictions, [0.2, 0.3, 0.5])[0] == 0.2 * 0.1 + 0.3 * 0.2 + 0.5 * 0.3
