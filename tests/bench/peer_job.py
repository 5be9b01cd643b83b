"""One fit of another AutoML library on one outer fold, on one core, in an environment of its own.

It imports nothing of the workflow: ``bench.peers`` starts it with the Python of ``.venv-peers``.

    PYTHONPATH=tests python -m bench.peer_job PEER FOLDER SECONDS
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

SEED = 42
Probabilities = npt.NDArray[np.float64]
_NAMING = ("label", "group", "inner")


@dataclass(frozen=True)
class Job:
    """One outer fold of a table: n train rows and m test rows of p features.

    Attributes:
        train: features of the train rows, n x p; text columns are pandas categories.
        label: shape (n,), 0 or 1.
        group: shape (n,); None where every row is a group of its own.
        inner: shape (n,): the workflow's inner fold of each row.
        test: features of the test rows, m x p.
        seconds: time limit of the fit, in seconds.
        folder: where the library may write.
    """

    train: pd.DataFrame
    label: pd.Series
    group: pd.Series | None
    inner: npt.NDArray[np.int64]
    test: pd.DataFrame
    seconds: float
    folder: Path


def autogluon(job: Job, preset: str) -> Probabilities:
    """Predict with AutoGluon, told the groups by a column that is no feature.

    Neural networks are left out, and so is dynamic stacking, a trial fit of a quarter of the time, after which
    AutoGluon 1.6.3 stops with "Learner is already fit" where the limit is some seconds.
    """
    from autogluon.tabular import TabularPredictor

    train, test, options = job.train.assign(label=job.label), job.test, {}
    if job.group is not None:
        train, test = train.assign(bench_group=job.group), test.assign(bench_group=-1)
        options = {"validation_structure": {"group_on": "bench_group"}}
    predictor = TabularPredictor(
        label="label",
        problem_type="binary",
        positive_class=1,
        eval_metric="log_loss",
        path=str(job.folder / "autogluon"),
        verbosity=0,
        learner_kwargs={"ignored_columns": ["bench_group"] if options else []},
    ).fit(
        train,
        time_limit=job.seconds,
        presets=preset,
        dynamic_stacking=False,
        num_cpus=1,
        num_gpus=0,
        excluded_model_types=["NN_TORCH", "FASTAI"],
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
        **options,
    )
    print("models:", predictor.model_names())
    return np.asarray(predictor.predict_proba(test)[1], np.float64)


def flaml(job: Job) -> Probabilities:
    """Predict with FLAML, cross-validated by group."""
    from flaml import AutoML

    options: dict[str, Any] = {"eval_method": "cv", "n_splits": int(job.inner.max())}
    if job.group is not None:
        options |= {"split_type": "group", "groups": job.group.to_numpy()}
    model = AutoML()
    model.fit(
        X_train=job.train,
        y_train=job.label,
        task="classification",
        metric="log_loss",
        time_budget=job.seconds,
        n_jobs=1,
        seed=SEED,
        verbose=0,
        **options,
    )
    print("best:", model.best_estimator, model.best_config)
    return np.asarray(model.predict_proba(job.test)[:, 1], np.float64)


def mljar(job: Job) -> Probabilities:
    """Predict with mljar-supervised, cross-validated on the workflow's inner folds."""
    from supervised.automl import AutoML

    splits = [(np.flatnonzero(job.inner != k), np.flatnonzero(job.inner == k)) for k in np.unique(job.inner)]
    model = AutoML(
        results_path=str(job.folder / "mljar"),
        mode="Compete",
        ml_task="binary_classification",
        eval_metric="logloss",
        total_time_limit=max(1, round(job.seconds)),
        validation_strategy={"validation_type": "custom"},
        explain_level=0,
        n_jobs=1,
        random_state=SEED,
        verbose=0,
    )
    model.fit(job.train, job.label, cv=splits)
    return np.asarray(model.predict_proba(job.test)[:, 1], np.float64)


PEERS: dict[str, tuple[str, Callable[[Job], Probabilities]]] = {
    "autogluon-medium": ("autogluon.tabular", lambda job: autogluon(job, "medium_quality")),
    "autogluon-best": ("autogluon.tabular", lambda job: autogluon(job, "best_quality")),
    "flaml": ("flaml", flaml),
    "mljar": ("mljar-supervised", mljar),
}
"""Name -> the package that it needs, and the function that fits and predicts."""


def read_job(folder: Path, seconds: float) -> Job:
    """Read the files that ``bench.peers`` wrote."""
    rows = pd.read_parquet(folder / "train.parquet")
    test = pd.read_parquet(folder / "test.parquet")
    features = rows.drop(columns=[name for name in _NAMING if name in rows])
    return Job(features, rows["label"], rows.get("group"), rows["inner"].to_numpy(np.int64), test, seconds, folder)


def main(peer: str, folder: Path, seconds: float) -> None:
    """Run one fit; write ``outcome.json`` with its scores, seconds and version, or with why it failed."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    package, run = PEERS[peer]
    outcome: dict[str, Any] = {}
    try:
        outcome["version"] = version(package)
        job = read_job(folder, seconds)
        wall, cpu = time.perf_counter(), _cpu_seconds()
        score = run(job)
        outcome |= {"wall_s": time.perf_counter() - wall, "cpu_s": _cpu_seconds() - cpu, "score": score.tolist()}
    except Exception as fault:  # whatever a library raises is a result of the comparison
        traceback.print_exc()
        outcome["failed"] = f"{type(fault).__name__}: {fault}"[:300]
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it started and that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
