"""Calibrators and thresholds are fitted on inner predictions alone, and the summaries say what they are computed on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.data.contract import Label
from foldwise.evaluation.decision_records import Decision, FoldThreshold
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.operating_points import (
    EvaluationSettings,
    apply_decision_rules,
    calibration_summary,
    decision_summary,
    fit_decision_rule,
)
from foldwise.folds.assignment import Folds, Plan
from foldwise.stats.calibration import fit_calibrator
from foldwise.stats.thresholds import Criterion, choose_threshold

YOUDEN = Criterion("youden")
SETTINGS = EvaluationSettings(operating_fpr=[0.25], confidence=0.95, calibration="sigmoid", threshold=YOUDEN)
LABEL_COLUMN = Label("kind", "fake", "real", 10, 10)
THRESHOLDS = ["threshold", "threshold_fpr_0.25"]
# From 0.6 on four of five positives and no negative: the best by Youden. From 0.4 on all, and one negative of four.
PREDICTION = [0.1, 0.9, 0.6, 0.2, 0.3, 0.4, 0.8, 0.5, 0.7]
LABEL = [0, 1, 1, 0, 0, 1, 1, 0, 1]


def predicted(test: dict[int, tuple[list[float], list[int]]]) -> pd.DataFrame:
    """Return test rows of each fold, two rows a group, as the evaluation joins them."""
    parts = []
    for fold, (prediction, label) in test.items():
        row = np.arange(len(prediction))
        keys = {
            "fold": fold,
            "repeat": 1,
            "unit": 100 * fold + row,
            "group": 100 * fold + row // 2,
            "label": np.array(label, np.int8),
        }
        parts.append(pd.DataFrame({**keys, "score": prediction}))
    return pd.concat(parts, ignore_index=True)


def inner(*folds: int) -> dict[int, pd.DataFrame]:
    row = np.arange(len(LABEL))
    keys = {"unit": row, "group": row, "label": np.array(LABEL, np.int8)}
    return {fold: pd.DataFrame({**keys, "score": PREDICTION}) for fold in folds}


def two_folds() -> pd.DataFrame:
    first = [0.05, 0.45, 0.55, 0.7], [0, 0, 1, 1]
    return predicted({1: first, 2: ([0.3, 0.65, 0.35, 0.95], [0, 0, 1, 1])})


def decided(
    predictions: pd.DataFrame, of_train_parts: dict[int, pd.DataFrame], settings: EvaluationSettings = SETTINGS
) -> pd.DataFrame:
    """Apply to each fold the rule that is fitted on its train part."""
    rules = {fold: fit_decision_rule(part, settings) for fold, part in of_train_parts.items()}
    return apply_decision_rules(predictions, rules)


def summary_of(
    predictions: pd.DataFrame, of_train_parts: dict[int, pd.DataFrame], settings: EvaluationSettings = SETTINGS
) -> Decision:
    parts = [part.assign(fold=fold, repeat=1) for fold, part in of_train_parts.items()]
    of_train = pd.concat(parts, ignore_index=True)
    test = decided(predictions, of_train_parts, settings)
    return decision_summary(
        test, decided(of_train, of_train_parts, settings), folds_of(predictions), settings, LABEL_COLUMN
    )


def folds_of(predictions: pd.DataFrame) -> Folds:
    """Return folds with a row for each group."""
    group = np.arange(int(predictions["group"].max()) + 1, dtype=np.int32)
    assignments: dict[Any, Any] = {}
    for fold, part in predictions.groupby("fold"):
        assignments[int(str(fold))] = np.where(np.isin(group, part["group"]), 0, group % 3 + 1).astype(np.int16)
    in_first = predictions.loc[predictions["repeat"] == 1, "fold"].nunique()
    names = pa.chunked_array([[f"row {i}" for i in group]])
    return Folds(names, group, assignments, Plan(in_first, 1, 3, seed=0))


def summary(predictions: pd.DataFrame, settings: EvaluationSettings = SETTINGS) -> Decision:
    folds = {int(fold) for fold in predictions["fold"]}
    return summary_of(predictions, inner(*folds), settings)


def test_thresholds_are_the_best_on_the_inner_predictions() -> None:
    applied = decided(two_folds(), inner(1, 2), SETTINGS)
    assert applied["threshold"].unique().tolist() == pytest.approx([0.55])
    assert applied["threshold_fpr_0.25"].unique().tolist() == pytest.approx([0.35])


@pytest.mark.parametrize("column", ["score", "label"])
def test_test_rows_do_not_change_a_threshold(column: str) -> None:
    before = two_folds()
    after = before.assign(**{column: 1 - before[column]})
    applied = [decided(rows, inner(1, 2), SETTINGS)[THRESHOLDS] for rows in (before, after)]
    pd.testing.assert_frame_equal(*applied)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_calibrated_prediction_does_not_depend_on_the_other_test_rows(method: str) -> None:
    settings = replace(SETTINGS, calibration=method)
    before = two_folds()
    after = before.assign(score=before["score"].where(before.index == 2, 0.01), label=1 - before["label"])
    calibrated = [decided(rows, inner(1, 2), settings)["calibrated"].iloc[2] for rows in (before, after)]
    assert calibrated[0] == calibrated[1]


def test_calibrated_predictions_are_those_of_the_calibrator_of_the_inner_predictions() -> None:
    rows = inner(1)[1]
    calibrator = fit_calibrator("sigmoid", rows["score"].to_numpy(), rows["label"].to_numpy(), rows["group"].to_numpy())
    applied = decided(two_folds(), inner(1, 2), SETTINGS)
    np.testing.assert_array_equal(applied["calibrated"], calibrator(applied["score"].to_numpy()))


def test_each_fold_has_the_threshold_of_its_own_inner_predictions() -> None:
    lower = {**inner(1), 2: inner(2)[2].assign(score=np.array(PREDICTION) / 2)}
    folds = summary_of(two_folds(), lower).folds
    assert folds == [FoldThreshold(1, pytest.approx(0.55)), FoldThreshold(2, pytest.approx(0.275))]


def test_a_fold_of_one_row_has_a_threshold_too() -> None:
    folds = summary(predicted({1: ([0.6], [1]), 2: ([0.05, 0.7], [0, 1])})).folds
    assert folds == [FoldThreshold(fold, pytest.approx(0.55)) for fold in (1, 2)]


def test_predictions_keep_their_rows() -> None:
    applied = decided(two_folds(), inner(1, 2), SETTINGS)
    pd.testing.assert_frame_equal(applied[two_folds().columns.tolist()], two_folds())


def test_an_operating_point_has_the_rates_of_the_test_rows() -> None:
    # Positive from 0.35 on. Fold 1: both positives, one negative of two; fold 2: one positive, no negative.
    rows = predicted({1: ([0.05, 0.45, 0.55, 0.7], [0, 0, 1, 1]), 2: ([0.1, 0.3, 0.34, 0.36], [0, 0, 1, 1])})
    [point] = summary(rows).row.operating_points
    assert point.fpr_aimed_at == 0.25
    assert (point.tpr.estimate, point.fpr.estimate) == pytest.approx((0.75, 0.25))


def test_each_operating_point_uses_the_threshold_of_its_own_rate() -> None:
    # Without a false positive from 0.55 on, with one of four from 0.35 on: the row at 0.4 is between the two.
    settings = replace(SETTINGS, operating_fpr=[0.01, 0.25])
    rows = predicted({fold: ([0.1, 0.2, 0.4, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})
    points = summary(rows, settings=settings).row.operating_points
    assert [point.fpr_aimed_at for point in points] == [0.01, 0.25]
    assert [point.tpr.estimate for point in points] == [0.5, 1.0]


def test_decisions_at_0_5_and_at_the_chosen_threshold_are_reported() -> None:
    # Between 0.5 and 0.55 is one negative.
    near = predicted({fold: ([0.1, 0.52, 0.6, 0.7], [0, 0, 1, 1]) for fold in (1, 2)})
    decisions = summary(near).row
    assert decisions.at_half["accuracy"].estimate == pytest.approx(0.75)
    assert decisions.at_chosen["accuracy"].estimate == pytest.approx(1.0)


def test_a_prediction_exactly_at_a_threshold_is_positive() -> None:
    rows = predicted({fold: ([0.1, 0.2, 0.5, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})
    assert summary(rows).row.at_half["recall"].estimate == 1.0
    at_threshold = decided(two_folds(), inner(1, 2), SETTINGS)["threshold"].iloc[0]
    rows = predicted({fold: ([0.1, 0.2, at_threshold, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})
    assert summary(rows).row.at_chosen["recall"].estimate == 1.0


def test_the_summaries_say_what_they_are_computed_on() -> None:
    again = two_folds().assign(fold=lambda rows: rows["fold"] + 2, repeat=2)
    both = pd.concat([two_folds(), again], ignore_index=True)
    # Rows and groups of a second repeat are not counted again.
    expected = Means(level="row", n_folds=4, n_rows=8, n_groups=4)
    decision = summary(both)
    assert (decision.row.over, decision.criterion) == (expected, "youden")
    assert decision.unit.over == Means(level="unit", n_folds=4, n_rows=8, n_groups=4)
    calibration = calibration_summary(decided(both, inner(1, 2, 3, 4), SETTINGS), "sigmoid")
    assert (calibration.row.over, calibration.method) == (expected, "sigmoid")


def test_calibration_is_measured_before_and_after() -> None:
    predictions = decided(two_folds(), inner(1, 2), SETTINGS)
    calibration = calibration_summary(predictions, "sigmoid").row
    for measured, column in ((calibration.before, "score"), (calibration.after, "calibrated")):
        by_fold = [((part[column] - part["label"]) ** 2).mean() for _, part in predictions.groupby("fold")]
        assert measured.brier == pytest.approx(np.mean(by_fold))


def test_a_slope_is_the_mean_over_the_folds_that_have_one() -> None:
    # The predictions of fold 1 separate its classes, those of fold 2 do not.
    both = calibration_summary(decided(two_folds(), inner(1, 2), SETTINGS), "sigmoid").row.before
    alone = two_folds().query("fold == 2")
    expected = calibration_summary(decided(alone, inner(2), SETTINGS), "sigmoid").row.before
    assert both.slope == pytest.approx(expected.slope)
    assert both.n_folds_with_slope == 1


def test_few_groups_get_an_estimate_and_no_interval() -> None:
    thresholds = summary(two_folds()).row
    for interval in (thresholds.at_half["f1"], thresholds.at_chosen["f1"], thresholds.operating_points[0].tpr):
        assert interval.ends is None
        assert interval.estimate is not None
        assert "2 groups in the rarer class" in str(interval.refused)


@pytest.mark.parametrize(("label", "rate"), [(0, "tpr"), (1, "fpr")])
def test_a_rate_without_a_case_is_undefined_and_not_0(label: int, rate: str) -> None:
    one_class = predicted({fold: ([0.05, 0.2, 0.3, 0.9], [label] * 4) for fold in (1, 2)})
    [point] = summary(one_class).row.operating_points
    assert (getattr(point, rate).estimate, getattr(point, rate).ends) == (None, None)


def test_a_fold_of_one_class_is_left_out_of_the_mean_and_named() -> None:
    mixed = predicted({1: ([0.1, 0.2, 0.6, 0.3], [0, 0, 1, 1]), 2: ([0.1, 0.2], [0, 0])})
    [point] = summary(mixed).row.operating_points
    assert (point.tpr.estimate, point.tpr.ends) == (pytest.approx(0.5), None)


def test_a_fold_of_one_class_has_no_slope_and_a_brier_score() -> None:
    one_class = predicted({1: ([0.1, 0.3], [0, 0])})
    before = calibration_summary(decided(one_class, inner(1), SETTINGS), "sigmoid").row.before
    assert (before.slope, before.intercept, before.n_folds_with_slope) == (None, None, 0)
    assert before.brier == pytest.approx(0.05)


def test_without_operating_rates_the_thresholds_are_still_chosen() -> None:
    thresholds = summary(two_folds(), settings=replace(SETTINGS, operating_fpr=[]))
    assert thresholds.row.operating_points == []
    assert thresholds.folds[0].threshold == pytest.approx(0.55)


def test_a_threshold_is_chosen_on_units_and_decides_rows_and_units() -> None:
    # By row the best is 0.55; the units, two rows each, have the means 0.5, 0.4, 0.35, 0.65 and 0.7.
    units = inner(1)[1].assign(unit=np.arange(9) // 2)
    by_unit = units.groupby("unit").agg(score=("score", "mean"), label=("label", "mean")).round(6)
    applied = decided(two_folds().query("fold == 1"), {1: units}, SETTINGS)
    expected = choose_threshold(
        SETTINGS.threshold, by_unit["score"].to_numpy(), (by_unit["label"] > 0.5).to_numpy(np.int8)
    )
    assert applied["threshold"].iloc[0] == pytest.approx(expected)
    assert expected != pytest.approx(0.55)


def test_a_unit_is_decided_on_the_mean_of_its_rows() -> None:
    # Threshold 0.55: row by row two of four are right in each unit, the means 0.5 and 0.6 are both right.
    rows = predicted({fold: ([0.2, 0.8, 0.3, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})
    rows["unit"] = rows["group"]
    decision = summary(rows)
    assert decision.row.at_chosen["accuracy"].estimate == 0.5
    assert decision.unit.at_chosen["accuracy"].estimate == 1.0
    assert (decision.row.confusion, decision.unit.confusion) == ([[2, 2], [2, 2]], [[2, 0], [0, 2]])


def test_a_decision_that_is_no_better_than_a_constant_one_says_so() -> None:
    good = summary(two_folds()).row
    useless = summary(predicted({fold: ([0.1, 0.9, 0.1, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})).row
    assert (good.better_than_constant, useless.better_than_constant) == (True, False)
    assert useless.constant["accuracy"] == 0.5
    assert useless.constant["f1"] == pytest.approx(2 / 3)


def test_what_a_decision_does_in_use_is_said_by_unit() -> None:
    useless = predicted({fold: ([0.1, 0.9, 0.1, 0.9], [0, 0, 1, 1]) for fold in (1, 2)})
    assert summary(useless).in_use == [
        "At a threshold for 25 % false positives it finds 50 of 100 units labelled fake, and calls 50 of 100 labelled "
        "real positive.",
        "The shipped decision finds 50 of 100 units labelled fake, and calls 50 of 100 labelled real positive, which "
        "is no better than always giving the same answer.",
        "Means over 2 outer folds of 8 units in 4 groups; in brackets, intervals.",
    ]
    assert "no better" not in "".join(summary(two_folds()).in_use)


def test_confusion_counts_the_rows_of_the_first_repeat_once() -> None:
    again = two_folds().assign(fold=lambda rows: rows["fold"] + 2, repeat=2)
    decision = summary(pd.concat([two_folds(), again], ignore_index=True))
    assert np.sum(decision.row.confusion) == 8
