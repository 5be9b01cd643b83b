"""Made-up results of several datasets with the folds gathered, and the paths that the analytics rule would pass."""

from collections.abc import Sequence
from pathlib import Path

from artefacts import Study, write_results
from foldwise.gathering import TABLES, gather_folds

OF_DATASET = {
    "contract": "table.json",
    "folds": "folds.parquet",
    "predictions": "predictions.parquet",
    "tidy": "metrics.parquet",
    "comparison": "comparison.json",
    "audit": "audit.json",
}
OF_BACKEND = {
    "metrics": "metrics.json",
    "params": "params.json",
    "search": "search.parquet",
    "importance": "importance.parquet",
}


def write_gathered(results: Path, studies: Sequence[Study]) -> dict[str, list[str]]:
    """Write the results of each study below ``results``; return the inputs of ``build_analytics``."""
    for study in studies:
        folder = write_results(results, study)
        for backend in study.backends:
            gather_backend(folder / backend, study.folds)
    backends = [(study.dataset, backend) for study in studies for backend in study.backends]
    inputs = {name: [str(results / s.dataset / file) for s in studies] for name, file in OF_DATASET.items()}
    inputs |= {name: [str(results / d / b / file) for d, b in backends] for name, file in OF_BACKEND.items()}
    return inputs


def gather_backend(folder: Path, folds: int) -> None:
    """Put the files of a backend's folds together, as rule gather_folds does."""
    files = {name: f"{name}.parquet" for name in TABLES} | {"params": "params.json"}
    inputs = {n: [str(folder / f"fold_{fold}" / f) for fold in range(1, folds + 1)] for n, f in files.items()}
    gather_folds(inputs, {name: str(folder / file) for name, file in files.items()})
