"""Final models of the small study, fitted in a second, in the folder where a run leaves them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import Dataset
from foldwise.data.build_table import build_table
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import read_matrix
from foldwise.io.files import read_table, write_json, write_table
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import final_paths
from small_study import write_study

TREES = 8
COUNTS = {"rows": 48, "units": 12, "groups": 12, "folds": 3}
WEIGHTS = {"xgboost": 0.5, "lightgbm": 0.2, "catboost": 0.3}
METRICS = {
    "calibration": {"method": "sigmoid"},
    "thresholds": {"criterion": "f1", "operating_points": [{"fpr_aimed_at": 0.05}]},
    "intervals": {"auc": {"corrected_t": {"estimate": 0.7, "low": 0.6, "high": 0.8}}},
}


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
    """Fit a backend on the table in a folder of results; its inner scores and its headline are made up."""
    matrix = read_matrix(results / "table.parquet", read_contract(results / "table.json").features)
    label = read_table(results / "table.parquet", ["label"]).column(0).to_numpy().astype(np.int8)
    backend, paths, options = get_backend(name), final_paths(results, name), FitOptions(seed=0)
    model = backend.fit(backend.bin_train(matrix, label, None, params, options), params, trees, options).model
    Path(paths["model"]).parent.mkdir(parents=True, exist_ok=True)
    assert Path(paths["model"]).name == SPECIFICATIONS[name].model_file
    backend.save(model, Path(paths["model"]))
    inner = np.clip(np.random.default_rng(3).normal(0.4 + 0.2 * label, 0.2), 0.01, 0.99)
    write_table(paths["inner_predictions"], pa.table({"label": label, "score": inner}))
    write_json(paths["metrics"], {**METRICS, "counts": dict(counts)})


def add_ensemble(results: Path) -> None:
    """Let the final models vote, with a threshold of their own."""
    paths = final_paths(results, ENSEMBLE)
    write_json(paths["model"], {"weights": WEIGHTS})
    label = read_table(results / "table.parquet").column("label").to_numpy().astype(np.int8)
    inner = np.clip(np.random.default_rng(4).normal(0.45 + 0.1 * label, 0.1), 0.01, 0.99)
    write_table(paths["inner_predictions"], pa.table({"label": label, "score": inner}))
    write_json(paths["metrics"], {**METRICS, "counts": COUNTS})
