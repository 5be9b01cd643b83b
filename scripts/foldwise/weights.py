"""Row weights of a train part."""

from typing import Any

import numpy as np
import numpy.typing as npt


def row_weights(kind: str, label: npt.NDArray[np.int8], unit: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return the weight of each train row, with mean 1, or None when all count alike.

    Args:
        kind: ``none``; ``balanced``: both classes have the same total; ``unit``: every unit has
            the same total, however many rows it has.
        label: shape (n,), 0 or 1.
        unit: shape (n,), the unit of each row, or its number.
    """
    if kind == "none":
        return None
    classes = label if kind == "balanced" else unit
    _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
    weight = 1.0 / counts[inverse]
    return np.asarray(weight * (len(weight) / weight.sum()), np.float64)
