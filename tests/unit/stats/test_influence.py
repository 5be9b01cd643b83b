"""The influence of a group is the numeric derivative of the metric, and that of a slow computation row by row."""

import numpy as np
import pytest
from foldwise.stats.influence import METRICS, PredictedRows, contributions
from foldwise.stats.metrics import auc, average_precision, brier, confusion, defined_decision_metrics, log_loss
from sklearn.metrics import average_precision_score, roc_auc_score

THRESHOLD = 0.45
GROUPS = 14
# Groups that are in the table but not among these rows.
ABSENT = [3, 9]


def rows(seed: int = 0, mixed: bool = True) -> PredictedRows:
    """Draw rows of unequal groups with tied predictions; rows of a group are of both classes where ``mixed``."""
    random = np.random.default_rng(seed)
    present = np.setdiff1d(np.arange(GROUPS), ABSENT)
    group = np.repeat(present, random.integers(1, 7, len(present))).astype(np.int32)
    share = np.where(mixed, 0.4, np.arange(GROUPS) % 2)[group]
    label = (random.random(len(group)) < share).astype(np.int8)
    prediction = 1 / (1 + np.exp(-(label - 0.5 + random.normal(size=GROUPS)[group] + random.normal(size=len(group)))))
    return PredictedRows(label, prediction.round(1).clip(0.05, 0.95), group, THRESHOLD)


def value(metric: str, label: np.ndarray, prediction: np.ndarray, threshold: float = THRESHOLD) -> float:
    """Return a metric by the functions of the workflow."""
    decided = defined_decision_metrics(label, prediction, threshold)
    functions = {"auc": auc, "ap": average_precision, "log_loss": log_loss, "brier": brier}
    if metric in functions:
        return functions[metric](label, prediction)
    return {**decided, "tpr": decided["recall"], "fpr": 1 - decided["recall_class0"]}[metric]


def by_derivative(metric: str, table: PredictedRows) -> np.ndarray:
    """Return the influences by counting every row 50 times and those of one group 49 or 51 times."""
    copies = 50
    influence = np.zeros(GROUPS)
    for group in range(GROUPS):
        own = np.flatnonzero(table.group == group)
        every_row = np.repeat(np.arange(len(table.label)), copies)
        more = np.concatenate([every_row, own])
        fewer = every_row[~((np.arange(len(every_row)) % copies == 0) & (table.group[every_row] == group))]
        up, down = (value(metric, table.label[kept], table.prediction[kept]) for kept in (more, fewer))
        influence[group] = (up - down) * copies / 2
    return influence


def by_rows(metric: str, table: PredictedRows, centre: float) -> np.ndarray:
    """Return the contributions centred at ``centre`` by a loop over rows and pairs of rows."""
    if metric in ("auc", "ap"):
        return (auc_by_pairs if metric == "auc" else average_precision_by_pairs)(table, centre)
    label, prediction, called = table.label, table.prediction, table.prediction >= THRESHOLD
    one = np.ones(len(label))
    above, below = {
        "log_loss": (-np.log(np.where(label == 1, prediction, 1 - prediction)), one),
        "brier": ((prediction - label) ** 2, one),
        "accuracy": (called == (label == 1), one),
        "f1": (2 * (called & (label == 1)), called.astype(int) + label),
        "precision": (called & (label == 1), called),
        "fpr": (called & (label == 0), label == 0),
        "recall": (called & (label == 1), label == 1),
        "tpr": (called & (label == 1), label == 1),
    }[metric]
    sums = np.zeros(GROUPS)
    for row in range(len(label)):
        sums[table.group[row]] += (float(above[row]) - centre * below[row]) / below.sum()
    return sums


def auc_by_pairs(table: PredictedRows, centre: float) -> np.ndarray:
    """Each row adds how often it is on the right side of the rows of the other class, as in DeLong et al. (1988)."""
    sums = np.zeros(GROUPS)
    for group, label, prediction in zip(table.group, table.label, table.prediction, strict=True):
        others = table.prediction[table.label != label]
        way = 1 if label == 1 else -1
        right = [(way * prediction > way * other) + (prediction == other) / 2 for other in others]
        sums[group] += (np.mean(right) - centre) / (table.label == label).sum()
    return sums


