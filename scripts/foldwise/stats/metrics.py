"""Metrics of a binary classifier from labels and predicted probabilities.

Unless stated otherwise ``label`` is int8 of shape (n,) with 0 or 1, and ``prediction`` float of shape (n,), the
probability of class 1.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int8]
Predictions = npt.NDArray[np.floating[Any]]

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "log_loss_raw", "brier_raw", "eer", "fpr"})

# In the order in which they are shown: metrics that need no threshold lead, because F1 alone misleads (predicting
# "positive" always has an F1 of 0.676 on the demo).
LABELS = {
    "auc": "AUC",
    "log_loss": "Log loss",
    "ap": "Average precision",
    "brier": "Brier score",
    "eer": "Equal error rate",
    "f1": "F1",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "fpr": "False-positive rate",
    "mcc": "Matthews correlation",
}


def log_loss(label: Labels, prediction: Predictions) -> float:
    """Return the mean negative log-likelihood, probabilities clipped by the machine epsilon of their type.

    Example:
        >>> round(log_loss(np.array([0, 1, 1, 0], np.int8), np.array([0.1, 0.9, 0.8, 0.3])), 4)
        0.1976
    """
    return float(np.mean(row_log_loss(label, prediction)))


def row_log_loss(label: Labels, prediction: Predictions) -> npt.NDArray[np.floating[Any]]:
    """Return the negative log-likelihood of each row, shape (n,), of the type of ``prediction``.

    The steps are those of scikit-learn's ``log_loss``, so that the last bit agrees too.
    """
    epsilon = np.finfo(prediction.dtype).eps
    both = np.stack([1 - prediction, prediction], axis=1).clip(epsilon, 1 - epsilon)
    both /= both.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(both[np.arange(len(label)), label]))


def brier(label: Labels, prediction: Predictions) -> float:
    """Return the mean squared difference between probability and label (Brier 1950)."""
    return float(np.mean((prediction.astype(np.float64) - label) ** 2))


def auc(label: Labels, prediction: Predictions) -> float:
    """Return the area under the ROC curve: how often a positive outranks a negative, ties counting half.

    NaN when one class is missing.

    Example:
        >>> auc(np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.35, 0.8]))
        0.75
    """
    positives = int(np.count_nonzero(label))
    negatives = len(label) - positives
    if not positives or not negatives:
        return float("nan")
    false_positives, true_positives = _cumulative_counts(label, prediction)
    return float(np.trapezoid(true_positives, false_positives) / (positives * negatives))


def average_precision(label: Labels, prediction: Predictions) -> float:
    """Return the average precision: precision at each threshold, weighted by the gain in recall.

    NaN when there is no positive.

    Example:
        >>> round(average_precision(np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.35, 0.8])), 4)
        0.8333
    """
    positives = int(np.count_nonzero(label))
    if not positives:
        return float("nan")
    false_positives, true_positives = _cumulative_counts(label, prediction)
    precision = true_positives[1:] / (true_positives[1:] + false_positives[1:])
    return float(np.sum(np.diff(true_positives) * precision) / positives)


def precision_recall_points(
    label: Labels, prediction: Predictions
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return precision and recall at every distinct threshold, the highest first, shapes (k,); needs a positive row."""
    false_positives, true_positives = (counts[1:] for counts in _cumulative_counts(label, prediction))
    return true_positives / (true_positives + false_positives), true_positives / true_positives[-1]


