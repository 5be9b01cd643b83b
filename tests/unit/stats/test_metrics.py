"""The metrics are those of scikit-learn, and undefined where a class is missing."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from foldwise.stats.metrics import (
    LOWER_IS_BETTER,
    all_metrics,
    auc,
    average_precision,
    brier,
    confusion,
    decision_metrics,
    equal_error_rate,
    log_loss,
    precision_recall_points,
    roc_points,
    search_metric,
    tpr_at_fpr,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

quick = settings(max_examples=60, deadline=None)


def _drawn(seed: int, ties: bool, dtype: type = np.float64) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, 200).astype(np.int8)
    prediction = np.clip(0.5 + 0.2 * (label - 0.5) + 0.2 * random.normal(size=200), 0, 1)
    return label, (prediction.round(1) if ties else prediction).astype(dtype)


cases = pytest.mark.parametrize(
    ("label", "prediction"),
    [pytest.param(*_drawn(s, t), id=f"{s}-{'ties' if t else 'distinct'}") for s in range(3) for t in (False, True)],
)
labelled_predictions = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0]))),
    min_size=1,
    max_size=40,
).map(lambda pairs: (np.array([p[0] for p in pairs], np.int8), np.array([p[1] for p in pairs], np.float64)))


@cases
def test_metrics_of_decisions_are_those_of_scikit_learn(label: Any, prediction: Any) -> None:
    called = (prediction >= 0.5).astype(int)
    by_class = sk.precision_recall_fscore_support(label, called)
    expected = {
        "accuracy": sk.accuracy_score(label, called),
        "balanced_accuracy": sk.balanced_accuracy_score(label, called),
        "precision": sk.precision_score(label, called),
        "recall": sk.recall_score(label, called),
        "f1": sk.f1_score(label, called),
        "mcc": sk.matthews_corrcoef(label, called),
        **{f"{name}_class{c}": by_class[i][c] for i, name in enumerate(("precision", "recall", "f1")) for c in (0, 1)},
    }
    assert decision_metrics(confusion(label, prediction)) == pytest.approx(expected, rel=1e-12)


@cases
def test_the_confusion_table_is_that_of_scikit_learn(label: Any, prediction: Any) -> None:
    np.testing.assert_array_equal(confusion(label, prediction, 0.4), sk.confusion_matrix(label, prediction >= 0.4))


@cases
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (auc, sk.roc_auc_score),
        (average_precision, sk.average_precision_score),
        (brier, sk.brier_score_loss),
    ],
)
def test_metrics_of_probabilities_are_those_of_scikit_learn(
    label: Any, prediction: Any, ours: Callable[..., float], theirs: Callable[..., float]
) -> None:
    assert ours(label, prediction) == pytest.approx(theirs(label, prediction), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(5))
def test_log_loss_is_that_of_scikit_learn_bit_for_bit(seed: int, dtype: type) -> None:
    label, prediction = _drawn(seed, ties=False, dtype=dtype)
    assert {0.0, 1.0} & set(prediction.tolist())
    assert log_loss(label, prediction) == sk.log_loss(label, prediction)


@cases
@pytest.mark.parametrize("limit", [0.01, 0.05, 0.1, 0.5, 1.0])
def test_the_true_positive_rate_is_the_largest_that_any_threshold_reaches(
    label: Any, prediction: Any, limit: float
) -> None:
    reached = [0.0]
    for threshold in np.unique(prediction):
        (tn, fp), (fn, tp) = confusion(label, prediction, threshold)
        if fp <= limit * (tn + fp):
            reached.append(tp / (tp + fn))
    assert tpr_at_fpr(label, prediction, limit) == max(reached)


@cases
def test_errors_of_both_kinds_are_equal_at_the_equal_error_rate(label: Any, prediction: Any) -> None:
    false_rate, true_rate, _ = sk.roc_curve(label, prediction, drop_intermediate=False)
    shares = np.linspace(0, 1, 20_001)
    missed = 1 - np.interp(shares, false_rate, true_rate)
    assert equal_error_rate(label, prediction) == pytest.approx(shares[np.argmin(np.abs(shares - missed))], abs=1e-3)


@pytest.mark.parametrize(
    ("label", "prediction", "expected"),
    [
        pytest.param([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.0, id="separated"),
        pytest.param([0, 0, 1, 1], [0.9, 0.8, 0.2, 0.1], 1.0, id="the wrong way round"),
        pytest.param([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5, id="one prediction for all"),
        pytest.param([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], 0.5, id="one of two wrong"),
    ],
)
def test_equal_error_rates_known_by_hand(label: list[int], prediction: list[float], expected: float) -> None:
    assert equal_error_rate(np.array(label, np.int8), np.array(prediction)) == expected


@cases
def test_the_roc_curve_is_that_of_scikit_learn(label: Any, prediction: Any) -> None:
    expected = sk.roc_curve(label, prediction, drop_intermediate=False)[:2]
    np.testing.assert_allclose(roc_points(label, prediction), expected, rtol=1e-12)


@cases
def test_the_precision_recall_curve_is_that_of_scikit_learn_without_the_point_that_calls_nobody(
    label: Any, prediction: Any
) -> None:
    expected = [values[-2::-1] for values in sk.precision_recall_curve(label, prediction)[:2]]
    np.testing.assert_allclose(precision_recall_points(label, prediction), expected, rtol=1e-12)


@pytest.mark.parametrize("present", [0, 1])
def test_metrics_of_a_missing_class_are_not_defined(present: int) -> None:
    prediction = np.array([0.1, 0.2, 0.6, 0.7])
    metrics = all_metrics(np.full(4, present, np.int8), prediction, prediction, [0.05])
    undefined = {name for name, value in metrics.items() if math.isnan(value)}
    either = {"auc", "eer", "tpr_at_fpr_0.05", "balanced_accuracy", "mcc"}
    of_the_missing = {f"{name}_class{1 - present}" for name in ("precision", "recall", "f1")}
    of_the_positive = {"ap", "precision", "recall", "f1"} if present == 0 else set()
    assert undefined == either | of_the_missing | of_the_positive


def test_a_ratio_without_a_case_is_zero() -> None:
    metrics = decision_metrics(confusion(np.array([0, 0], np.int8), np.array([0.1, 0.2])))
    assert (metrics["precision"], metrics["recall"], metrics["f1"], metrics["mcc"]) == (0, 0, 0, 0)


def test_a_prediction_at_the_threshold_is_positive() -> None:
    assert confusion(np.array([1], np.int8), np.array([0.5])).tolist() == [[0, 0], [0, 1]]


@quick
@given(labelled_predictions)
def test_log_loss_and_brier_score_are_those_of_the_calibrated_probabilities(drawn: tuple[Any, Any]) -> None:
    label, prediction = drawn
    calibrated = 0.25 + prediction / 2
    metrics = all_metrics(label, prediction, calibrated, [])
    assert (metrics["log_loss"], metrics["brier"]) == (log_loss(label, calibrated), brier(label, calibrated))
    assert (metrics["log_loss_raw"], metrics["brier_raw"]) == (log_loss(label, prediction), brier(label, prediction))


@quick
@given(labelled_predictions)
def test_every_metric_is_in_its_range_or_undefined(drawn: tuple[Any, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = all_metrics(*drawn, drawn[1], [0.01, 0.5])
    for name, value in metrics.items():
        low, high = {"mcc": (-1, 1), "log_loss": (0, 40), "log_loss_raw": (0, 40)}.get(name, (0, 1))
        assert math.isnan(value) or low - 1e-9 <= value <= high + 1e-9, name


@quick
@given(labelled_predictions)
def test_swapping_the_classes_mirrors_the_auc(drawn: tuple[Any, Any]) -> None:
    label, prediction = drawn
    np.testing.assert_allclose(auc((1 - label).astype(np.int8), prediction), 1 - auc(label, prediction), atol=1e-12)


@pytest.mark.parametrize("name", ["log_loss", "brier", "auc", "ap", "f1", "accuracy"])
def test_a_search_uses_the_metric_that_it_names(name: str) -> None:
    label, prediction = _drawn(0, ties=False)
    assert search_metric(name)(label, prediction) == all_metrics(label, prediction, prediction, [])[name]
    assert (name in LOWER_IS_BETTER) == (name in {"log_loss", "brier"})
