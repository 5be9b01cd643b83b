"""How far labels and features follow the order in which the rows were given or are named."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from foldwise.stats.metrics import auc

_FOLLOWS = 0.99
_FEW_VALUES = 20
Numbers = npt.NDArray[np.floating[Any]]


def order_of_rows(
    label: npt.NDArray[np.int8],
    unit: npt.NDArray[np.integer[Any]],
    by_name: npt.NDArray[np.integer[Any]],
    features: Iterable[tuple[str, Numbers]],
) -> dict[str, Any]:
    """Measure what the order of the rows gives away; nothing that is trained may depend on it.

    Args:
        label: shape (n,), 0 or 1, in the order of the input file, as are all the others.
        unit: number of each row's unit, from 0, shape (n,).
        by_name: place of each row in the order of the sample names, shape (n,).
        features: names and numeric columns, shape (n,) each, missing as NaN.

    Returns:
        ``file_auc`` and ``path_auc``: AUC of a unit's mean place for its label, in the input file and
        among the sample names; ``monotone``: features with more than 20 values whose rank correlation
        with either order is beyond 0.99.
    """
    orders = {"file_auc": np.arange(len(label)), "path_auc": by_name}
    size = np.bincount(unit)
    positive = (np.bincount(unit, weights=label) / size > 0.5).astype(np.int8)
    found: dict[str, Any] = {
        key: auc(positive, np.bincount(unit, weights=place) / size) for key, place in orders.items()
    }
    found["monotone"] = [name for name, values in features if any(_follows(values, place) for place in orders.values())]
    return found


def _follows(values: Numbers, place: npt.NDArray[np.integer[Any]]) -> bool:
    known = ~np.isnan(values)
    if len(np.unique(values[known])) <= _FEW_VALUES:
        return False
    ranks, places = rankdata(values[known]), rankdata(place[known])
    return bool(abs(np.corrcoef(ranks, places)[0, 1]) > _FOLLOWS)
