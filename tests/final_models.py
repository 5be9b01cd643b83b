"""Final models of the small study, fitted in a second, in the folder where a run leaves them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from foldwise.artifacts import read_json, read_table, write_json, write_table
from foldwise.backends import SPECIFICATIONS, get_backend
from foldwise.backends.contract import FitOptions
from foldwise.dataset import Dataset
from foldwise.matrix import read_matrix
from foldwise.scoring.paths import final_paths
from foldwise.tables import build_table
from small_study import write_study

TREES = 8
COUNTS = {"rows": 48, "units": 12, "groups": 12, "folds": 3}


def write_final_models(folder: Path, dataset: Mapping[str, Any]) -> Path:
    """Write the study, its table and the final model of every backend; return the folder of the results."""
    write_study(folder)
    at = dict(dataset)
    at |= {key: str(folder / at[key]) for key in ("table", "metadata") if key in at}
    at |= {"features": {name: str(folder / path) for name, path in at.get("features", {}).items()}}
    results = folder / "results"
    build_table("mine", Dataset.model_validate(at), results / "table.parquet", results / "table.json")
    matrix = read_matrix(results / "table.parquet", read_json(results / "table.json")["features"])
    label = read_table(results / "table.parquet").column("label").to_numpy().astype(np.int8)
    inner = np.clip(np.random.default_rng(3).normal(0.4 + 0.2 * label, 0.2), 0.01, 0.99)
    for name, specification in SPECIFICATIONS.items():
        backend, paths, options = get_backend(name), final_paths(results, name), FitOptions(seed=0)
        params = {"learning_rate": 0.3} | ({"min_child_samples": 2} if name == "lightgbm" else {})
        train = backend.bin_train(matrix, label, None, params, options)
        model = backend.fit(train, params, TREES, options).model
        Path(paths["model"]).parent.mkdir(parents=True, exist_ok=True)
        assert Path(paths["model"]).name == specification.model_file
        backend.save(model, Path(paths["model"]))
        write_table(paths["inner_predictions"], pa.table({"label": label, "score": inner}))
        metrics = {
            "calibration": {"method": "sigmoid"},
            "thresholds": {"criterion": "f1", "operating_points": [{"fpr_aimed_at": 0.05}]},
            "intervals": {"auc": {"corrected_t": {"estimate": 0.7, "low": 0.6, "high": 0.8}}},
            "counts": COUNTS,
        }
        write_json(paths["metrics"], metrics)
    return results