def roc_points(label: Labels, prediction: Predictions) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return false- and true-positive rates at every distinct threshold, from (0, 0) to (1, 1), shapes (k,)."""
    false_positives, true_positives = _cumulative_counts(label, prediction)
    return false_positives / false_positives[-1], true_positives / true_positives[-1]


def tpr_at_fpr(label: Labels, prediction: Predictions, limit: float) -> float:
    """Return the largest true-positive rate at a false-positive rate of at most ``limit``.

    NaN when one class is missing.

    Example:
        >>> tpr_at_fpr(np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.35, 0.8]), limit=0.1)
        0.5
    """
    if len(np.unique(label)) < 2:
        return float("nan")
    false_rate, true_rate = roc_points(label, prediction)
    return float(true_rate[false_rate <= limit].max())


def equal_error_rate(label: Labels, prediction: Predictions) -> float:
    """Return the rate at which false positives and false negatives are equally frequent.

    Linear between the points of the ROC curve. NaN when one class is missing.
    """
    if len(np.unique(label)) < 2:
        return float("nan")
    false_rate, true_rate = roc_points(label, prediction)
    gap = false_rate - (1 - true_rate)
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    step = gap[after] - gap[before]
    share = 0.0 if step == 0 else -gap[before] / step
    return float(false_rate[before] + share * (false_rate[after] - false_rate[before]))


def confusion(label: Labels, prediction: Predictions, threshold: float = 0.5) -> npt.NDArray[np.int64]:
    """Return [[true negatives, false positives], [false negatives, true positives]]; positive from the threshold on."""
    called = prediction >= threshold
    return np.bincount(2 * label.astype(np.int64) + called, minlength=4).reshape(2, 2)


def decision_metrics(table: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the metrics of decisions, from a confusion table of shape (2, 2).

    A ratio whose denominator is 0 is 0, as in scikit-learn; precision, recall and F1 without a suffix are those of
    class 1.

    Returns:
        accuracy, balanced_accuracy, precision, recall, f1, mcc, and precision, recall and f1 with the suffixes
        ``_class0`` and ``_class1``.
    """
    (tn, fp), (fn, tp) = table.tolist()
    by_class = {}
    for name, hit, missed, false in (("class0", tn, fp, fn), ("class1", tp, fn, fp)):
        by_class[f"precision_{name}"] = _ratio(hit, hit + false)
        by_class[f"recall_{name}"] = _ratio(hit, hit + missed)
        by_class[f"f1_{name}"] = _ratio(2 * hit, 2 * hit + missed + false)
    root = float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return {
        "accuracy": _ratio(tp + tn, tp + tn + fp + fn),
        "balanced_accuracy": (by_class["recall_class0"] + by_class["recall_class1"]) / 2,
        "precision": by_class["precision_class1"],
        "recall": by_class["recall_class1"],
        "f1": by_class["f1_class1"],
        "mcc": _ratio(tp * tn - fp * fn, root**0.5),
        **by_class,
    }


def defined_decision_metrics(label: Labels, prediction: Predictions, threshold: float = 0.5) -> dict[str, float]:
    """Return :func:`decision_metrics` with NaN for a metric of a class that no row has."""
    metrics = decision_metrics(confusion(label, prediction, threshold))
    present = np.unique(label)
    missing = [value for value in (0, 1) if value not in present]
    for name in metrics:
        about = 0 if name.endswith("class0") else 1
        both = name in ("balanced_accuracy", "mcc")
        if name != "accuracy" and missing and (both or about in missing):
            metrics[name] = float("nan")
    return metrics


def all_metrics(
    label: Labels, prediction: Predictions, calibrated: Predictions, operating_fpr: Sequence[float]
) -> dict[str, float]:
    """Return every metric of the workflow at the threshold 0.5, NaN where one is not defined.

    Args:
        label: shape (n,), 0 or 1.
        prediction: shape (n,), probability of class 1 as the model predicts it.
        calibrated: shape (n,), the same after calibration.
        operating_fpr: false-positive rates at which the true-positive rate is given.

    Returns:
        The keys of :func:`decision_metrics`, then auc, ap, log_loss and brier of the calibrated probabilities,
        log_loss_raw and brier_raw of the others, eer and ``tpr_at_fpr_<rate>``.
    """
    return {
        **defined_decision_metrics(label, prediction),
        "auc": auc(label, prediction),
        "ap": average_precision(label, prediction),
        "log_loss": log_loss(label, calibrated),
        "brier": brier(label, calibrated),
        "log_loss_raw": log_loss(label, prediction),
        "brier_raw": brier(label, prediction),
        "eer": equal_error_rate(label, prediction),
        **{f"tpr_at_fpr_{limit:g}": tpr_at_fpr(label, prediction, limit) for limit in operating_fpr},
    }


def search_metric(name: str) -> Callable[[Labels, Predictions], float]:
    """Return the function of a metric that ``search.metric`` may name."""
    functions: dict[str, Callable[[Labels, Predictions], float]] = {
        "log_loss": log_loss,
        "brier": brier,
        "auc": auc,
        "ap": average_precision,
    }
    return functions.get(name) or (lambda label, prediction: decision_metrics(confusion(label, prediction))[name])


def _cumulative_counts(label: Labels, prediction: Predictions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return false and true positives at every distinct threshold, from none called to all called, shapes (k,)."""
    order = np.argsort(-prediction, kind="stable")
    ranked, positive = prediction[order], label[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    true_positives = np.cumsum(positive, dtype=np.int64)[last]
    false_positives = last + 1 - true_positives
    zero = np.zeros(1, np.int64)
    return np.concatenate([zero, false_positives]), np.concatenate([zero, true_positives])


def _ratio(part: float, total: float) -> float:
    return float(part / total) if total else 0.0
