"""Calibrators, slope and intercept are the published ones."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.stats import calibration
from foldwise.stats.calibration import Calibrator, log_odds, slope_and_intercept
from foldwise.stats.metrics import log_loss
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

METHODS = ("auto", "sigmoid", "isotonic", "none")
ANY_PREDICTION = np.linspace(0, 1, 201)
quick = settings(max_examples=60, deadline=None)
Array = npt.NDArray[Any]


@pytest.fixture(autouse=True)
def _no_overflow() -> Any:
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fit_calibrator(method: str, prediction: Array, label: Array, group: Array | None = None) -> Calibrator:
    """Fit a calibrator, by default on rows that are groups of their own."""
    return calibration.fit_calibrator(method, prediction, label, np.arange(len(label)) if group is None else group)


def drawn(seed: int = 0, rows: int = 300, slope: float = 1.0, shift: float = 0.0) -> tuple[Array, Array]:
    """Draw predictions, and labels whose log-odds are ``shift + slope`` times those of the prediction."""
    random = np.random.default_rng(seed)
    odds = 1.5 * random.normal(size=rows)
    label = (random.random(rows) < sigmoid(shift + slope * odds)).astype(np.int8)
    return sigmoid(odds), label


def sigmoid(odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-odds)))


def overconfident(rows: int = 400) -> tuple[Array, Array]:
    """Draw predictions next to 0 and 1 of which four in ten are on the wrong side."""
    random = np.random.default_rng(0)
    label = (random.random(rows) < 0.5).astype(np.int8)
    wrong = random.random(rows) < 0.4
    return np.where((label == 1) ^ wrong, 1 - 5e-5, 5e-5), label


def separated() -> tuple[Array, Array]:
    return np.concatenate([np.linspace(0.1, 0.4, 20), np.linspace(0.6, 0.9, 20)]), np.repeat([0, 1], 20).astype(np.int8)


def smoothed(label: Array) -> Array:
    """Return the targets of Platt (1999), section 2.2."""
    positives, negatives = np.count_nonzero(label), np.count_nonzero(label == 0)
    return np.where(label == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def most_likely_line(prediction: Array, target: Array) -> Array:
    """Return intercept and slope of a logistic regression on the log-odds, by a general optimiser."""
    X = np.stack([np.ones(len(prediction)), np.log(prediction / (1 - prediction))], axis=1)

    def loss(weights: Array) -> tuple[float, Array]:
        odds = X @ weights
        return float(np.mean(np.logaddexp(0, odds) - target * odds)), X.T @ (sigmoid(odds) - target) / len(target)

    return np.asarray(minimize(loss, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-10}).x)


@st.composite
def predictions_and_labels(draw: st.DrawFn) -> tuple[Array, Array]:
    """Draw up to 40 predictions, ties and 0 and 1 among them, with labels of both classes."""
    rows = draw(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=2, max_size=40))
    prediction, label = np.array(rows).T
    label[:2] = 0, 1
    return prediction, label.astype(np.int8)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(drawn(), id="calibrated"),
        pytest.param(drawn(slope=0.3, shift=-1), id="too extreme and too high"),
        pytest.param(overconfident(), id="overconfident"),
        pytest.param(separated(), id="separated"),
        pytest.param((0.5 + 1e-3 * (drawn()[0] - 0.5), drawn()[1]), id="nearly constant"),
    ],
)
def test_the_sigmoid_is_the_most_likely_line_for_smoothed_targets(rows: tuple[Array, Array]) -> None:
    prediction, label = rows
    intercept, slope = most_likely_line(prediction, smoothed(label))
    expected = sigmoid(intercept + slope * np.log(prediction / (1 - prediction)))
    np.testing.assert_allclose(fit_calibrator("sigmoid", prediction, label)(prediction), expected, atol=1e-6)


@quick
@given(predictions_and_labels(), st.sampled_from(METHODS))
def test_no_calibrator_reverses_the_order_of_predictions(rows: tuple[Array, Array], method: str) -> None:
    assert (np.diff(fit_calibrator(method, *rows)(ANY_PREDICTION)) >= 0).all()


@pytest.mark.parametrize("method", ["sigmoid", "auto"])
def test_predictions_the_wrong_way_round_become_the_share_of_positives(method: str) -> None:
    prediction, label = drawn(slope=-0.5)
    calibrated = fit_calibrator(method, prediction, label)(ANY_PREDICTION)
    np.testing.assert_allclose(calibrated, smoothed(label).mean())


def test_auto_nearly_leaves_calibrated_predictions_as_they_are() -> None:
    prediction, label = drawn(seed=1, rows=3000)
    calibrated = fit_calibrator("auto", prediction, label)(ANY_PREDICTION)
    np.testing.assert_allclose(calibrated, ANY_PREDICTION, atol=3e-3)


def test_auto_is_nearly_the_sigmoid_where_many_groups_need_it() -> None:
    prediction, label = drawn(rows=20_000, slope=0.3, shift=-1)
    auto, sigmoid_ = (fit_calibrator(method, prediction, label)(ANY_PREDICTION) for method in ("auto", "sigmoid"))
    np.testing.assert_allclose(auto, sigmoid_, atol=1e-3)


def test_copies_within_a_group_do_not_make_auto_more_certain() -> None:
    prediction, label = drawn(rows=150, slope=0.5, shift=-0.4)
    alone = fit_calibrator("auto", prediction, label).numbers
    copies = [np.repeat(values, 11) for values in (prediction, label, np.arange(150))]
    within = fit_calibrator("auto", *copies).numbers
    as_if_independent = fit_calibrator("auto", copies[0], copies[1]).numbers
    assert within["slope"] == pytest.approx(alone["slope"], abs=0.02)
    # With 11 times as many groups it is hardly shrunk towards the constant prediction.
    assert as_if_independent["slope"] > within["slope"] + 0.02


def test_auto_is_the_constant_prediction_where_the_slope_is_within_a_standard_error() -> None:
    constant = 0
    for seed in range(40):
        prediction, _ = drawn(seed, rows=60)
        label = (np.random.default_rng(1000 + seed).random(60) < 0.3).astype(np.int8)
        calibrated = fit_calibrator("auto", prediction, label)(ANY_PREDICTION)
        constant += bool(np.allclose(calibrated, smoothed(label).mean()))
    # 84 % of slopes of no signal are at most one standard error above 0.
    assert constant >= 28


@quick
@given(predictions_and_labels())
def test_isotonic_is_scikit_learns_bit_for_bit(rows: tuple[Array, Array]) -> None:
    expected = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(*rows).predict(ANY_PREDICTION)
    np.testing.assert_array_equal(fit_calibrator("isotonic", *rows)(ANY_PREDICTION), expected)


def test_isotonic_gives_each_level_the_share_of_its_positives() -> None:
    prediction = np.array([0.1, 0.1, 0.2, 0.3, 0.4, 0.4])
    label = np.array([0, 1, 0, 0, 1, 1], np.int8)
    calibrated = fit_calibrator("isotonic", prediction, label)(prediction)
    assert calibrated.tolist() == pytest.approx([0.25] * 4 + [1, 1])


@quick
@given(predictions_and_labels(), st.sampled_from(METHODS))
def test_every_calibrated_score_is_a_probability(rows: tuple[Array, Array], method: str) -> None:
    calibrated = fit_calibrator(method, *rows)(ANY_PREDICTION)
    assert ((calibrated >= 0) & (calibrated <= 1)).all()


def test_none_leaves_the_scores_as_they_are() -> None:
    np.testing.assert_array_equal(fit_calibrator("none", *drawn())(ANY_PREDICTION), ANY_PREDICTION)


@quick
@given(predictions_and_labels())
def test_isotonic_never_worsens_the_log_loss_of_the_rows_it_saw(rows: tuple[Array, Array]) -> None:
    prediction, label = rows
    calibrated = fit_calibrator("isotonic", prediction, label)(prediction)
    assert log_loss(label, calibrated) <= log_loss(label, prediction) + 1e-9


@quick
@given(predictions_and_labels())
def test_the_sigmoid_never_worsens_the_log_loss_for_smoothed_targets(rows: tuple[Array, Array]) -> None:
    prediction, label = np.clip(rows[0], 1e-7, 1 - 1e-7), rows[1]
    target = smoothed(label)

    def loss(probability: Array) -> float:
        odds = log_odds(probability)
        return float(np.mean(np.logaddexp(0, odds) - target * odds))

    assert loss(fit_calibrator("sigmoid", prediction, label)(prediction)) <= loss(prediction) + 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_0_and_1_that_separate_the_classes_stay_finite(method: str) -> None:
    label = np.repeat([0, 1], 20).astype(np.int8)
    assert np.isfinite(fit_calibrator(method, label.astype(float), label)(ANY_PREDICTION)).all()


def test_constant_scores_become_the_smoothed_share_of_positives() -> None:
    label = np.array([0, 0, 0, 1], np.int8)
    calibrated = fit_calibrator("sigmoid", np.full(4, 0.9), label)(np.array([0.2, 0.9]))
    assert calibrated.tolist() == pytest.approx([smoothed(label).mean()] * 2)


@pytest.mark.parametrize(("slope", "shift"), [(1, 0), (0.4, 0), (2, 1), (-0.5, 0.5)])
def test_the_slope_is_that_of_an_unpenalised_logistic_regression(slope: float, shift: float) -> None:
    prediction, label = drawn(slope=slope, shift=shift)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(np.log(prediction / (1 - prediction))[:, None], label)
    assert slope_and_intercept(prediction, label)[0] == pytest.approx(model.coef_[0, 0], abs=1e-6)


def test_overconfident_scores_have_a_slope_far_below_one() -> None:
    prediction, label = overconfident()
    share = label[prediction > 0.5].mean(), label[prediction < 0.5].mean()
    rise = np.diff([np.log(s / (1 - s)) for s in reversed(share)])[0]
    width = 2 * np.log((1 - 5e-5) / 5e-5)
    assert slope_and_intercept(prediction, label)[0] == pytest.approx(rise / width)


@pytest.mark.parametrize("shift", [-3.0, 0.0, 1.0])
def test_the_intercept_is_the_best_of_a_fine_grid(shift: float) -> None:
    prediction, label = drawn(shift=shift)
    offsets = np.linspace(-5, 5, 10_001)
    odds = np.log(prediction / (1 - prediction)) + offsets[:, None]
    loss = (np.logaddexp(0, odds) - label * odds).sum(axis=1)
    assert slope_and_intercept(prediction, label)[1] == pytest.approx(offsets[loss.argmin()], abs=1e-3)


def test_the_intercept_makes_the_mean_score_the_share_of_positives() -> None:
    prediction, label = overconfident()
    label[:150] = 1
    intercept = slope_and_intercept(prediction, label)[1]
    assert sigmoid(intercept + log_odds(prediction)).mean() == pytest.approx(label.mean())


@pytest.mark.parametrize("turned", [False, True], ids=["right way round", "wrong way round"])
def test_separated_classes_have_no_slope(turned: bool) -> None:
    prediction, label = separated()
    assert np.isnan(slope_and_intercept(1 - prediction if turned else prediction, label)[0])


def test_classes_that_share_one_score_only_have_no_slope() -> None:
    prediction, label = np.array([0.2, 0.5, 0.5, 0.8]), np.array([0, 0, 1, 1], np.int8)
    assert np.isnan(slope_and_intercept(prediction, label)[0])


def test_constant_scores_have_an_intercept_and_no_slope() -> None:
    slope, intercept = slope_and_intercept(np.full(4, 0.5), np.array([0, 1, 1, 1], np.int8))
    assert np.isnan(slope)
    assert intercept == pytest.approx(np.log(3))


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_neither_slope_nor_intercept(label: int) -> None:
    assert np.isnan(slope_and_intercept(drawn()[0], np.full(300, label, np.int8))).all()


def test_log_odds_of_0_and_1_are_finite() -> None:
    assert log_odds(np.array([0.0, 0.5, 1.0])).tolist() == pytest.approx([-16.118, 0, 16.118], abs=1e-3)
