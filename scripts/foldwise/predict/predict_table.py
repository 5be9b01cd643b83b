"""Predict a new table with the final models of a dataset, a part of its rows at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foldwise.config.datasets import NewTable
from foldwise.data.contract import Contract, read_contract
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.io.files import replacing, write_json, write_table
from foldwise.predict.drift import SAMPLED_ROWS, Drift
from foldwise.predict.explanation import Explanation
from foldwise.predict.final_models import FinalModels, Model
from foldwise.predict.new_columns import ContractColumn
from foldwise.predict.new_rows import NewRows, open_rows
from foldwise.predict.prediction_report import PredictionReport, headline, make_report
from foldwise.predict.training_profile import read_training_table

# Memory grows with this and not with the table; larger parts are no faster.
PART_ROWS = 32_768
_SEED = 0

Predictions = Mapping[str, npt.NDArray[np.float64]]


def predict_table(
    *,
    new_table: NewTable,
    models: FinalModels,
    table: str | Path,
    contract: str | Path,
    rows: str | Path,
    units: str | Path,
    report: str | Path,
    threads: int = 1,
) -> PredictionReport:
    """Predict every row and unit of a new table; write the predictions and a report.

    Args:
        new_table: the files to predict.
        models: the final models.
        table: ``table.parquet``, the training table that the new table is compared with.
        contract: ``table.json``, the features as training read them.
        rows: parquet file to write, one row per row of the new table.
        units: parquet file to write, one row per unit.
        report: JSON file to write.
        threads: threads used to predict.

    Raises:
        UserError: if the new table cannot be brought to the contract.
    """
    known = read_contract(contract)
    new_rows = open_rows(new_table, known)
    columns = [ContractColumn(f, new_rows.types[f.name], known.inf) for f in known.features]
    means = UnitMeans(new_rows.unit, models)
    training = read_training_table(table, known, SAMPLED_ROWS, _SEED)
    drift = Drift(training, new_rows.unit, len(new_rows.sample_id))
    # SHAP values of a backend add up to its log-odds; those of a mean of probabilities would not.
    explanation = Explanation(models.backends, known) if new_table.explain else None
    schema = _schema(new_rows, models, explanation)
    with replacing(rows) as temporary, _writer(temporary, schema) as out:
        for first, features in feature_matrices(new_rows, columns, known):
            raw = models.predict(features, threads)
            calibrated = {model.name: model.rule.calibrator(raw[model.name]) for model in models}
            means.add(first, raw, calibrated)
            drift.add(first, features)
            strongest = explanation.add(features, threads) if explanation else {}
            predicted = _predicted_columns(new_rows, first, raw, calibrated, models)
            out.write_table(pa.table({**predicted, **strongest}).cast(schema))
    by_unit = means.table()
    write_table(units, by_unit)
    content = make_report(
        known, new_rows, columns, models, by_unit.num_rows, drift.report(headline(models)), explanation
    )
    write_json(report, content.as_json())
    return content


def feature_matrices(
    rows: NewRows, columns: Sequence[ContractColumn], contract: Contract
) -> Iterator[tuple[int, FeatureMatrix]]:
    """Yield the number of the first row and the features of each part, as the models take them."""
    names = tuple(c.name for c in columns)
    categorical = tuple(j for j, feature in enumerate(contract.features) if feature.is_category)
    dtype = np.float64 if any(feature.type == "float64" for feature in contract.features) else np.float32
    first = 0
    for part in rows.batches(PART_ROWS):
        # In column order, as columns are read and counted, and as CatBoost takes them.
        values = np.empty((part.num_rows, len(names)), dtype, order="F")
        for j, column in enumerate(columns):
            values[:, j] = column.values(part)
        yield first, FeatureMatrix(values, names, categorical)
        first += part.num_rows


class UnitMeans:
    """Mean predictions by unit, summed part by part; rows without a unit are left out."""

    def __init__(self, unit: pa.DictionaryArray | None, models: Iterable[Model]) -> None:
        """Take the unit of every row, shape (n,), or None where there are no units."""
        encoded = pa.array([], pa.string()).dictionary_encode() if unit is None else unit
        self._names = encoded.dictionary
        self._code = encoded.indices.fill_null(len(self._names)).to_numpy(zero_copy_only=False)
        self._models = list(models)
        self._raw, self._calibrated = ({m.name: np.zeros(len(self._names)) for m in self._models} for _ in range(2))

    def add(self, first: int, raw: Predictions, calibrated: Predictions) -> None:
        """Add the predictions of the rows from ``first`` on, by model."""
        units = len(self._names)
        for sums, predictions in ((self._raw, raw), (self._calibrated, calibrated)):
            for name, total in sums.items():
                code = self._code[first : first + len(predictions[name])]
                if len(code):
                    total += np.bincount(code, predictions[name], units + 1)[:units]

    def table(self) -> pa.Table:
        """Return one row per unit, sorted by name: rows, mean predictions, and the decision on the mean."""
        rows = np.bincount(self._code, minlength=len(self._names) + 1)[: len(self._names)]
        columns = {"unit": self._names, "n_rows": pa.array(rows, pa.int64())}
        for model in self._models:
            raw = self._raw[model.name] / rows
            columns[f"{model.name}_score"] = pa.array(raw)
            columns[f"{model.name}_calibrated"] = pa.array(self._calibrated[model.name] / rows)
            columns[f"{model.name}_verdict"] = pa.array((raw >= model.rule.threshold).astype(np.int8))
        return pa.table(columns).take(pc.sort_indices(self._names))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Nearly all ids and predictions are distinct: a dictionary of them would be larger than the values.
    repeated = [f.name for f in schema if f.name != "sample_id" and not pa.types.is_floating(f.type)]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated)


def _schema(rows: NewRows, models: FinalModels, explanation: Explanation | None) -> pa.Schema:
    fields = [("sample_id", pa.string())]
    fields += [] if rows.unit is None else [("unit", pa.string())]
    for model in models:
        fields += [(f"{model.name}_score", pa.float64()), (f"{model.name}_calibrated", pa.float64())]
        fields += [(f"{model.name}_verdict", pa.int8())]
    return pa.schema([*fields, *(explanation.fields if explanation else [])])


def _predicted_columns(
    rows: NewRows, first: int, raw: Predictions, calibrated: Predictions, models: FinalModels
) -> dict[str, Any]:
    count = len(raw[models.backends[0].name])
    columns: dict[str, Any] = {"sample_id": rows.sample_id.slice(first, count)}
    if rows.unit is not None:
        columns["unit"] = rows.unit.slice(first, count)
    for model in models:
        columns[f"{model.name}_score"] = raw[model.name]
        columns[f"{model.name}_calibrated"] = calibrated[model.name]
        columns[f"{model.name}_verdict"] = (raw[model.name] >= model.rule.threshold).astype(np.int8)
    return columns
