"""Score a new table with the final models of a dataset, a part of its rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from foldwise.config.datasets import NewTable
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.io.files import read_json, replacing, write_json, write_table
from foldwise.predict.drift import SAMPLED_ROWS, Drift
from foldwise.predict.explanation import Explanation
from foldwise.predict.final_models import Entrant, FinalEnsemble, FinalModel, load_final_models
from foldwise.predict.new_columns import ContractColumn
from foldwise.predict.new_rows import NewRows, open_rows
from foldwise.predict.training_profile import read_training_table
from foldwise.predict.unit_means import Scores, UnitMeans

# Memory grows with this and not with the table; larger parts are no faster.
PART_ROWS = 32_768
_SEED = 0
_NAMED = 5

_UNEXPLAINED = (
    "The ensemble has no SHAP values of its own: those of a backend add up to log-odds, and its score is a mean of "
    "probabilities."
)


def score_table(
    results: str | Path,
    request: NewTable,
    outputs: Mapping[str, str],
    entrants: Sequence[str] | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """Score every row and unit of a new table; write the scores and what is to be said of them.

    Args:
        results: the results folder of the dataset whose final models score.
        request: the files to score.
        outputs: paths of ``rows``, ``units`` and ``report``.
        entrants: whose scores, None for all that are there.
        threads: threads of a prediction.

    Returns:
        The content of ``report``.

    Raises:
        UserError: when models are missing, or the table cannot be brought to the contract.
    """
    folder = Path(results)
    models = load_final_models(folder, entrants)
    contract = read_json(folder / "table.json")
    rows = open_rows(request, contract)
    columns = [ContractColumn(f, rows.types[f["name"]], contract["inf"]) for f in contract["features"]]
    units = UnitMeans(rows.unit, models)
    training = read_training_table(folder / "table.parquet", contract, SAMPLED_ROWS, _SEED)
    drift = Drift(training, rows.unit, len(rows.sample_id))
    # A backend's SHAP values add up to its log-odds; a mean of probabilities does not take them over exactly.
    explained = Explanation([m for m in models if isinstance(m, FinalModel)], contract) if request.explain else None
    schema = _schema(rows, models, explained)
    with replacing(outputs["rows"]) as beside, _writer(beside, schema) as out:
        for first, matrix in matrices(rows, columns, contract):
            scores = _scores(models, matrix, threads)
            units.add(first, scores)
            drift.add(first, matrix)
            reasons = explained.add(matrix, threads) if explained else {}
            out.write_table(pa.table({**_scored(rows, first, matrix, scores, models), **reasons}).cast(schema))
    by_unit = units.table()
    write_table(outputs["units"], by_unit)
    report = {
        "dataset": contract["dataset"],
        "rows": len(rows.sample_id),
        "units": by_unit.num_rows if rows.unit is not None else None,
        "unit": contract["unit"],
        "positive": {"column": contract["label"]["column"], "value": contract["label"]["positive"]},
        "models": {m.name: m.facts for m in models},
        **rows.report,
        **_columns_report(columns),
        "drift": drift.report(headline(models)),
        **({"mean_absolute_shap": explained.means()} if explained else {}),
    }
    unexplained = explained is not None and any(isinstance(model, FinalEnsemble) for model in models)
    said = [*notes(report, contract), *([_UNEXPLAINED] if unexplained else [])]
    report["notes"] = [*said, report["drift"]["sentence"]]
    write_json(outputs["report"], report)
    return report


def matrices(
    rows: NewRows, columns: Sequence[ContractColumn], contract: Mapping[str, Any]
) -> Iterator[tuple[int, FeatureMatrix]]:
    """Yield the number of the first row and the features of each part, as the models take them."""
    names = tuple(c.name for c in columns)
    types = [f["type"] for f in contract["features"]]
    categorical = tuple(j for j, kind in enumerate(types) if kind == "category")
    dtype = np.float64 if "float64" in types else np.float32
    first = 0
    for part in rows.batches(PART_ROWS):
        # Column by column, as they are read, counted and taken by CatBoost.
        values = np.empty((part.num_rows, len(names)), dtype, order="F")
        for j, column in enumerate(columns):
            values[:, j] = column.values(part)
        yield first, FeatureMatrix(values, names, categorical)
        first += part.num_rows


def notes(report: Mapping[str, Any], contract: Mapping[str, Any]) -> list[str]:
    """Return one sentence on each thing in which the new table differs from the contract."""
    rows = report["rows"]
    found = []
    if report["units"] is None and contract["unit"] != "sample_id":
        found.append(f"There is no column {contract['unit']!r}: scores are by row only.")
    if report["order_differs"]:
        found.append("The columns stand in another order than in training; they were put in its order.")
    if report["extra_columns"]:
        found.append(f"Columns that training did not know are not used: {', '.join(report['extra_columns'])}.")
    if report.get("extra_tables"):
        found.append(f"Feature tables that training did not know are not read: {', '.join(report['extra_tables'])}.")
    found += _converted(report["converted"], len(report["missing"]))
    for entry in report["unseen_categories"]:
        values = ", ".join(list(entry["values"])[:5])
        found.append(f"{entry['name']}: {entry['rows']} of {rows} rows hold a category unseen in training ({values}).")
    for table, counts in report.get("unmatched", {}).items():
        words = ", ".join(f"{n} {key.replace('_', ' ')}" for key, n in counts.items())
        found.append(f"{table}: {words}.")
    if report.get("rows_left_out"):
        found.append(f"{report['rows_left_out']} samples have no features in any table and were left out.")
    return found


def _converted(conversions: Sequence[Mapping[str, str]], columns: int) -> list[str]:
    """Say how many columns have another type, and name the first of them: of a csv it may be every one."""
    if not conversions:
        return []
    named = ", ".join(f"{c['name']} ({c['from']} as {c['to']})" for c in conversions[:_NAMED])
    more = f" and {len(conversions) - _NAMED} more" if len(conversions) > _NAMED else ""
    other = f"{len(conversions)} of {columns} columns have another type than in training"
    return [f"{other} and were read as there: {named}{more}."]


def _scores(models: Sequence[Entrant], matrix: FeatureMatrix, threads: int) -> Scores:
    raw: dict[str, npt.NDArray[np.float64]] = {}
    for model in models:
        raw[model.name] = model.score(raw) if isinstance(model, FinalEnsemble) else model.score(matrix, threads)
    scores = {}
    for model in models:
        scores[f"{model.name}_score"] = raw[model.name]
        scores[f"{model.name}_calibrated"] = model.operation.calibrator(raw[model.name])
    return scores


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Nearly every name and score is another one: a dictionary of them would be larger than they are.
    repeated = [f.name for f in schema if f.name != "sample_id" and not pa.types.is_floating(f.type)]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated)


def _schema(rows: NewRows, models: Sequence[Entrant], explained: Explanation | None) -> pa.Schema:
    fields = [("sample_id", pa.string())]
    fields += [] if rows.unit is None else [("unit", pa.string())]
    for model in models:
        fields += [(f"{model.name}_score", pa.float64()), (f"{model.name}_calibrated", pa.float64())]
        fields += [(f"{model.name}_verdict", pa.int8())]
    return pa.schema([*fields, *(explained.fields if explained else [])])


def _scored(
    rows: NewRows, first: int, matrix: FeatureMatrix, scores: Scores, models: Sequence[Entrant]
) -> dict[str, Any]:
    count = len(matrix.values)
    columns: dict[str, Any] = {"sample_id": rows.sample_id.slice(first, count)}
    if rows.unit is not None:
        columns["unit"] = rows.unit.slice(first, count)
    for model in models:
        raw = scores[f"{model.name}_score"]
        columns |= {key: scores[key] for key in (f"{model.name}_score", f"{model.name}_calibrated")}
        columns[f"{model.name}_verdict"] = (raw >= model.operation.threshold).astype(np.int8)
    return columns


def headline(models: Sequence[Entrant]) -> str:
    """Return the scores that the evaluation found, in words, with what they are over."""
    found = [(m.name, m.facts["headline"]) for m in models]
    scores = [
        f"{name} {h['estimate']:.3f}" + (f" ({h['low']:.3f} to {h['high']:.3f})" if h["low"] is not None else "")
        for name, h in found
    ]
    over = found[0][1]
    return f"AUC by row: {', '.join(scores)}; {over['rows']} rows, {over['groups']} groups, {over['folds']} folds"


def _columns_report(columns: Sequence[ContractColumn]) -> dict[str, Any]:
    return {
        "converted": [c.conversion for c in columns if c.conversion],
        "unseen_categories": [
            {"name": c.name, "rows": c.unseen, "values": dict(c.unseen_values)} for c in columns if c.unseen
        ],
        "missing": {c.name: c.missing for c in columns},
    }
