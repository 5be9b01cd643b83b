"""Association of labels and features with row order: that of the input file and that of the sample names."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from foldwise.data.contract import RowOrder
from foldwise.stats.metrics import auc

_MONOTONE = 0.99
_FEW_VALUES = 20
Numbers = npt.NDArray[np.floating[Any]]


def row_order(
    label: npt.NDArray[np.int8],
    unit: npt.NDArray[np.integer[Any]],
    by_name: npt.NDArray[np.integer[Any]],
    features: Iterable[tuple[str, Numbers]],
) -> RowOrder:
    """Measure how well the row order predicts the label; nothing that is trained may depend on it.

    Args:
        label: shape (n,), 0 or 1, in the order of the input file, as are all the others.
        unit: number of each row's unit, from 0, shape (n,).
        by_name: position of each row among the sorted sample names, shape (n,).
        features: names and numeric columns, shape (n,) each, missing as NaN.

    Returns:
        The AUC of a unit's mean position for its label, in either order, and the features with more than 20
        distinct values whose Spearman rank correlation with either order is beyond 0.99 in absolute value.
    """
    in_file = np.arange(len(label))
    size = np.bincount(unit)
    positive = (np.bincount(unit, weights=label) / size > 0.5).astype(np.int8)
    return RowOrder(
        file_auc=auc(positive, np.bincount(unit, weights=in_file) / size),
        path_auc=auc(positive, np.bincount(unit, weights=by_name) / size),
        monotone=[name for name, values in features if _is_monotone(values, in_file) or _is_monotone(values, by_name)],
    )


def _is_monotone(values: Numbers, position: npt.NDArray[np.integer[Any]]) -> bool:
    present = ~np.isnan(values)
    if len(np.unique(values[present])) <= _FEW_VALUES:
        return False
    correlation = np.corrcoef(rankdata(values[present]), rankdata(position[present]))[0, 1]
    return bool(abs(correlation) > _MONOTONE)
