"""Metrics, counts and numbers are written in one way everywhere."""

import pytest
from foldwise.results import wording


@pytest.mark.parametrize(
    ("key", "label", "spoken"),
    [
        ("auc", "AUC", "AUC"),
        ("f1", "F1", "F1"),
        ("log_loss", "Log loss", "log loss"),
        ("brier", "Brier score", "Brier score"),
        ("mcc", "Matthews correlation", "Matthews correlation"),
        ("tpr_at_fpr_0.05", "TPR at FPR 0.05", "TPR at FPR 0.05"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_a_metric_has_a_label_and_a_form_within_sentences(key: str, label: str, spoken: str) -> None:
    metric = wording.metric_named(key)
    assert (metric.label, metric.spoken) == (label, spoken)


def test_metrics_that_need_no_threshold_come_first() -> None:
    keys = ["tpr_at_fpr_0.05", "f1", "brier", "recall_class0", "auc"]
    assert [metric.key for metric in wording.metrics_in(keys)] == ["auc", "brier", "f1", "tpr_at_fpr_0.05"]
    assert [wording.metric_named(key).at_threshold for key in ("auc", "f1")] == [False, True]


def test_of_losses_and_errors_less_is_better() -> None:
    lower = {
        key for key in ("auc", "ap", "f1", "log_loss", "brier", "eer") if wording.metric_named(key).lower_is_better
    }
    assert lower == {"log_loss", "brier", "eer"}


def test_numbers_have_three_decimals_and_counts_thousands() -> None:
    assert [wording.number(value) for value in (0.12345, -0.0001, None)] == ["0.123", "0.000", "undefined"]
    assert [wording.counted(value, "row") for value in (1, 3277, None)] == ["1 row", "3,277 rows", "undefined rows"]
