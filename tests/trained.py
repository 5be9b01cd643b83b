"""Training jobs of the tests: their input files, their settings and where they write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.folds.assignment import FINAL, Fold, Plan
from foldwise.folds.make_folds import make_folds
from foldwise.search.settings import TrainingSettings
from foldwise.training.train import TrainOutputs, train
from tables import Grouped, write_dataset

TABLES = ("search", "curve", "importance", "inner_predictions", "predictions")
TRAIN_SIDE = ("search", "curve", "inner_predictions", "model")


def write_inputs(folder: Path, data: Grouped, plan: Plan) -> dict[str, str]:
    """Write table, contract and folds; return their paths by the names of the arguments of :func:`train`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_dataset(folder, data)
    make_folds(**paths, plan=plan, output=folder / "folds.parquet")
    return {**paths, "folds": str(folder / "folds.parquet")}


def settings_of(backend: str, space: Mapping[str, Any], **changed: Any) -> TrainingSettings:
    """Return settings of a search for the least log-loss with one thread, with changes."""
    fixed = {"seed": 7, "threads": 1, "device": "cpu", "class_weight": "none", "metric": "log_loss"}
    return TrainingSettings(**{"backend": backend, "space": space, **fixed, "early_stopping_rounds": None, **changed})


def outputs_in(folder: Path, backend: str, fold: Fold = 1) -> TrainOutputs:
    """Return the outputs of the job of a fold, or of the final model, in a folder."""
    names = TABLES if fold != FINAL else TABLES[:-1]
    paths = {name: str(folder / f"{name}.parquet") for name in names} | {"params": str(folder / "params.json")}
    files = SPECIFICATIONS[backend].final_files if fold == FINAL else (SPECIFICATIONS[backend].model_file,)
    paths |= {name: str(folder / file) for name, file in zip(("model", "joblib"), files, strict=False)}
    return TrainOutputs(**paths)


def train_in(folder: Path, inputs: Mapping[str, str], settings: TrainingSettings, fold: Fold = 1) -> TrainOutputs:
    """Run a training job; return its outputs."""
    outputs = outputs_in(folder, settings.backend, fold)
    train(**inputs, fold=fold, settings=settings, outputs=outputs)
    return outputs


def bytes_of(outputs: TrainOutputs, name: str) -> bytes:
    """Return the content of an output."""
    return Path(getattr(outputs, name)).read_bytes()