def average_precision_by_pairs(table: PredictedRows, centre: float) -> np.ndarray:
    """Each positive row has a term, hit / called at its prediction; every row at or above it adds to both."""
    sums = np.zeros(GROUPS)
    positives = np.flatnonzero(table.label == 1)
    for positive in positives:
        above = np.flatnonzero(table.prediction >= table.prediction[positive])
        hit, called = int(table.label[above].sum()), len(above)
        sums[table.group[positive]] += (hit / called - centre) / len(positives)
        for row in above:
            sums[table.group[row]] += (table.label[row] * called - hit) / called**2 / len(positives)
    return sums


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("metric", METRICS)
def test_the_value_is_that_of_the_workflow_and_groups_without_rows_have_no_influence(metric: str, mixed: bool) -> None:
    table = rows(mixed=mixed)
    measured = contributions(metric, table, GROUPS)
    assert measured.value == pytest.approx(value(metric, table.label, table.prediction), abs=1e-14)
    assert measured.influence.shape == ((2 if metric in ("auc", "ap") else 1), GROUPS)
    assert measured.influence.sum() == pytest.approx(0, abs=1e-13)
    assert not measured.influence[:, ABSENT].any()
    assert not measured.share[:, ABSENT].any()
    assert not measured.has_rows[:, ABSENT].any()


def test_auc_and_average_precision_are_those_of_scikit_learn() -> None:
    table = rows()
    assert contributions("auc", table, GROUPS).value == pytest.approx(roc_auc_score(table.label, table.prediction))
    expected = average_precision_score(table.label, table.prediction)
    assert contributions("ap", table, GROUPS).value == pytest.approx(expected)


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("metric", METRICS)
def test_the_influence_is_the_numeric_derivative(metric: str, mixed: bool) -> None:
    table = rows(mixed=mixed)
    influence = contributions(metric, table, GROUPS).influence.sum(axis=0)
    # A central difference with a step of 1/50 is exact up to terms of that step squared, 4e-4.
    assert influence == pytest.approx(by_derivative(metric, table), rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("metric", METRICS)
def test_it_is_that_of_a_loop_over_rows_at_any_centre(metric: str, mixed: bool) -> None:
    table = rows(seed=1, mixed=mixed)
    measured = contributions(metric, table, GROUPS)
    for centre in (measured.value, 0.3):
        expected = by_rows(metric, table, centre)
        assert measured.centred_at(centre).sum(axis=0) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_each_part_has_the_groups_of_its_class(metric: str) -> None:
    table = rows(mixed=False)
    has_rows = contributions(metric, table, GROUPS).has_rows
    present = np.isin(np.arange(GROUPS), table.group)
    odd = np.arange(GROUPS) % 2 == 1
    expected = {"recall": [odd], "tpr": [odd], "fpr": [~odd], "auc": [~odd, odd], "ap": [~odd, odd]}
    assert (has_rows == np.array(expected.get(metric, [present])) & present).all()


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("metric", METRICS)
def test_with_one_class_a_metric_is_defined_where_the_workflow_defines_it(metric: str, label: int) -> None:
    table = PredictedRows(np.full(4, label, np.int8), np.array([0.2, 0.4, 0.6, 0.8]), np.arange(4, dtype=np.int32))
    measured = contributions(metric, table, 4)
    assert measured.value == pytest.approx(value(metric, table.label, table.prediction, 0.5), nan_ok=True)
    assert np.isfinite(measured.influence).all()


def test_where_nothing_is_called_positive_the_fold_still_counts_in_a_mean() -> None:
    table = PredictedRows(np.array([1, 0], np.int8), np.array([0.2, 0.1]), np.array([0, 1], np.int32), 0.5)
    precision = contributions("precision", table, 2)
    assert (precision.value, precision.influence.tolist()) == (0, [[0, 0]])
    assert precision.centred_at(0.6)[0].tolist() == pytest.approx([-0.3, -0.3])


def test_every_row_may_have_its_own_threshold() -> None:
    table = rows()
    thresholds = np.where(table.group % 2, 0.2, 0.8)
    own = PredictedRows(table.label, table.prediction, table.group, thresholds)
    decisions = (table.prediction >= thresholds).astype(np.float64)
    [[tn, fp], [fn, tp]] = confusion(table.label, decisions)
    assert contributions("f1", own, GROUPS).value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert contributions("fpr", own, GROUPS).value == pytest.approx(fp / (fp + tn))
