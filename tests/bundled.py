"""The bundle of the small study's final models, beside results that are made up as far as a card needs them."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import report_artefacts
from final_models import add_ensemble, write_final_models
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle.make import make_bundle
from foldwise.io.files import read_json, write_json
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import final_paths

CONFIGURATION: dict[str, Any] = {
    "folds": {"n_splits": 5, "inner_splits": 3, "seed": 42},
    "search": {"method": "grid", "metric": "log_loss"},
    "training": {"class_weight": "none"},
    "audit": {"enabled": True},
}


@dataclass(frozen=True)
class Bundled:
    """Results and the bundle made of them."""

    results: Path
    bundle: Path

    def made_again(self, folder: Path, entrants: list[str] | None = None) -> Path:
        """Make the bundle in another folder."""
        make_bundle(self.results, entrants or [*SPECIFICATIONS, ENSEMBLE], CONFIGURATION, folder)
        return folder


def write_bundle(folder: Path, dataset: Mapping[str, Any]) -> Bundled:
    """Write the study, its final models and their bundle."""
    results = write_final_models(folder, dataset)
    made_up = report_artefacts.artefacts()
    add_ensemble(results)
    for shift, name in enumerate((*SPECIFICATIONS, ENSEMBLE)):
        paths = final_paths(results, name)
        write_json(paths["metrics"], {**report_artefacts.metrics(name, 0.01 * shift), **_counts(results)})
    for name in SPECIFICATIONS:
        write_json(results / name / "params.json", [report_artefacts.params(name, n) for n in range(1, 6)])
    write_json(results / "comparison.json", made_up.comparison)
    write_json(results / "audit.json", made_up.audit)
    return Bundled(results, Bundled(results, results).made_again(results / "bundle"))


def _counts(results: Path) -> dict[str, Any]:
    contract = read_json(results / "table.json")
    counts = {"rows": contract["rows"], "units": contract["n_units"], "groups": contract["n_units"]}
    return {"counts": {**counts, "positive_rows": 24, "folds": 5, "repeats": 1}}


def scorer(bundle: Path) -> ModuleType:
    """Return a bundle's score.py as a module."""
    specification = importlib.util.spec_from_file_location("score", bundle / "score.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
