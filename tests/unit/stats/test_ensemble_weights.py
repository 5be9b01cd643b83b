"""The weights of an ensemble lower the log-loss as far as the groups can tell, with the same bits everywhere."""

import os
import subprocess
import sys
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.stats.ensemble_weights import estimate_weights, weighted_sum
from foldwise.stats.metrics import log_loss
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize


def simulated(
    seed: int, strengths: tuple[float, ...] = (1.2, 0.9, 0.5), rows: int = 240
) -> tuple[npt.NDArray[np.float64], Any]:
    """Return predictions of models with more or less signal, shape (rows, m), and labels, shape (rows,)."""
    random = np.random.default_rng(seed)
    label = (np.arange(rows) % 2).astype(np.int8)
    odds = [s * (label - 0.5) * 2 + random.normal(size=rows) for s in strengths]
    return np.stack([1 / (1 + np.exp(-o)) for o in odds], axis=1), label


def estimated(predictions: Any, label: Any, group: Any = None) -> npt.NDArray[np.float64]:
    """Return the weights of the models and, last, of the constant; by default every row is a group."""
    groups = np.arange(len(label), dtype=np.int32) if group is None else group
    weights = estimate_weights(predictions, label, groups)
    assert weights.constant == pytest.approx(1 - weights.models.sum(), abs=1e-12)
    return np.append(weights.models, weights.constant)


