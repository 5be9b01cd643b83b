"""A table with folds and made-up predictions: what evaluation and comparison read, without a training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from foldwise.evaluation.compare import compare_backends
from foldwise.evaluation.evaluate import evaluate_backend
from foldwise.evaluation.operating_points import EvaluationSettings
from foldwise.io.files import write_table
from tables import Grouped, grouped, write_dataset, write_folds

SPLITS = 3
SIGNAL = {"strong": 3.0, "weak": 0.5, "other_weak": 0.5, "logistic_regression": 0.3}


@dataclass(frozen=True)
class Scored:
    """A dataset of 30 videos with 4 rows each, 3 folds, 2 repeats.

    Attributes:
        data: the table.
        folds: shape (6, n): 0 for a test row, -1 for one that is left out.
        scores: model -> shape (6, n): the prediction of each row in each fold, test row or not.
        codec: the slice of each row; the last video has none.
        paths: ``table``, ``contract`` and ``folds``, and for each model its test and its inner predictions.
    """

    data: Grouped
    folds: npt.NDArray[np.int16]
    scores: dict[str, npt.NDArray[np.float64]]
    codec: list[str | None]
    paths: dict[str, str]

    def test(self, fold: int) -> npt.NDArray[np.bool_]:
        """Return which rows are test rows of a fold, from 1."""
        return self.folds[fold - 1] == 0


def write_scored(folder: Path, groups: int = 30, slice_name: str = "codec", left_out: int = 0) -> Scored:
    """Write the dataset and the predictions of the models; the first fold leaves out ``left_out`` train groups."""
    data = grouped(groups=groups, rows=4)
    codec: list[str | None] = ["avc" if i % 4 < 2 else "hevc" for i in range(len(data.label))]
    codec[-4:] = [None] * 4
    paths = write_dataset(folder, data, {slice_name: codec})
    parts = [(data.group // 2 + data.group // 2 // SPLITS * repeat) % SPLITS for repeat in range(2)]
    folds = np.array([np.where(part == k, 0, 1) for part in parts for k in range(SPLITS)], np.int16)
    first_groups = np.unique(data.group[folds[0] > 0])[:left_out]
    folds[0][np.isin(data.group, first_groups)] = -1
    paths["folds"] = write_folds(folder / "folds.parquet", data, list(folds), SPLITS, final=folds[1] + 1)
    random = np.random.default_rng(3)
    scores = {}
    for model, signal in SIGNAL.items():
        drawn = random.normal(size=folds.shape) + signal * data.label
        scores[model] = 1 / (1 + np.exp(-(drawn - signal / 2).round(1)))
        paths[model] = str(folder / f"{model}.parquet")
        write_table(paths[model], _predictions(data, folds == 0, scores[model]))
        paths[f"{model}: inner"] = str(folder / f"{model}_inner.parquet")
        write_table(paths[f"{model}: inner"], _predictions(data, folds > 0, scores[model]))
    return Scored(data, folds, scores, codec, paths)


def evaluate(scored: Scored, model: str, folder: Path, confidence: float = 0.95) -> dict[str, str]:
    """Evaluate a model as if it were a backend; return the paths of what is written."""
    names = {"metrics": "metrics.json", "tidy": "metrics.parquet", "out_of_fold": "out_of_fold.parquet"}
    outputs = {key: str(folder / f"{model}_{name}") for key, name in names.items()}
    evaluate_backend(
        table=scored.paths["table"],
        contract=scored.paths["contract"],
        folds=scored.paths["folds"],
        predictions=scored.paths[model],
        inner_predictions=scored.paths[f"{model}: inner"],
        reference=scored.paths["logistic_regression"],
        backend=model,
        settings=EvaluationSettings([0.01, 0.05], confidence, "sigmoid", "f1"),
        metrics=outputs["metrics"],
        tidy=outputs["tidy"],
        out_of_fold_predictions=outputs["out_of_fold"],
    )
    return outputs


def compare(
    scored: Scored, models: list[str], folder: Path, confidence: float = 0.95, rope: float = 0.01
) -> dict[str, str]:
    """Evaluate models and compare them; return the paths of what is written."""
    evaluated = [evaluate(scored, model, folder, confidence) for model in models]
    outputs = {key: str(folder / key) for key in ("predictions", "tidy", "comparison")}
    compare_backends(
        table=scored.paths["table"],
        contract=scored.paths["contract"],
        folds=scored.paths["folds"],
        reference=scored.paths["logistic_regression"],
        out_of_fold_predictions=[paths["out_of_fold"] for paths in evaluated],
        tidy_metrics=[paths["tidy"] for paths in evaluated],
        models=models,
        operating_fpr=[0.01, 0.05],
        confidence=confidence,
        rope=rope,
        predictions=outputs["predictions"],
        tidy=outputs["tidy"],
        comparison=outputs["comparison"],
    )
    return outputs


def _predictions(data: Grouped, chosen: Any, scores: Any) -> pa.Table:
    fold, row = np.nonzero(chosen)
    columns: dict[str, Any] = {
        "fold": (fold + 1).astype(np.int16),
        "sample_id": [f"sample_{i:03d}" for i in row],
        "label": data.label[row],
        "score": scores[fold, row],
    }
    return pa.table(columns)
