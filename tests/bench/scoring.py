"""Time and memory of scoring a new table of 1,000,000 rows x 50 columns, beside each library's own predict.

Every figure comes from a process of its own with one thread. The model has 100 trees of depth 6, fitted on 20,000
simulated rows. The library predicts from the whole table in memory, and reading it is not counted.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from final_models import write_final_model
from foldwise.artifacts import read_json
from foldwise.backends import SPECIFICATIONS, get_backend
from foldwise.dataset import Dataset
from foldwise.matrix import read_matrix
from foldwise.scoring.models import FinalModel
from foldwise.scoring.paths import final_paths
from foldwise.tables import build_table

from bench.printing import spread, table

ROWS, COLUMNS, TRAINING_ROWS, ROWS_OF_A_GROUP, TREES = 1_000_000, 50, 20_000, 50, 100
COUNTS = {"rows": TRAINING_ROWS, "units": 400, "groups": 400, "folds": 5}
_BLOCK = 50_000
_DEPTH = {"xgboost": {"max_depth": 6}, "lightgbm": {"max_depth": 6, "num_leaves": 63}, "catboost": {"depth": 6}}


def measure(repeats: int, rows: int = ROWS) -> list[dict[str, Any]]:
    """Return one row a repeat, backend and contestant: seconds, seconds of predictions alone, peak MB above imports."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), rows)
        for repeat in range(1, repeats + 1):
            for backend in SPECIFICATIONS:
                for contestant in ("foldwise", "library"):
                    figures = _in_a_process(contestant, backend, folder)
                    found.append({"repeat": repeat, "backend": backend, "contestant": contestant, **figures})
                print(f"scoring: repeat {repeat} of {repeats}, {backend}", flush=True)
    return found


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return by backend the rows a second, the time over the library's, and the peak memory: medians and ranges."""
    found = []
    for backend in SPECIFICATIONS:
        ours, theirs = (
            [r for r in rows if r["backend"] == backend and r["contestant"] == c] for c in ("foldwise", "library")
        )
        pairs = list(zip(ours, theirs, strict=True))
        found.append(
            {
                "backend": backend,
                "rows_a_second": spread([r["rows"] / r["seconds"] for r in ours]),
                "predictions_over_library": spread([a["predicting"] / b["predicting"] for a, b in pairs]),
                "whole_over_library": spread([a["seconds"] / b["predicting"] for a, b in pairs]),
                "peak_mb": spread([r["peak_mb"] for r in ours]),
            }
        )
    return found


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text."""
    head = ["backend", "rows a second", "predictions / library's", "whole scoring / library's", "peak MB above imports"]
    return table(head, [list(r.values()) for r in summary(rows)])


def _write(folder: Path, rows: int) -> None:
    """Write a training table with final models, and the table to score."""
    for name, count, seed in (("training", TRAINING_ROWS, 0), ("new", rows, 1)):
        _write_rows(folder / f"{name}.parquet", count, seed)
    dataset = Dataset(table=str(folder / "training.parquet"), id="sample", label="label", groups=["video"])
    build_table("bench", dataset, folder / "table.parquet", folder / "table.json")
    for name, depth in _DEPTH.items():
        write_final_model(folder, name, {**depth, "learning_rate": 0.1}, TREES, COUNTS)


def _write_rows(path: Path, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    fields = [("sample", pa.string()), ("video", pa.string()), ("label", pa.int8())]
    schema = pa.schema([*fields, *((f"f{j:02d}", pa.float32()) for j in range(COLUMNS))])
    with pq.ParquetWriter(path, schema) as out:
        for start in range(0, rows, _BLOCK):
            number = np.arange(start, min(rows, start + _BLOCK))
            group = number // ROWS_OF_A_GROUP
            values = random.standard_normal((len(number), COLUMNS), dtype=np.float32)
            label = (group % 2).astype(np.int8)
            values[:, :5] += 0.3 * label[:, None]
            names = [[f"s{n:08d}" for n in number], [f"v{seed}_{g:06d}" for g in group], label]
            out.write_table(pa.table([*map(pa.array, names), *map(pa.array, values.T)], schema=schema))


def _in_a_process(contestant: str, backend: str, folder: str) -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **variables, "PYTHONPATH": f"{root / 'scripts'}:{root / 'tests'}"}
    command = [sys.executable, "-m", "bench.scoring", contestant, backend, folder]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _foldwise(backend: str, folder: Path) -> dict[str, Any]:
    from foldwise.new_table import NewTable
    from foldwise.scoring.score import score_table

    # Imported now, it does not count as memory of the scoring.
    get_backend(backend)
    seconds, plain = [0.0], FinalModel.score

    def timed(model: FinalModel, *given: Any) -> npt.NDArray[np.float64]:
        started = perf_counter()
        scores = plain(model, *given)
        seconds[0] += perf_counter() - started
        return scores

    FinalModel.score = timed  # type: ignore[method-assign]
    imports, started = _peak_mb(), perf_counter()
    outputs = {name: str(folder / f"scored_{name}") for name in ("rows", "units", "report")}
    report = score_table(folder, NewTable(table=str(folder / "new.parquet")), outputs, [backend])
    whole = perf_counter() - started
    return {"rows": report["rows"], "seconds": whole, "predicting": seconds[0], "peak_mb": _peak_mb() - imports}


def _library(backend: str, folder: Path) -> dict[str, Any]:
    features = read_json(folder / "table.json")["features"]
    values = read_matrix(folder / "new.parquet", features).values
    predict = _PLAIN[backend](final_paths(folder, backend)["model"])
    started = perf_counter()
    predict(values)
    return {"rows": len(values), "predicting": perf_counter() - started}


def _xgboost(path: str) -> Callable[[Any], Any]:
    import xgboost

    model = xgboost.Booster(model_file=path)
    return lambda values: model.predict(xgboost.DMatrix(values, nthread=1), validate_features=False)


def _lightgbm(path: str) -> Callable[[Any], Any]:
    import lightgbm

    model = lightgbm.Booster(model_file=path)
    return lambda values: model.predict(values, num_threads=1)


def _catboost(path: str) -> Callable[[Any], Any]:
    import catboost

    model = catboost.CatBoost().load_model(path)
    return lambda values: model.predict(values, prediction_type="Probability", thread_count=1)


_PLAIN = {"xgboost": _xgboost, "lightgbm": _lightgbm, "catboost": _catboost}

if __name__ == "__main__":
    run = {"foldwise": _foldwise, "library": _library}[sys.argv[1]]
    print(json.dumps(run(sys.argv[2], Path(sys.argv[3]))))
