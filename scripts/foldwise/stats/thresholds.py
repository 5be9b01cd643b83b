"""Decision thresholds that are best by a criterion, for labels and predicted probabilities."""

import numpy as np
import numpy.typing as npt

Predictions = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def choose_threshold(criterion: str, prediction: Predictions, label: Labels, limit: float) -> float:
    """Return the threshold that is best by a criterion: a row is positive if its prediction is at least that.

    The candidates are half-way between neighbouring predictions, so that a prediction near the chosen one falls on the
    same side; of equally good ones the lowest is taken.

    Args:
        criterion: ``f1``; ``youden``: true- minus false-positive rate (Youden 1950); ``fpr``: the
            largest true-positive rate at a false-positive rate of at most ``limit``.
        prediction: shape (n,), probabilities of class 1.
        label: shape (n,), 0 or 1, both present.
        limit: false-positive rate for ``fpr``.

    Example:
        >>> label = np.array([0, 0, 1, 0, 1, 1], np.int8)
        >>> prediction = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9])
        >>> choose_threshold("youden", prediction, label, limit=0.05)
        0.25
        >>> choose_threshold("fpr", prediction, label, limit=0.05)
        0.5
    """
    values = np.unique(prediction)
    order = np.argsort(prediction, kind="stable")
    positive = label[order].astype(np.int64)
    rank = np.searchsorted(prediction[order], values)
    missed = np.concatenate([[0], np.cumsum(positive)])[rank]
    passed = rank - missed
    true_positives = positive.sum() - missed
    false_positives = (len(positive) - positive.sum()) - passed
    true_rate = true_positives / positive.sum()
    false_rate = false_positives / max(len(positive) - positive.sum(), 1)
    if criterion == "f1":
        merit = 2 * true_positives / (positive.sum() + true_positives + false_positives)
    elif criterion == "youden":
        merit = true_rate - false_rate
    else:
        merit = np.where(false_rate <= limit, true_rate, -1.0)
        if merit.max() < 0:
            return float(np.nextafter(values[-1], np.inf))
    chosen = int(np.argmax(merit))
    if chosen == 0:
        return float(values[0])
    below, above = values[chosen - 1], values[chosen]
    middle = (below + above) / 2
    # Between neighbouring floats there is no number: the mean is one of them.
    return float(middle if middle > below else above)
