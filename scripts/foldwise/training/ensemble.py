"""The ensemble: the weighted mean of the backends' and the constant prediction, with weights from inner folds alone.

No test row takes part in a weight. The weights of an outer fold are estimated on the inner out-of-fold predictions of
its train part. The ensemble's own inner out-of-fold predictions, which its calibrator and its threshold are fitted on,
have the same weights as those of the test rows: weights estimated again without each inner fold are those of another
ensemble, with another share of the constant prediction, and a calibrator of that one is wrong for this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.io.files import read_table, write_json, write_table
from foldwise.model_names import CONSTANT
from foldwise.results.training_records import EnsembleParams, FoldWeight
from foldwise.stats.ensemble_weights import EnsembleWeights, Probabilities, estimate_weights

_WEIGHT_SCHEMA = pa.schema(
    {
        "fold": pa.int16(),
        "backend": pa.string(),
        "weight": pa.float64(),
        "n_rows": pa.int64(),
    }
)


@dataclass(frozen=True)
class BackendPredictions:
    """Predictions of m backends for the same n rows.

    Attributes:
        rows: the columns that the tables of the backends share, all but ``score``; n rows.
        predictions: m arrays of shape (n,), probabilities of class 1, in the order of the backends.
    """

    rows: pa.Table
    predictions: tuple[Probabilities, ...]

    def column(self, name: str) -> npt.NDArray[np.int64]:
        """Return an integer column, shape (n,)."""
        return np.asarray(self.rows.column(name).to_numpy(), np.int64)

    def where(self, mask: npt.NDArray[np.bool_]) -> "BackendPredictions":
        """Return the rows where ``mask``, shape (n,), is true."""
        return BackendPredictions(self.rows.filter(pa.array(mask)), tuple(p[mask] for p in self.predictions))

    def weights(self) -> EnsembleWeights:
        """Return the weights that these rows tell, which have a group."""
        label, group = self.column("label").astype(np.int8), self.column("group").astype(np.int32)
        return estimate_weights(np.stack(self.predictions, axis=1), label, group)


def combine_backends(
    *,
    predictions: Sequence[str],
    inner_predictions: Sequence[str],
    backends: Sequence[str],
    predictions_output: str,
    inner_predictions_output: str,
    weights_output: str,
) -> None:
    """Write the ensemble's test and inner out-of-fold predictions of every outer fold, and its weights.

    Args:
        predictions: test predictions, one path a backend, all folds in one table.
        inner_predictions: inner out-of-fold predictions, likewise.
        backends: names in the order of the paths.
        predictions_output: path of the ensemble's test predictions, with the columns of a backend's.
        inner_predictions_output: path of its inner out-of-fold predictions, likewise.
        weights_output: path of a table with the columns fold, backend, weight and n_rows, the number of rows that
            the weight was estimated on.

    Raises:
        ValueError: when the backends' tables contain different rows.
    """
    test, inner = _read_predictions(predictions), _read_predictions(inner_predictions)
    test_fold, inner_fold = test.column("fold"), inner.column("fold")
    combined, inner_combined = np.full(test.rows.num_rows, np.nan), np.full(inner.rows.num_rows, np.nan)
    lines: list[FoldWeight] = []
    for fold in np.unique(inner_fold).tolist():
        train = inner.where(inner_fold == fold)
        weights = train.weights()
        inner_combined[inner_fold == fold] = weights.combine(train.predictions)
        combined[test_fold == fold] = weights.combine(test.where(test_fold == fold).predictions)
        of_models, n_rows = _by_model(backends, weights), train.rows.num_rows
        lines += [FoldWeight(fold, backend, weight, n_rows) for backend, weight in of_models.items()]
        print(f"fold {fold}: {_summary(of_models, n_rows)}")
    _write_predictions(predictions_output, test, combined)
    _write_predictions(inner_predictions_output, inner, inner_combined)
    write_table(weights_output, pa.Table.from_pylist([line.as_json() for line in lines], _WEIGHT_SCHEMA))


def combine_final(
    *,
    inner_predictions: Sequence[str],
    backends: Sequence[str],
    inner_predictions_output: str,
    params_output: str,
) -> None:
    """Write the weights of the final models, and the ensemble's inner out-of-fold predictions over all groups.

    Args:
        inner_predictions: inner out-of-fold predictions of the final fit, one path a backend.
        backends: names in the order of the paths.
        inner_predictions_output: path of the ensemble's inner out-of-fold predictions, with the columns of a backend's.
        params_output: path of the weights, :class:`~foldwise.results.training_records.EnsembleParams`.

    Raises:
        ValueError: when the backends' tables contain different rows.
    """
    inner = _read_predictions(inner_predictions)
    weights = inner.weights()
    final = EnsembleParams(_by_model(backends, weights), weights.prevalence, inner.rows.num_rows)
    _write_predictions(inner_predictions_output, inner, weights.combine(inner.predictions))
    write_json(params_output, final.as_json())
    print(f"final: {_summary(final.weights, final.n_rows)}")


def _read_predictions(paths: Sequence[str]) -> BackendPredictions:
    tables = [read_table(path) for path in paths]
    rows = [table.drop_columns(["score"]) for table in tables]
    for path, other in zip(paths, rows, strict=True):
        if not other.equals(rows[0]):
            raise ValueError(f"{path}: its rows are not those of {paths[0]}")
    predictions = (np.asarray(table.column("score").to_numpy(), np.float64) for table in tables)
    return BackendPredictions(rows[0], tuple(predictions))


def _write_predictions(path: str, rows: BackendPredictions, combined: Probabilities) -> None:
    write_table(path, rows.rows.append_column("score", pa.array(combined)))


def _by_model(backends: Sequence[str], weights: EnsembleWeights) -> dict[str, float]:
    return {**dict(zip(backends, weights.models.tolist(), strict=True)), CONSTANT: weights.constant}


def _summary(weights: Mapping[str, float], n_rows: int) -> str:
    return ", ".join(f"{backend} {weight:.3f}" for backend, weight in weights.items()) + f" from {n_rows} rows"
