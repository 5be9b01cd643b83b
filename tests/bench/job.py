"""One job of ``bench.memory`` in a process of its own, as the script of its rule runs it.

Like that script it imports numpy and the libraries inside :func:`foldwise.io.job.step`: their allocators read
environment variables when they are loaded, and would otherwise keep freed memory.

    PYTHONPATH=scripts:tests python -m bench.job JOB FOLDER TREES
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.io.job import step

from bench.resident import now_mb, peak_mb

STEPS = ("build_table", "make_folds", "audit_leakage")
SPACES: Mapping[str, Mapping[str, list[Any]]] = {
    "xgboost": {"max_depth": [6], "learning_rate": [0.1]},
    "lightgbm": {"max_depth": [6], "num_leaves": [63], "learning_rate": [0.1]},
    "catboost": {"depth": [6], "learning_rate": [0.1], "border_count": [254]},
}


def run(job: str, folder: Path, trees: int) -> None:
    """Run one job in this process, and write its time and memory to ``JOB.json`` and its log to ``JOB.log``.

    Args:
        job: a backend, for its fold job, or a step.
        folder: folder of the tables and of what is written.
        trees: trees of a fit.
    """
    with step(folder / f"{job}.log"):
        work = _step(job, folder) if job in STEPS else _fold_job(job, folder, trees)
        imports = now_mb()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        figures = {"peak_mb": peak_mb() - imports, "imports_mb": imports, **seconds}
        (folder / f"{job}.json").write_text(json.dumps(figures), encoding="utf-8")


def _fold_job(backend: str, folder: Path, trees: int) -> Any:
    from foldwise.backends.registry import SPECIFICATIONS, get_backend
    from foldwise.search.settings import TrainingSettings
    from foldwise.training.train import TrainOutputs, train

    get_backend(backend)
    fixed = {"seed": 42, "threads": 1, "device": "cpu", "class_weight": "none", "metric": "log_loss"}
    space = {**SPACES[backend], SPECIFICATIONS[backend].trees: [trees]}
    settings = TrainingSettings(backend=backend, **fixed, early_stopping_rounds=None, space=space)
    names = ("search", "curve", "importance", "inner_predictions", "predictions")
    paths = {name: str(folder / backend / f"{name}.parquet") for name in names}
    paths["model"] = str(folder / backend / SPECIFICATIONS[backend].model_file)
    outputs = TrainOutputs(**paths, params=str(folder / backend / "params.json"))
    return lambda: train(**_inputs(folder), fold=1, settings=settings, outputs=outputs)


def _step(step: str, folder: Path) -> Any:
    from foldwise.audit.run_checks import audit_leakage
    from foldwise.config.datasets import Dataset
    from foldwise.data.build_table import build_table
    from foldwise.folds.assignment import Plan
    from foldwise.folds.make_folds import make_folds

    inputs = _inputs(folder)
    sources = {name: str(folder / f"{name}.parquet") for name in ("first", "second")}
    dataset = Dataset(
        metadata=str(folder / "metadata.parquet"), features=sources, id="sample", label="label", groups=["video"]
    )
    if step == "build_table":
        return lambda: build_table("bench", dataset, table=inputs["table"], contract=inputs["contract"])
    if step == "make_folds":
        return lambda: make_folds(
            table=inputs["table"], contract=inputs["contract"], plan=Plan(5, 1, 3, 42), output=inputs["folds"]
        )
    return lambda: audit_leakage(**inputs, output=folder / "audit.json")


def _inputs(folder: Path) -> dict[str, str]:
    files = {"table": "table.parquet", "contract": "table.json", "folds": "folds.parquet"}
    return {name: str(folder / file) for name, file in files.items()}


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
