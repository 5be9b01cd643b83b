"""Made-up results of several datasets with the folds gathered, and the paths that the analytics rule would pass."""

from collections.abc import Sequence
from pathlib import Path

from artefacts import Study, write_results
from foldwise.io.files import read_json, write_json
from foldwise.results.paths import FOLD_TABLES
from foldwise.training.collect import collect_params, collect_tables
from foldwise.training.ensemble import combine_backends

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
OF_ENSEMBLE = {"ensemble_metrics": "metrics.json", "weights": "weights.parquet"}


def write_gathered(results: Path, studies: Sequence[Study]) -> dict[str, list[str]]:
    """Write the results of each study below ``results``; return the inputs of ``build_analytics``."""
    for study in studies:
        folder = write_results(results, study)
        for backend in study.backends:
            gather_backend(folder / backend, study.folds)
        if len(study.backends) > 1:
            add_ensemble(folder, study.backends)
    backends = [(study.dataset, backend) for study in studies for backend in study.backends]
    inputs = {name: [str(results / s.dataset / file) for s in studies] for name, file in OF_DATASET.items()}
    inputs |= {name: [str(results / d / b / file) for d, b in backends] for name, file in OF_BACKEND.items()}
    together = [results / study.dataset / "ensemble" for study in studies if len(study.backends) > 1]
    inputs |= {name: [str(folder / file) for folder in together] for name, file in OF_ENSEMBLE.items()}
    return inputs


def gather_backend(folder: Path, folds: int) -> None:
    """Put the files of a backend's folds together, as rule gather_folds does."""
    folders = [folder / f"fold_{fold}" for fold in range(1, folds + 1)]
    for name in FOLD_TABLES:
        collect_tables([str(each / f"{name}.parquet") for each in folders], str(folder / f"{name}.parquet"))
    collect_params([str(each / "params.json") for each in folders], str(folder / "params.json"))


def add_ensemble(folder: Path, backends: Sequence[str]) -> None:
    """Combine the backends of a dataset as rule combine_backends does; its metrics are those of the first backend."""
    names = ("predictions", "inner_predictions")
    inputs = {name: [str(folder / backend / f"{name}.parquet") for backend in backends] for name in names}
    outputs = {f"{name}_output": str(folder / "ensemble" / f"{name}.parquet") for name in (*names, "weights")}
    combine_backends(**inputs, backends=backends, **outputs)
    metrics = read_json(folder / backends[0] / "metrics.json")
    write_json(folder / "ensemble" / "metrics.json", {**metrics, "backend": "ensemble"})
