"""The arrays of a cross-validation are those of its test rows and its train rows, each predicted without its group."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.scored import Scored, validation_of, write_scored
from foldwise.evaluation.constant_prediction import constant_decisions, constant_validation
from foldwise.evaluation.predictions import inner_out_of_fold, out_of_fold, read_fold_predictions
from foldwise.evaluation.records import LEVELS, Level
from foldwise.evaluation.validation import cross_validation
from foldwise.folds.assignment import Rows, open_rows
from foldwise.stats.influence import contributions


@pytest.fixture
def scored(tmp_path: Path) -> Scored:
    return write_scored(tmp_path, left_out=4)


def _rows(scored: Scored) -> Rows:
    return open_rows(*(scored.paths[key] for key in ("table", "contract", "folds")))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("thresholds", [None, {fold: 0.3 + 0.05 * fold for fold in range(1, 7)}])
def test_predictions_are_joined_to_groups_labels_and_thresholds(
    level: Level, thresholds: dict[int, float] | None, scored: Scored
) -> None:
    rows = _rows(scored)
    test = out_of_fold(rows, read_fold_predictions(scored.paths["weak"]))
    inner = inner_out_of_fold(rows, read_fold_predictions(scored.paths["weak: inner"]))
    given, expected = cross_validation(test, inner, rows.folds, level, thresholds), validation_of(scored, "weak", level)
    assert given.repeat.tolist() == [1, 1, 1, 2, 2, 2]
    assert (given.groups, given.shares) == (30, expected.shares)
    for of_fold, of_expected in ((given.test, expected.test), (given.inner, expected.inner)):
        for number, (part, same) in enumerate(zip(of_fold, of_expected, strict=True), start=1):
            assert part.group.tolist() == same.group.tolist()
            assert part.label.tolist() == same.label.tolist()
            assert part.prediction == pytest.approx(same.prediction)
            assert part.threshold == (0.5 if thresholds is None else thresholds[number])


def test_inner_predictions_of_other_rows_are_refused(scored: Scored) -> None:
    predictions = read_fold_predictions(scored.paths["weak: inner"])
    predictions[2] = predictions[2].iloc[::-1]
    with pytest.raises(ValueError, match="fold 2 are not those of its train rows"):
        inner_out_of_fold(_rows(scored), predictions)


@pytest.mark.parametrize("level", LEVELS)
def test_the_constant_is_the_share_of_positives_of_the_other_rows(level: Level, scored: Scored) -> None:
    # With one label turned, shares of rows and of units differ.
    rows = _rows(scored)
    rows.frame.loc[rows.frame["group"] == 2, "label"] = np.array([1, 1, 1, 0], np.int8)
    given = constant_validation(rows, level)
    label, group = rows.frame["label"].to_numpy(), rows.frame["group"].to_numpy()
    if level == "unit":
        label, first = np.array([label[group == unit].mean() > 0.5 for unit in range(30)]), np.arange(30) * 4
    else:
        first = np.arange(120)
    for fold, test, inner in zip(scored.folds, given.test, given.inner, strict=True):
        of_entry = fold[first]
        assert test.prediction == pytest.approx(label[of_entry > 0].mean())
        own = of_entry[of_entry > 0]
        expected = [label[(of_entry > 0) & (of_entry != number)].mean() for number in own]
        assert inner.prediction == pytest.approx(np.array(expected))


def test_the_constant_decides_what_is_better_by_the_metric(scored: Scored) -> None:
    given = constant_validation(_rows(scored), "row")
    assert constant_decisions("auc", given) is given
    for metric, positive in (("f1", True), ("recall", True), ("precision", True)):
        decided = constant_decisions(metric, given)
        assert all((part.called == positive).all() for part in (*decided.test, *decided.inner))
    accuracy = constant_decisions("accuracy", given)
    for part in accuracy.test:
        share = part.label.mean()
        assert contributions("accuracy", part, given.groups).value == pytest.approx(max(share, 1 - share))
