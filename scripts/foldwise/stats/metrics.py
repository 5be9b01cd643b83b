"""Scores of a binary classifier from labels and probabilities; nothing here knows of models."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int8]
Scores = npt.NDArray[np.floating[Any]]
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "eer"})


def log_loss(label: Labels, score: Scores) -> float:
    """Return the mean negative log-likelihood, probabilities clipped by the machine epsilon of their type."""
    return float(np.mean(row_log_loss(label, score)))


def row_log_loss(label: Labels, score: Scores) -> npt.NDArray[np.floating[Any]]:
    """Return the negative log-likelihood of each row, shape (n,).

    The steps are those of scikit-learn's ``log_loss``, so that the last bit agrees too.
    """
    epsilon = np.finfo(score.dtype).eps
    both = np.stack([1 - score, score], axis=1).clip(epsilon, 1 - epsilon)
    both /= both.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(both[np.arange(len(label)), label]))


def brier(label: Labels, score: Scores) -> float:
    """Return the mean squared difference between probability and label (Brier 1950)."""
    return float(np.mean((score.astype(np.float64) - label) ** 2))


def auc(label: Labels, score: Scores) -> float:
    """Return the area under the ROC curve: how often a positive outranks a negative, ties counting half.

    NaN when one class is missing.
    """
    positives = int(np.count_nonzero(label))
    negatives = len(label) - positives
    if not positives or not negatives:
        return float("nan")
    false_positives, true_positives = _counts(label, score)
    return float(np.trapezoid(true_positives, false_positives) / (positives * negatives))


def average_precision(label: Labels, score: Scores) -> float:
    """Return the average precision: precision at each threshold, weighted by the gain in recall.

    NaN when there is no positive.
    """
    positives = int(np.count_nonzero(label))
    if not positives:
        return float("nan")
    false_positives, true_positives = _counts(label, score)
    precision = true_positives[1:] / (true_positives[1:] + false_positives[1:])
    return float(np.sum(np.diff(true_positives) * precision) / positives)


def roc_points(label: Labels, score: Scores) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return false- and true-positive rates at every distinct threshold, from (0, 0) to (1, 1)."""
    false_positives, true_positives = _counts(label, score)
    return false_positives / false_positives[-1], true_positives / true_positives[-1]


def tpr_at_fpr(label: Labels, score: Scores, limit: float) -> float:
    """Return the largest true-positive rate at a false-positive rate of at most ``limit``."""
    if len(np.unique(label)) < 2:
        return float("nan")
    false_rate, true_rate = roc_points(label, score)
    return float(true_rate[false_rate <= limit].max())


def equal_error_rate(label: Labels, score: Scores) -> float:
    """Return the rate at which false positives and false negatives are equally frequent.

    Linear between the points of the ROC curve. NaN when one class is missing.
    """
    if len(np.unique(label)) < 2:
        return float("nan")
    false_rate, true_rate = roc_points(label, score)
    gap = false_rate - (1 - true_rate)
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    step = gap[after] - gap[before]
    share = 0.0 if step == 0 else -gap[before] / step
    return float(false_rate[before] + share * (false_rate[after] - false_rate[before]))


def confusion(label: Labels, score: Scores, threshold: float = 0.5) -> npt.NDArray[np.int64]:
    """Return [[true negatives, false positives], [false negatives, true positives]]."""
    called = score >= threshold
    return np.bincount(2 * label.astype(np.int64) + called, minlength=4).reshape(2, 2)


def decisions(table: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the scores of decisions, from a confusion table of shape (2, 2).

    A ratio without a case is 0, as in scikit-learn; precision, recall and F1 without a suffix
    are those of class 1.
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


def decisions_of(label: Labels, score: Scores, threshold: float = 0.5) -> dict[str, float]:
    """Return :func:`decisions`, with NaN where a class that a score speaks of is missing among the rows."""
    found = decisions(confusion(label, score, threshold))
    present = np.unique(label)
    missing = [value for value in (0, 1) if value not in present]
    for name in found:
        about = 0 if name.endswith("class0") else 1
        both = name in ("balanced_accuracy", "mcc")
        if name != "accuracy" and missing and (both or about in missing):
            found[name] = float("nan")
    return found


def score_all(label: Labels, score: Scores, operating_fpr: Sequence[float]) -> dict[str, float]:
    """Return every score of the workflow at the threshold 0.5, NaN where one is not defined.

    Args:
        label: shape (n,), 0 or 1.
        score: shape (n,), probability of class 1.
        operating_fpr: false-positive rates at which the true-positive rate is given.
    """
    return {
        **decisions_of(label, score),
        "auc": auc(label, score),
        "ap": average_precision(label, score),
        "log_loss": log_loss(label, score),
        "brier": brier(label, score),
        "eer": equal_error_rate(label, score),
        **{f"tpr_at_fpr_{limit:g}": tpr_at_fpr(label, score, limit) for limit in operating_fpr},
    }


def search_metric(name: str) -> Callable[[Labels, Scores], float]:
    """Return the function behind a value of `search.metric`."""
    ranked: dict[str, Callable[[Labels, Scores], float]] = {
        "log_loss": log_loss,
        "brier": brier,
        "auc": auc,
        "ap": average_precision,
    }
    return ranked.get(name) or (lambda label, score: decisions(confusion(label, score))[name])


def _counts(label: Labels, score: Scores) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return false and true positives at every distinct threshold, from none called to all called."""
    order = np.argsort(-score, kind="stable")
    ranked, positive = score[order], label[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    true_positives = np.cumsum(positive, dtype=np.int64)[last]
    false_positives = last + 1 - true_positives
    zero = np.zeros(1, np.int64)
    return np.concatenate([zero, false_positives]), np.concatenate([zero, true_positives])


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
