"""Which columns moved the score of a row most: the backends' own SHAP values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.predict.final_models import FinalModel

TOP = 5


class Explanation:
    """Explains rows that go by, a part at a time.

    Attributes:
        fields: names and types of the columns that :meth:`add` returns.
    """

    def __init__(self, models: Sequence[FinalModel], contract: Mapping[str, Any]) -> None:
        """Take the backends' models and the content of ``table.json``."""
        self._names = [str(f["name"]) for f in contract["features"]]
        self._models = models
        self._sums = {model.name: np.zeros(len(self._names)) for model in models}
        self._rows = 0
        kinds = (("feature", pa.string()), ("shap", pa.float64()))
        ranks = range(1, min(TOP, len(self._names)) + 1)
        self.fields = [(f"{m.name}_{word}_{k}", kind) for m in models for k in ranks for word, kind in kinds]

    def add(self, matrix: FeatureMatrix, threads: int) -> dict[str, pa.Array]:
        """Return for each of n rows the columns with the largest absolute SHAP values, the largest first.

        Returns:
            ``<backend>_feature_<k>``, a column's name, and ``<backend>_shap_<k>``, its part of the log-odds, shape (n,)
            each, for k from 1 to 5, or to the number of columns.
        """
        names = pa.array(self._names, pa.string())
        found = {}
        for model in self._models:
            values = model.backend.contributions(model.model, matrix, threads)
            self._sums[model.name] += np.abs(values).sum(axis=0)
            order = strongest(values)
            for k in range(order.shape[1]):
                found[f"{model.name}_feature_{k + 1}"] = names.take(pa.array(order[:, k]))
                found[f"{model.name}_shap_{k + 1}"] = pa.array(values[np.arange(len(values)), order[:, k]])
        self._rows += len(matrix.values)
        return found

    def means(self) -> dict[str, dict[str, float]]:
        """Return the mean absolute SHAP value of every column over all rows, by backend."""
        return {
            backend: dict(zip(self._names, (sums / self._rows).tolist(), strict=True))
            for backend, sums in self._sums.items()
        }


def strongest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the positions of the largest absolute values of each row: from shape (n, p) to (n, up to 5)."""
    return np.argsort(-np.abs(values), axis=1, kind="stable")[:, :TOP]
