"""The bundle of the small study's final models; what a card needs besides them is taken from the tiny run."""

import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from final_models import add_ensemble, write_final_models
from fixtures.runs import FinishedRun
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle.make import make_bundle
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import final_model_files

MODELS = (*SPECIFICATIONS, ENSEMBLE)
CONFIGURATION: dict[str, Any] = {
    "folds": {"n_splits": 3, "inner_splits": 2, "seed": 42},
    "search": {"method": "race", "metric": "log_loss", "early_stopping_rounds": None, "fraction": 1.0},
    "training": {"class_weight": "none", "device": "cpu"},
    "audit": {"enabled": True},
}


@dataclass(frozen=True)
class Bundled:
    """Results and the bundle made of them."""

    results: Path
    bundle: Path

    def rebuilt(self, folder: Path, models: Sequence[str] = MODELS) -> Path:
        """Make the bundle in another folder."""
        make_bundle(
            files={name: final_model_files(self.results, name) for name in models},
            table=self.results / "table.parquet",
            contract=self.results / "table.json",
            comparison=self.results / "comparison.json",
            audit=self.results / "audit.json",
            params=[self.results / name / "params.json" for name in models if name != ENSEMBLE],
            configuration=CONFIGURATION,
            folder=folder,
        )
        return folder


def write_bundle(folder: Path, dataset: Mapping[str, Any], run: FinishedRun) -> Bundled:
    """Write the small study, its final models and their bundle."""
    results = write_final_models(folder, dataset)
    add_ensemble(results)
    files = ["comparison.json", "audit.json", *(f"{name}/metrics.json" for name in MODELS)]
    for name in (*files, *(f"{backend}/params.json" for backend in SPECIFICATIONS)):
        shutil.copy(run.results / name, results / name)
    return Bundled(results, Bundled(results, results).rebuilt(results / "bundle"))


def scorer(bundle: Path) -> ModuleType:
    """Return a bundle's score.py as a module."""
    specification = importlib.util.spec_from_file_location("score", bundle / "score.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
