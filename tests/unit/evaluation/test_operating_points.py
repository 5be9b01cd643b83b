"""Calibrators and thresholds come from inner scores alone, and their means say what they are over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.evaluation.operating_points import (
    EvaluationSettings,
    apply_decision_rules,
    calibration_summary,
    threshold_summary,
)
from foldwise.stats.calibration import fit_calibrator

CHOICES = EvaluationSettings(operating_fpr=[0.25], confidence=0.95, calibration="sigmoid", threshold="youden")
CHOSEN = ["threshold", "threshold_fpr_0.25"]
ENOUGH_GROUPS = 10
# From 0.6 on four of five positives and no negative: the best by Youden. From 0.4 on all, and one negative of four.
SCORE = [0.1, 0.9, 0.6, 0.2, 0.3, 0.4, 0.8, 0.5, 0.7]
LABEL = [0, 1, 1, 0, 0, 1, 1, 0, 1]


def scored(test: dict[int, tuple[list[float], list[int]]]) -> pd.DataFrame:
    """Return test rows of each fold, two rows a group, as evaluation joins them."""
    parts = []
    for fold, (score, label) in test.items():
        row = np.arange(len(score))
        found = {"fold": fold, "repeat": 1, "group": 100 * fold + row // 2, "label": np.array(label, np.int8)}
        parts.append(pd.DataFrame({**found, "score": score}))
    return pd.concat(parts, ignore_index=True)


def inner(*folds: int) -> dict[int, pd.DataFrame]:
    return {fold: pd.DataFrame({"score": SCORE, "label": np.array(LABEL, np.int8)}) for fold in folds}


def two_folds() -> pd.DataFrame:
    first = [0.05, 0.45, 0.55, 0.7], [0, 0, 1, 1]
    return scored({1: first, 2: ([0.3, 0.65, 0.35, 0.95], [0, 0, 1, 1])})


def summary(
    predictions: pd.DataFrame, groups: int = ENOUGH_GROUPS, choices: EvaluationSettings = CHOICES
) -> dict[str, Any]:
    folds = {int(fold) for fold in predictions["fold"]}
    return threshold_summary(
        apply_decision_rules(predictions, inner(*folds), choices), choices, [0.5] * len(folds), groups
    )


def test_thresholds_are_the_best_on_the_inner_scores() -> None:
    found = apply_decision_rules(two_folds(), inner(1, 2), CHOICES)
    assert found["threshold"].unique().tolist() == pytest.approx([0.55])
    assert found["threshold_fpr_0.25"].unique().tolist() == pytest.approx([0.35])


@pytest.mark.parametrize("column", ["score", "label"])
def test_test_rows_do_not_move_a_threshold(column: str) -> None:
    before = two_folds()
    after = before.assign(**{column: 1 - before[column]})
    found = [apply_decision_rules(rows, inner(1, 2), CHOICES)[CHOSEN] for rows in (before, after)]
    pd.testing.assert_frame_equal(*found)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_calibrated_score_does_not_depend_on_the_other_test_rows(method: str) -> None:
    choices = replace(CHOICES, calibration=method)
    before = two_folds()
    after = before.assign(score=before["score"].where(before.index == 2, 0.01), label=1 - before["label"])
    found = [apply_decision_rules(rows, inner(1, 2), choices)["calibrated"].iloc[2] for rows in (before, after)]
    assert found[0] == found[1]


def test_other_inner_scores_move_the_calibrator() -> None:
    turned = {fold: rows.assign(label=1 - rows["label"]) for fold, rows in inner(1, 2).items()}
    found = [apply_decision_rules(two_folds(), rows, CHOICES)["calibrated"] for rows in (inner(1, 2), turned)]
    assert (found[0] != found[1]).all()


def test_calibrated_scores_are_those_of_the_calibrator_of_the_inner_scores() -> None:
    rows = inner(1)[1]
    calibrator = fit_calibrator("sigmoid", rows["score"].to_numpy(), rows["label"].to_numpy())
    found = apply_decision_rules(two_folds(), inner(1, 2), CHOICES)
    np.testing.assert_array_equal(found["calibrated"], calibrator(found["score"].to_numpy()))


def test_each_fold_goes_by_its_own_inner_scores() -> None:
    lower = {**inner(1), 2: inner(2)[2].assign(score=np.array(SCORE) / 2)}
    found = apply_decision_rules(two_folds(), lower, CHOICES).groupby("fold")["threshold"].unique().str[0]
    assert found.tolist() == pytest.approx([0.55, 0.275])


def test_the_summary_names_the_threshold_of_each_fold() -> None:
    lower = {**inner(1), 2: inner(2)[2].assign(score=np.array(SCORE) / 2)}
    found = threshold_summary(apply_decision_rules(two_folds(), lower, CHOICES), CHOICES, [0.5, 0.5], ENOUGH_GROUPS)
    assert [f["fold"] for f in found["folds"]] == [1, 2]
    assert [f["threshold"] for f in found["folds"]] == pytest.approx([0.55, 0.275])


def test_scores_keep_their_rows() -> None:
    found = apply_decision_rules(two_folds(), inner(1, 2), CHOICES)
    pd.testing.assert_frame_equal(found[two_folds().columns.tolist()], two_folds())


def test_an_operating_point_reaches_the_rates_counted_by_hand() -> None:
    # Called positive from 0.35 on. Fold 1: both positives, one negative of two; fold 2: one positive, no negative.
    rows = scored({1: ([0.05, 0.45, 0.55, 0.7], [0, 0, 1, 1]), 2: ([0.1, 0.3, 0.34, 0.36], [0, 0, 1, 1])})
    [point] = summary(rows)["operating_points"]
    assert point["fpr_aimed_at"] == 0.25
    assert point["tpr"]["estimate"] == pytest.approx(0.75)
    assert point["fpr"]["estimate"] == pytest.approx(0.25)


def test_both_0_5_and_the_chosen_threshold_are_reported() -> None:
    # Between 0.5 and 0.55 lies one negative.
    near = scored({fold: ([0.1, 0.52, 0.6, 0.7], [0, 0, 1, 1]) for fold in (1, 2)})
    found = summary(near)
    assert found["at_0.5"]["accuracy"]["estimate"] == pytest.approx(0.75)
    assert found["at_chosen"]["accuracy"]["estimate"] == pytest.approx(1.0)


def test_thresholds_say_what_they_are_over() -> None:
    found = summary(two_folds())
    over = {"level": "row", "n_folds": 2, "n_rows": 8, "n_groups": 4, "criterion": "youden"}
    assert over.items() <= found.items()
    assert "inner out-of-fold" in found["chosen_on"]


def test_calibration_says_what_it_is_over() -> None:
    found = calibration_summary(apply_decision_rules(two_folds(), inner(1, 2), CHOICES), "sigmoid")
    over = {"level": "row", "n_folds": 2, "n_rows": 8, "n_groups": 4, "method": "sigmoid"}
    assert over.items() <= found.items()
    assert "inner out-of-fold" in found["fitted_on"]


def test_the_rows_of_a_second_repeat_are_not_counted_again() -> None:
    again = two_folds().assign(fold=lambda rows: rows["fold"] + 2, repeat=2)
    both = pd.concat([two_folds(), again], ignore_index=True)
    found = calibration_summary(apply_decision_rules(both, inner(1, 2, 3, 4), CHOICES), "sigmoid")
    assert (found["n_folds"], found["n_rows"], found["n_groups"]) == (4, 8, 4)


def test_calibration_is_scored_before_and_after() -> None:
    predictions = apply_decision_rules(two_folds(), inner(1, 2), CHOICES)
    found = calibration_summary(predictions, "sigmoid")
    for name, column in (("before", "score"), ("after", "calibrated")):
        by_fold = [((part[column] - part["label"]) ** 2).mean() for _, part in predictions.groupby("fold")]
        assert found[name]["brier"] == pytest.approx(np.mean(by_fold))


def test_a_slope_is_the_mean_over_the_folds_that_have_one() -> None:
    # The scores of fold 1 separate its classes, those of fold 2 do not.
    found = calibration_summary(apply_decision_rules(two_folds(), inner(1, 2), CHOICES), "sigmoid")["before"]
    alone = two_folds().query("fold == 2")
    expected = calibration_summary(apply_decision_rules(alone, inner(2), CHOICES), "sigmoid")["before"]
    assert found["slope"] == pytest.approx(expected["slope"])
    assert found["n_folds_with_slope"] == 1


def test_an_interval_has_both_ends_and_its_folds() -> None:
    found = summary(two_folds())["at_chosen"]["accuracy"]
    assert {"estimate", "low", "high", "confidence", "n_folds"} <= set(found)


@pytest.mark.parametrize("place", ["at_0.5", "at_chosen"])
def test_few_groups_get_an_estimate_and_no_interval(place: str) -> None:
    found = summary(two_folds(), groups=ENOUGH_GROUPS - 1)[place]["f1"]
    assert set(found) == {"estimate", "refused"}
    assert "9 groups in the rarer class" in found["refused"]


@pytest.mark.parametrize(("label", "rate"), [(0, "tpr"), (1, "fpr")])
def test_a_rate_without_a_case_is_undefined_and_not_0(label: int, rate: str) -> None:
    one_class = scored({fold: ([0.05, 0.2, 0.3, 0.9], [label] * 4) for fold in (1, 2)})
    [point] = summary(one_class)["operating_points"]
    assert point[rate] == {"estimate": None, "refused": "not defined in 2 of 2 folds"}


def test_a_fold_of_one_class_is_left_out_of_the_mean_and_told() -> None:
    mixed = scored({1: ([0.1, 0.2, 0.6, 0.3], [0, 0, 1, 1]), 2: ([0.1, 0.2], [0, 0])})
    [point] = summary(mixed)["operating_points"]
    assert point["tpr"] == {"estimate": pytest.approx(0.5), "refused": "not defined in 1 of 2 folds"}


def test_a_fold_of_one_class_has_no_slope_and_a_brier_score() -> None:
    one_class = scored({1: ([0.1, 0.3], [0, 0])})
    found = calibration_summary(apply_decision_rules(one_class, inner(1), CHOICES), "sigmoid")["before"]
    assert (found["slope"], found["intercept"], found["n_folds_with_slope"]) == (None, None, 0)
    assert found["brier"] == pytest.approx(0.05)


def test_without_operating_rates_the_thresholds_are_still_chosen() -> None:
    found = summary(two_folds(), choices=replace(CHOICES, operating_fpr=[]))
    assert found["operating_points"] == []
    assert found["folds"][0]["threshold"] == pytest.approx(0.55)


def test_the_criterion_fpr_keeps_the_first_of_the_rates() -> None:
    choices = replace(CHOICES, operating_fpr=[0.25, 0.01], threshold="fpr")
    found = apply_decision_rules(two_folds(), inner(1, 2), choices)
    assert (found["threshold"] == found["threshold_fpr_0.25"]).all()
