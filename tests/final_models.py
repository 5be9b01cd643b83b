"""Final models of the small study, fitted in a second, in the folder where a run leaves them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import Dataset, NewTable
from foldwise.data.build_table import build_table
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import read_matrix
from foldwise.evaluation.records import (
    HEADLINE,
    Calibration,
    CalibrationMetrics,
    Counts,
    Headline,
    Interval,
    MeanOverFolds,
    Means,
    Metrics,
    OperatingPoint,
    Thresholds,
    UnitMetrics,
)
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.model_names import ENSEMBLE
from foldwise.predict.final_models import FinalModels, find_final_models, load_final_models
from foldwise.predict.predict_table import predict_table
from foldwise.results.paths import final_model_files
from small_study import write_study

TREES = 8
COUNTS = {"rows": 48, "units": 12, "groups": 12, "folds": 3}
WEIGHTS = {"xgboost": 0.5, "lightgbm": 0.2, "catboost": 0.3}


def metrics_record(
    name: str,
    counts: Mapping[str, int] = COUNTS,
    calibration: str = "sigmoid",
    criterion: str = "f1",
    rates: Sequence[float] = (0.05,),
) -> Metrics:
    """Return the metrics of a model as far as its final model needs them: headline, settings and counts."""
    headline = Headline({metric: MeanOverFolds(0.7, 0.05) for metric in HEADLINE})
    means = Means("row", counts["folds"], counts["rows"], counts["groups"])
    fit = CalibrationMetrics(0.2, 0.6, 1.0, 0.0, counts["folds"])
    points = [OperatingPoint(rate, Interval(0.5), Interval(rate)) for rate in rates]
    return Metrics(
        headline=headline,
        dataset="mine",
        backend=name,
        unit=UnitMetrics(headline, {}),
        folds=[],
        intervals={"auc": {"corrected_t": Interval(0.7, 0.6, 0.8)}},
        slices=[],
        baselines={},
        thresholds=Thresholds(criterion, "inner out-of-fold scores", means, [], {}, {}, points),
        calibration=Calibration(calibration, "inner out-of-fold scores", means, fit, fit),
        counts=Counts(counts["rows"], counts["units"], counts["groups"], 24, 6, counts["folds"], 1, counts["folds"]),
    )


def load_models(results: Path, names: Sequence[str] | None = None) -> FinalModels:
    """Load the final models in a folder, or some of them."""
    return (
        load_final_models({name: final_model_files(results, name) for name in names})
        if names
        else (find_final_models(results))
    )


def predict(
    results: Path, new_table: NewTable, folder: Path, names: Sequence[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Predict a new table with the final models in a folder; return rows, units and report as written."""
    rows, units, report = folder / "rows.parquet", folder / "units.parquet", folder / "report.json"
    predict_table(
        new_table=new_table,
        models=load_models(results, names),
        table=results / "table.parquet",
        contract=results / "table.json",
        rows=rows,
        units=units,
        report=report,
    )
    return read_table(rows).to_pandas(), read_table(units).to_pandas(), read_json(report)


def write_final_models(folder: Path, dataset: Mapping[str, Any]) -> Path:
    """Write the study, its table and the final model of every backend; return the folder of the results."""
    write_study(folder)
    at = dict(dataset)
    at |= {key: str(folder / at[key]) for key in ("table", "metadata") if key in at}
    at |= {"features": {name: str(folder / path) for name, path in at.get("features", {}).items()}}
    results = folder / "results"
    build_table("mine", Dataset.model_validate(at), table=results / "table.parquet", contract=results / "table.json")
    for name in SPECIFICATIONS:
        few_rows = {"min_child_samples": 2} if name == "lightgbm" else {}
        write_final_model(results, name, {"learning_rate": 0.3, **few_rows}, TREES, COUNTS)
    return results


def write_final_model(
    results: Path, name: str, params: Mapping[str, Any], trees: int, counts: Mapping[str, int]
) -> None:
    """Fit a backend on the table in a folder of results; its inner predictions and its metrics are made up."""
    matrix = read_matrix(results / "table.parquet", read_contract(results / "table.json").features)
    label = read_table(results / "table.parquet", ["label"]).column(0).to_numpy().astype(np.int8)
    backend, files, options = get_backend(name), final_model_files(results, name), FitOptions(seed=0)
    model = backend.fit(backend.bin_train(matrix, label, None, params, options), params, trees, options).model
    Path(files.model).parent.mkdir(parents=True, exist_ok=True)
    assert Path(files.model).name == SPECIFICATIONS[name].model_file
    backend.save(model, Path(files.model))
    inner = np.clip(np.random.default_rng(3).normal(0.4 + 0.2 * label, 0.2), 0.01, 0.99)
    write_table(files.inner_predictions, pa.table({"label": label, "score": inner}))
    write_json(files.metrics, metrics_record(name, counts).as_json())


def add_ensemble(results: Path) -> None:
    """Combine the final models to an ensemble with its own threshold."""
    files = final_model_files(results, ENSEMBLE)
    write_json(files.model, {"weights": WEIGHTS, "n_rows": 48, "cross_fitted": []})
    label = read_table(results / "table.parquet").column("label").to_numpy().astype(np.int8)
    inner = np.clip(np.random.default_rng(4).normal(0.45 + 0.1 * label, 0.1), 0.01, 0.99)
    write_table(files.inner_predictions, pa.table({"label": label, "score": inner}))
    write_json(files.metrics, metrics_record(ENSEMBLE).as_json())
