"""The features with the largest SHAP values of each row, as computed by the backends."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.contract import Contract
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.predict.final_models import FinalModel

TOP = 5


class Explanation:
    """SHAP values of the rows of a table, a part at a time.

    Attributes:
        fields: names and types of the columns that :meth:`add` returns.
    """

    def __init__(self, models: Sequence[FinalModel], contract: Contract) -> None:
        """Take the backends' models and the contract with the names of the features."""
        self._names = [feature.name for feature in contract.features]
        self._models = models
        self._sums = {model.name: np.zeros(len(self._names)) for model in models}
        self._rows = 0
        kinds = (("feature", pa.string()), ("shap", pa.float64()))
        ranks = range(1, min(TOP, len(self._names)) + 1)
        self.fields = [(f"{m.name}_{word}_{k}", kind) for m in models for k in ranks for word, kind in kinds]

    def add(self, features: FeatureMatrix, threads: int) -> dict[str, pa.Array]:
        """Return the features with the largest absolute SHAP values of each of n rows, the largest first.

        Returns:
            ``<backend>_feature_<k>``, a feature's name, and ``<backend>_shap_<k>``, its SHAP value in log-odds, shape
            (n,) each, for k from 1 to 5 or to the number of features.
        """
        names = pa.array(self._names, pa.string())
        columns = {}
        for model in self._models:
            values = model.backend.contributions(model.booster, features, threads)
            self._sums[model.name] += np.abs(values).sum(axis=0)
            order = largest(values)
            for k in range(order.shape[1]):
                columns[f"{model.name}_feature_{k + 1}"] = names.take(pa.array(order[:, k]))
                columns[f"{model.name}_shap_{k + 1}"] = pa.array(values[np.arange(len(values)), order[:, k]])
        self._rows += len(features)
        return columns

    def means(self) -> dict[str, dict[str, float]]:
        """Return backend -> feature -> mean absolute SHAP value over all rows."""
        return {
            backend: dict(zip(self._names, (sums / self._rows).tolist(), strict=True))
            for backend, sums in self._sums.items()
        }


def largest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the positions of the largest absolute values of each row: from shape (n, p) to (n, up to 5)."""
    return np.argsort(-np.abs(values), axis=1, kind="stable")[:, :TOP]
