"""The analytics database of finished runs."""

from collections.abc import Sequence
from pathlib import Path

from fixtures.runs import FinishedRun
from foldwise.analytics.build import BackendFiles, DatasetFiles, EnsembleFiles, build_analytics


def build(folder: Path, runs: Sequence[FinishedRun], audit: bool = True) -> Path:
    """Build the database of the datasets of some runs, each from the inputs of its own rule."""
    inputs = [run.job("build_analytics").input for run in runs]
    shared = ("contract", "folds", "predictions", "tidy", "comparison")
    datasets = [DatasetFiles(*(job[n][0] for n in shared), *(job["audit"] if audit else [])) for job in inputs]
    names = ("metrics", "params", "search", "importance")
    backends = [BackendFiles(*files) for job in inputs for files in zip(*(job[n] for n in names), strict=True)]
    ensembles = [
        EnsembleFiles(*files) for job in inputs for files in zip(job["ensemble_metrics"], job["weights"], strict=True)
    ]
    build_analytics(datasets, backends, ensembles, folder / "analytics.duckdb")
    return folder / "analytics.duckdb"
