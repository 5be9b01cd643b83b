"""The models of the workflow on the outer folds of a table, made by the functions that its rules call."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from os import devnull
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.models import Config, parse
from foldwise.evaluation.predictions import read_fold_predictions
from foldwise.io.files import read_table
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import FOLD_TABLES
from foldwise.search.settings import TrainingSettings
from foldwise.search.space import read_space
from foldwise.stats.calibration import fit_calibrator
from foldwise.training.collect import collect_tables
from foldwise.training.ensemble import combine_backends
from foldwise.training.train import TrainOutputs, train

from bench.tables import Prepared

CALIBRATED = f"{ENSEMBLE}-calibrated"


@dataclass(frozen=True)
class Predicted:
    """The predictions of a model for the m test rows of an outer fold.

    Attributes:
        model: a backend, ``ensemble`` or ``ensemble-calibrated``; empty where a method has one model.
        fold: the outer fold, from 1.
        score: shape (m,), probability of class 1.
        seconds: CPU time of everything that the predictions need, in seconds.
    """

    model: str
    fold: int
    score: npt.NDArray[np.float64]
    seconds: float


def configuration(sections: Mapping[str, Any]) -> Config:
    """Return a configuration with these sections, and the defaults otherwise; its dataset is a placeholder."""
    unused = {"bench": {"table": "table.parquet", "label": "label", "groups": []}}
    return parse({**sections, "datasets": unused})


def training_settings(config: Config, spaces: Path) -> dict[str, TrainingSettings]:
    """Return the settings of the training jobs of every backend, as ``rules/common.smk`` makes them.

    Args:
        config: the configuration.
        spaces: folder of the search spaces that it changes or uses as they are.
    """
    search, device = config.search, config.training.device
    return {
        backend: TrainingSettings(
            backend=backend,
            seed=config.folds.seed,
            **config.training.model_dump(),
            metric=search.metric,
            early_stopping_rounds=search.early_stopping_rounds,
            space=read_space(
                spaces / f"{backend}.yaml", backend, search.space.get(backend, {}), search.method, device
            ).dimensions,
            n_trials=search.n_trials if search.method in ("random", "optuna") else None,
            fraction=search.fraction,
            method=search.method,
        )
        for backend in config.backends
    }


def predict(table: Prepared, folds: int, config: Config, spaces: Path, folder: Path) -> Iterator[Predicted]:
    """Yield the predictions of every backend on the first outer folds, then of their ensemble, raw and calibrated.

    Args:
        table: the table.
        folds: number of outer folds.
        config: the configuration.
        spaces: folder of the search spaces.
        folder: where the results of the jobs are written.
    """
    seconds = np.zeros(folds)
    settings = training_settings(config, spaces)
    for backend, of_backend in settings.items():
        # Its library is imported now, so that the first fold does not pay for it.
        get_backend(backend)
        for fold in range(1, folds + 1):
            started = process_time()
            outputs = _outputs(folder / backend / f"fold_{fold}", backend)
            with Path(devnull).open("w", encoding="utf-8") as silent, redirect_stdout(silent):
                train(**table.inputs, fold=fold, settings=of_backend, outputs=outputs)
            spent = process_time() - started
            seconds[fold - 1] += spent
            yield Predicted(backend, fold, _read(outputs.predictions), spent)
        for name in ("predictions", "inner_predictions"):
            parts = [str(folder / backend / f"fold_{fold}" / f"{name}.parquet") for fold in range(1, folds + 1)]
            collect_tables(parts, str(folder / backend / f"{name}.parquet"))
    if ENSEMBLE in config.entrants:
        yield from _ensemble(table.inputs, list(settings), folder, config.evaluation.calibration, seconds)


def _ensemble(
    inputs: Mapping[str, str], backends: Sequence[str], folder: Path, calibration: str, seconds: npt.NDArray[np.float64]
) -> Iterator[Predicted]:
    """Yield the predictions of the ensemble in every fold, before and after calibration.

    Args:
        inputs: paths of the table, its contract and its folds.
        backends: names of the backends.
        folder: where their predictions are.
        calibration: the method of the configuration.
        seconds: CPU time of the backends in each fold, shape (folds,).
    """
    started = process_time()
    names = ("predictions", "inner_predictions")
    combined = {name: str(folder / f"{name}.parquet") for name in names}
    of_backends = {name: [str(folder / backend / f"{name}.parquet") for backend in backends] for name in names}
    with Path(devnull).open("w", encoding="utf-8") as silent, redirect_stdout(silent):
        combine_backends(
            predictions=of_backends["predictions"],
            inner_predictions=of_backends["inner_predictions"],
            backends=backends,
            predictions_output=combined["predictions"],
            inner_predictions_output=combined["inner_predictions"],
            weights_output=str(folder / "weights.parquet"),
        )
    seconds = seconds + (process_time() - started) / len(seconds)
    test, inner = (read_fold_predictions(combined[name]) for name in names)
    for fold, rows in test.items():
        score = rows["score"].to_numpy(np.float64)
        spent = float(seconds[fold - 1])
        yield Predicted(ENSEMBLE, fold, score, spent)
        started = process_time()
        fitted_on = inner[fold]
        calibrate = fit_calibrator(
            calibration, *(fitted_on[column].to_numpy() for column in ("score", "label", "group"))
        )
        yield Predicted(CALIBRATED, fold, calibrate(score), spent + process_time() - started)


def _outputs(folder: Path, backend: str) -> TrainOutputs:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: str(folder / f"{name}.parquet") for name in FOLD_TABLES}
    model = str(folder / SPECIFICATIONS[backend].model_file)
    return TrainOutputs(**paths, model=model, params=str(folder / "params.json"))


def _read(path: str | None) -> npt.NDArray[np.float64]:
    return np.asarray(read_table(str(path)).column("score").to_numpy(), np.float64)
