"""Decision thresholds, chosen on inner out-of-fold scores only."""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def choose_threshold(criterion: str, score: Scores, label: Labels, limit: float) -> float:
    """Return the threshold that is best by a criterion: a row is called positive from it upwards.

    The candidates lie half-way between neighbouring scores, so that a score near the chosen one
    falls on the same side; of equal ones the lowest is taken.

    Args:
        criterion: ``f1``; ``youden``: true- minus false-positive rate (Youden 1950); ``fpr``: the
            largest true-positive rate at a false-positive rate of at most ``limit``.
        score: shape (n,), probabilities of class 1.
        label: shape (n,), 0 or 1, both present.
        limit: false-positive rate for ``fpr``.
    """
    values = np.unique(score)
    order = np.argsort(score, kind="stable")
    positive = label[order].astype(np.int64)
    rank = np.searchsorted(score[order], values)
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
