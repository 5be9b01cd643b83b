"""What is logged of one model on one dataset."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foldwise.io.files import sha256

Points = list[tuple[int, float]]


@dataclass(frozen=True)
class FoldRun:
    """What is logged of one outer fold.

    Attributes:
        fold: number of the fold, from 1.
        params: chosen hyperparameters, or weights of the ensemble.
        metrics: metrics on the test rows.
        costs: seconds and memory of the training; empty for the ensemble.
        curves: learning curves by name, as (tree, value).
    """

    fold: int
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    costs: Mapping[str, float]
    curves: Mapping[str, Points]


@dataclass(frozen=True)
class ModelRun:
    """What is logged of one model on one dataset.

    Attributes:
        dataset: name of the dataset.
        backend: name of the backend, or ``ensemble``.
        description: text shown with the run, with the verdicts on all models; not in the key, and brought up to date.
        params: settings of the configuration and of the final model.
        metrics: means, standard deviations and interval ends over the folds.
        tags: hashes and versions.
        folds: the outer folds.
        artifacts: folder in the tracker ("" is the root) -> files; ``model`` contains the final model.
        recommended: whether it is the recommended model of its dataset.
    """

    dataset: str
    backend: str
    description: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folds: Sequence[FoldRun]
    artifacts: Mapping[str, Sequence[Path]]
    recommended: bool = False

    @property
    def model(self) -> Sequence[Path]:
        """The final model in formats that contain data only; of the ensemble its weights, then all backends' models."""
        return self.artifacts["model"]

    def key(self) -> str:
        """Return a SHA-256 of the final model and of all numbers but costs: equal results have equal keys."""
        folds = [(f.fold, dict(f.params), dict(f.metrics), dict(f.curves)) for f in self.folds]
        parts = [self.dataset, self.backend, dict(self.params), dict(self.metrics), dict(self.tags), folds]
        text = json.dumps([*parts, [sha256(file) for file in self.model]], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def artifacts_key(self) -> str:
        """Return a SHA-256 of the artifacts."""
        names = [(folder, file.name, sha256(file)) for folder, files in self.artifacts.items() for file in files]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()
