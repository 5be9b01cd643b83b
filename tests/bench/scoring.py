"""Time and memory of predicting a new table of 1,000,000 rows x 50 columns, compared with a script by hand.

By hand: the same parquet file read whole into a float32 matrix, the library's predict, ids and predictions written.
Ours checks the columns, predicts in parts, calibrates, writes rows and units, and measures the drift from the training
table. Every figure comes from a process of its own with one thread, imports not counted. Ratios are of CPU seconds,
rows a second of the wall clock, MB above the imports. The model has 100 trees of depth 6, fitted on 20,000 simulated
rows.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fixtures.final_models import write_final_model
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import Dataset, NewTable
from foldwise.data.build_table import build_table
from foldwise.io.files import read_json
from foldwise.predict import predict_table
from foldwise.predict.drift import Drift
from foldwise.predict.final_models import FinalModel, load_final_models
from foldwise.results.paths import final_model_files

from bench.printing import spread, table
from bench.resident import now_mb, peak_mb
from bench.rows import COLUMNS, NAMING, feature_names, write_rows

ROWS, TRAINING_ROWS, TREES = 1_000_000, 20_000, 100
COUNTS = {"rows": TRAINING_ROWS, "units": 400, "groups": 400, "folds": 5}
_DEPTH = {"xgboost": {"max_depth": 6}, "lightgbm": {"max_depth": 6, "num_leaves": 63}, "catboost": {"depth": 6}}


def measure(repeats: int, rows: int = ROWS) -> list[dict[str, Any]]:
    """Return one row a repeat, backend and contestant: seconds, those of the parts, peak MB above the imports."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), rows)
        for repeat in range(1, repeats + 1):
            for backend in SPECIFICATIONS:
                for contestant in _CONTESTANTS:
                    figures = _in_a_process(contestant, backend, folder)
                    said = {"repeat": repeat, "backend": backend, "contestant": contestant, "rows": rows}
                    measured.append({**said, **figures})
                print(f"predicting: repeat {repeat} of {repeats}, {backend}", flush=True)
    return measured


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return by backend the rows a second, times over those by hand, and peak memory: medians and ranges."""
    figures, cpu = [], "cpu_seconds"
    for backend in SPECIFICATIONS:
        ours, theirs = ([r for r in rows if r["backend"] == backend and r["contestant"] == c] for c in _CONTESTANTS)
        pairs = list(zip(ours, theirs, strict=True))
        figures.append(
            {
                "backend": backend,
                "rows_a_second": spread([r["rows"] / r["seconds"] for r in ours]),
                "predicting_over_predict": spread([a["predicting"] / b["predicting"] for a, b in pairs]),
                "without_drift_over_by_hand": spread([(a[cpu] - a["drift"]) / b[cpu] for a, b in pairs]),
                "whole_over_by_hand": spread([a[cpu] / b[cpu] for a, b in pairs]),
                "peak_mb": spread([r["peak_mb"] for r in ours]),
                "peak_mb_by_hand": spread([r["peak_mb"] for r in theirs]),
            }
        )
    return figures


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text."""
    head = ["backend", "rows a second", "predictions / predict", "without drift / by hand", "whole / by hand"]
    return table([*head, "peak MB", "peak MB by hand"], [list(r.values()) for r in summary(rows)])


def _write(folder: Path, rows: int) -> None:
    """Write a training table with final models, and the table to predict."""
    for name, count, seed in (("training", TRAINING_ROWS, 0), ("new", rows, 1)):
        write_rows({str(folder / f"{name}.parquet"): [*NAMING, *feature_names(COLUMNS)]}, count, seed=seed)
    dataset = Dataset(table=str(folder / "training.parquet"), id="sample", label="label", groups=["video"])
    build_table("bench", dataset, table=folder / "table.parquet", contract=folder / "table.json")
    for name, depth in _DEPTH.items():
        write_final_model(folder, name, {**depth, "learning_rate": 0.1}, TREES, COUNTS)


def _in_a_process(contestant: str, backend: str, folder: str) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **variables, "PYTHONPATH": f"{root / 'scripts'}:{root / 'tests'}"}
    command = [sys.executable, "-m", "bench.scoring", contestant, backend, folder]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def _foldwise(backend: str, folder: Path) -> dict[str, Any]:
    # Imported now, so that its memory is not counted.
    get_backend(backend)
    spent = {"predicting": 0.0, "drift": 0.0}
    of_drift = [(predict_table, "read_training_table"), *((Drift, name) for name in ("__init__", "add", "report"))]
    for owner, name, part in ((FinalModel, "predict", "predicting"), *((*function, "drift") for function in of_drift)):
        setattr(owner, name, _clocked(getattr(owner, name), part, spent))

    def run() -> None:
        predict_table.predict_table(
            new_table=NewTable(table=str(folder / "new.parquet")),
            models=load_final_models({backend: final_model_files(folder, backend)}, backend),
            table=folder / "table.parquet",
            contract=folder / "table.json",
            rows=folder / "scored.parquet",
            units=folder / "scored_units.parquet",
            report=folder / "scored.json",
        )

    return _measured(run, spent)


def _by_hand(backend: str, folder: Path) -> dict[str, Any]:
    names = [f["name"] for f in read_json(folder / "table.json")["features"]]
    spent = {"predicting": 0.0}
    predict = _clocked(_PREDICT[backend](final_model_files(folder, backend).model), "predicting", spent)

    def run() -> None:
        new = pq.read_table(folder / "new.parquet", columns=["sample", *names])
        # Column after column, which takes less time than row after row, for CatBoost's predict too.
        values = np.array([new[name].to_numpy() for name in names]).T
        scores = predict(values)
        pq.write_table(pa.table({"sample": new["sample"], "score": scores}), folder / "by_hand.parquet")

    return _measured(run, spent)


def _clocked(plain: Callable[..., Any], part: str, spent: dict[str, float]) -> Callable[..., Any]:
    """Return a function that adds the CPU seconds of its calls to ``spent[part]``."""

    def clocked(*given: Any) -> Any:
        started = process_time()
        result = plain(*given)
        spent[part] += process_time() - started
        return result

    return clocked


def _measured(run: Callable[[], Any], spent: dict[str, float]) -> dict[str, float]:
    """Run it; return wall and CPU seconds, those of its parts, and its peak memory above that before."""
    before, wall, cpu = now_mb(), perf_counter(), process_time()
    run()
    seconds = {"seconds": perf_counter() - wall, "cpu_seconds": process_time() - cpu}
    return {**seconds, **spent, "peak_mb": peak_mb() - before}


def _xgboost(path: str) -> Callable[[Any], Any]:
    import xgboost

    model = xgboost.Booster({"nthread": 1}, model_file=path)
    # Faster than Booster.predict, and what XGBClassifier.predict_proba does.
    return lambda values: model.inplace_predict(values)


def _lightgbm(path: str) -> Callable[[Any], Any]:
    import lightgbm

    model = lightgbm.Booster(model_file=path)
    return lambda values: model.predict(values, num_threads=1)


def _catboost(path: str) -> Callable[[Any], Any]:
    import catboost

    model = catboost.CatBoost().load_model(path)
    return lambda values: model.predict(values, prediction_type="Probability", thread_count=1)[:, 1]


_PREDICT = {"xgboost": _xgboost, "lightgbm": _lightgbm, "catboost": _catboost}
_CONTESTANTS = {"foldwise": _foldwise, "by hand": _by_hand}

if __name__ == "__main__":
    print(json.dumps(_CONTESTANTS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))))