@pytest.mark.parametrize("seed", range(5))
def test_with_many_groups_no_other_weights_have_a_smaller_log_loss(seed: int) -> None:
    predictions, label = simulated(seed, rows=20_000)
    weights = estimated(predictions, label)
    expected = minimize(
        lambda w: log_loss(label, predictions @ w),
        np.full(3, 1 / 3),
        method="SLSQP",
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert weights[:3] == pytest.approx(expected.x, abs=0.015)
    assert log_loss(label, predictions @ weights[:3] + weights[3] * 0.5) <= expected.fun + 3e-4


def test_with_few_groups_the_weights_stay_near_equal_ones() -> None:
    predictions, label = simulated(0, rows=240)
    group = np.arange(240, dtype=np.int32) // 2 % 12
    few, many = estimated(predictions, label, group)[:3], estimated(predictions, label)[:3]
    assert np.ptp(few) < 0.2 < np.ptp(many)


def test_the_weights_are_the_stationary_point_of_likelihood_and_prior() -> None:
    # One expectation-maximisation step of mixture proportions with a Dirichlet prior leaves them as they are.
    predictions, label = simulated(3)
    weights = estimate_weights(predictions, label, np.arange(240, dtype=np.int32))
    models = weights.models / weights.models.sum()
    likelihood = np.where(label[:, None] == 1, predictions, 1 - predictions)
    responsibility = (models * likelihood / (likelihood @ models)[:, None]).mean(axis=0)
    assert models == pytest.approx((240 * responsibility + 10 / 3) / 250, abs=1e-3)


def test_predictions_without_signal_end_at_the_constant() -> None:
    random = np.random.default_rng(1)
    label = (np.arange(400) % 4 == 0).astype(np.int8)
    noise = 0.25 + 0.1 * random.normal(size=(400, 3)).clip(-2, 2)
    weights = estimate_weights(noise, label, np.arange(400, dtype=np.int32))
    assert weights.models.tolist() == [0, 0, 0]
    assert weights.combine(list(noise.T)) == pytest.approx(np.full(400, 0.25))


def test_the_share_of_the_constant_is_that_of_the_standard_error_by_group() -> None:
    random = np.random.default_rng(3)
    group = np.repeat(np.arange(30, dtype=np.int32), 8)
    label = (group % 2).astype(np.int8)
    odds = 0.5 * (2 * label - 1) + 0.8 * random.normal(size=30)[group]
    prediction = 1 / (1 + np.exp(-odds))
    gain = np.log(np.where(label == 1, prediction, 1 - prediction)) - np.log(0.5)
    by_group = gain.reshape(30, 8).mean(axis=1)
    ratio = by_group.std(ddof=1) / np.sqrt(30) / by_group.mean()
    assert 0.5 < ratio < 0.7
    assert estimated(prediction[:, None], label, group)[1] == pytest.approx((0.8 * ratio) ** 8, abs=2e-4)


def test_a_model_that_is_always_wrong_gets_little_weight() -> None:
    predictions, label = simulated(0, (2.0,))
    assert estimated(np.hstack([predictions, 1 - predictions]), label)[1] < 0.03


def test_the_order_of_the_models_does_not_matter() -> None:
    predictions, label = simulated(1)
    weights = estimated(predictions, label)
    for order in permutations(range(3)):
        assert estimated(predictions[:, order], label) == pytest.approx(weights[[*order, 3]], abs=2e-4)


def test_models_with_equal_predictions_share_their_weight() -> None:
    predictions, label = simulated(2, (1.0, 0.8))
    twice = estimated(predictions[:, [0, 0, 1]], label)
    assert twice[0] == pytest.approx(twice[1], abs=1e-4)
    assert estimated(predictions[:, [0, 0, 0]], label)[:3] == pytest.approx(np.full(3, 1 / 3), abs=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_the_last_bits_of_the_predictions_do_not_change_the_weights(seed: int) -> None:
    predictions, label = simulated(seed, (1.2, 1.1, 1.0), rows=2000)
    noise = np.random.default_rng(seed).integers(-4, 5, predictions.shape) * np.finfo(float).eps
    assert estimated(predictions * (1 + noise), label).tolist() == estimated(predictions, label).tolist()


def test_the_linear_algebra_of_another_processor_gives_the_same_weights() -> None:
    code = (
        "from test_ensemble_weights import estimated, simulated;"
        "print([estimated(*simulated(seed, rows=3001)).tolist() for seed in range(10)])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = [
        subprocess.run(
            [sys.executable, "-c", code], env={**environment, **kernels}, capture_output=True, check=True
        ).stdout
        for kernels in ({}, {"OPENBLAS_CORETYPE": "Prescott"})
    ]
    assert printed[0] == printed[1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(150))
def test_certain_constant_and_identical_members_give_weights(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, members = int(random.integers(1, 60)), int(random.integers(1, 5))
    label = (random.random(rows) < random.choice([0.0, 0.1, 0.5, 1.0])).astype(np.int8)
    predictions = random.random((rows, members))
    predictions[random.random(predictions.shape) < 0.3] = 0.0
    predictions[random.random(predictions.shape) < 0.3] = 1.0
    if seed % 3 == 0:
        predictions[:, 0] = random.choice([0.0, 0.3, 1.0])
    if seed % 4 == 0:
        predictions[:] = predictions[:, :1]
    group = random.integers(0, random.integers(1, rows + 1), rows).astype(np.int32)
    weights = estimated(predictions, label, group)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()


@given(
    st.integers(1, 4).flatmap(
        lambda members: st.lists(
            st.tuples(
                st.integers(0, 1),
                st.integers(0, 5),
                st.lists(st.floats(0, 1), min_size=members, max_size=members),
            ),
            min_size=1,
            max_size=30,
        )
    )
)
@settings(max_examples=150, deadline=None)
def test_any_predictions_give_weights(rows: list[tuple[int, int, list[float]]]) -> None:
    label, group, predictions = zip(*rows, strict=True)
    weights = estimated(np.array(predictions), np.array(label, np.int8), np.array(group, np.int32))
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()


def test_the_weighted_sum_is_taken_in_the_order_of_the_models() -> None:
    predictions = [np.array([0.1]), np.array([0.2]), np.array([0.3])]
    assert weighted_sum(predictions, [0.2, 0.3, 0.5], 0.1)[0] == 0.1 + 0.2 * 0.1 + 0.3 * 0.2 + 0.5 * 0.3
