"""Decision thresholds that are best by a criterion, for labels and predicted probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Predictions = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Counts = npt.NDArray[np.int64]
Setting = str | float | Mapping[str, Any]
"""A criterion as the configuration has it: a name, a threshold, ``{fixed_fpr: 0.05}`` or ``{cost: {...}}``."""


@dataclass(frozen=True)
class Criterion:
    """What a decision threshold is best by.

    Attributes:
        name: ``youden``: true- minus false-positive rate (Youden 1950, Index for rating diagnostic tests); ``f1``;
            ``mcc``: Matthews correlation; ``accuracy``; ``fixed_fpr``: the largest true-positive rate at a
            false-positive rate of at most ``value``; ``cost``: the least total cost of wrong decisions; ``fixed``:
            the threshold ``value``.
        value: a false-positive rate or a threshold, between 0 and 1.
        false_positive: cost of a false positive.
        false_negative: cost of a false negative.
    """

    name: str
    value: float = 0.0
    false_positive: float = 1.0
    false_negative: float = 1.0

    @classmethod
    def of(cls, setting: Setting) -> Self:
        """Return the criterion of a configuration.

        Example:
            >>> Criterion.of({"fixed_fpr": 0.05})
            Criterion(name='fixed_fpr', value=0.05, false_positive=1.0, false_negative=1.0)
        """
        if isinstance(setting, str):
            return cls(setting)
        if isinstance(setting, Mapping):
            [(name, value)] = setting.items()
            return cls(name, **value) if name == "cost" else cls(name, value)
        return cls("fixed", setting)

    @property
    def setting(self) -> Setting:
        """The criterion as the configuration has it."""
        if self.name == "cost":
            return {"cost": {"false_positive": self.false_positive, "false_negative": self.false_negative}}
        if self.name == "fixed":
            return self.value
        return {self.name: self.value} if self.name == "fixed_fpr" else self.name

    def __str__(self) -> str:
        """Write the criterion, such as ``fixed_fpr 0.05``."""
        if self.name == "cost":
            return f"cost {self.false_positive:g} false_positive, {self.false_negative:g} false_negative"
        return f"{self.name} {self.value:g}" if self.name in ("fixed_fpr", "fixed") else self.name

    def merit(
        self, true_positives: Counts, false_positives: Counts, positives: int, negatives: int
    ) -> npt.NDArray[np.float64]:
        """Return how good decisions are, larger is better, shape (k,).

        Args:
            true_positives: shape (k,).
            false_positives: shape (k,).
            positives: rows of class 1.
            negatives: rows of class 0.
        """
        tp, fp = true_positives.astype(np.float64), false_positives.astype(np.float64)
        fn, tn = positives - tp, negatives - fp
        if self.name == "f1":
            return 2 * tp / np.maximum(2 * tp + fp + fn, 1)
        if self.name == "accuracy":
            return (tp + tn) / (positives + negatives)
        if self.name == "mcc":
            root = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
            return np.divide(tp * tn - fp * fn, root, out=np.zeros_like(root), where=root > 0)
        if self.name == "cost":
            return -(self.false_positive * fp + self.false_negative * fn)
        true_rate, false_rate = tp / max(positives, 1), fp / max(negatives, 1)
        if self.name == "fixed_fpr":
            return np.where(false_rate <= self.value, true_rate, -1.0)
        return true_rate - false_rate


def choose_threshold(criterion: Criterion, prediction: Predictions, label: Labels) -> float:
    """Return the threshold that is best by a criterion: a row is positive if its prediction is at least that.

    The candidates are half-way between neighbouring predictions, so that a prediction near the chosen one falls on the
    same side, below all of them and above all of them; of equally good ones the lowest is taken.

    Args:
        criterion: what the threshold is best by.
        prediction: shape (n,), probabilities of class 1.
        label: shape (n,), 0 or 1, both present.

    Example:
        >>> label = np.array([0, 0, 1, 0, 1, 1], np.int8)
        >>> prediction = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9])
        >>> choose_threshold(Criterion("youden"), prediction, label)
        0.25
        >>> choose_threshold(Criterion("fixed_fpr", 0.05), prediction, label)
        0.5
    """
    if criterion.name == "fixed":
        return criterion.value
    values = np.unique(prediction)
    order = np.argsort(prediction, kind="stable")
    positive = label[order].astype(np.int64)
    rank = np.append(np.searchsorted(prediction[order], values), len(label))
    missed = np.concatenate([[0], np.cumsum(positive)])[rank]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    merit = criterion.merit(positives - missed, negatives - (rank - missed), positives, negatives)
    chosen = int(np.argmax(merit))
    if chosen == 0:
        return float(values[0])
    if chosen == len(values):
        return float(np.nextafter(values[-1], np.inf))
    below, above = values[chosen - 1], values[chosen]
    middle = (below + above) / 2
    # Between neighbouring floats there is no number: the mean is one of them.
    return float(middle if middle > below else above)
