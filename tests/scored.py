"""A table with folds and made-up scores: what evaluation and comparison read, without a training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
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
        folds: shape (6, n): 0 for a test row.
        scores: entrant -> shape (6, n): the score of each row in each fold, right or not a test row.
        codec: the slice of each row; the last video has none.
        paths: ``table``, ``contract`` and ``folds``, and for each entrant its test and its inner scores.
    """

    data: Grouped
    folds: npt.NDArray[np.int16]
    scores: dict[str, npt.NDArray[np.float64]]
    codec: list[str | None]
    paths: dict[str, str]

    def test(self, fold: int) -> npt.NDArray[np.bool_]:
        """Return which rows are test rows of a fold, from 1."""
        return self.folds[fold - 1] == 0


def write_scored(folder: Path, groups: int = 30, slice_name: str = "codec") -> Scored:
    """Write the dataset and the entrants' predictions."""
    data = grouped(groups=groups, rows=4)
    codec: list[str | None] = ["avc" if i % 4 < 2 else "hevc" for i in range(len(data.label))]
    codec[-4:] = [None] * 4
    paths = write_dataset(folder, data, {slice_name: codec})
    parts = [(data.group // 2 + data.group // 2 // SPLITS * repeat) % SPLITS for repeat in range(2)]
    folds = np.array([np.where(part == k, 0, 1) for part in parts for k in range(SPLITS)], np.int16)
    paths["folds"] = write_folds(folder / "folds.parquet", data, list(folds), SPLITS, final=folds[0] + 1)
    random = np.random.default_rng(3)
    scores = {}
    for entrant, signal in SIGNAL.items():
        drawn = random.normal(size=folds.shape) + signal * data.label
        scores[entrant] = 1 / (1 + np.exp(-(drawn - signal / 2).round(1)))
        paths[entrant] = str(folder / f"{entrant}.parquet")
        write_table(paths[entrant], _predictions(data, folds == 0, scores[entrant]))
        paths[f"{entrant}: inner"] = str(folder / f"{entrant}_inner.parquet")
        write_table(paths[f"{entrant}: inner"], _predictions(data, folds != 0, scores[entrant]))
    return Scored(data, folds, scores, codec, paths)


def evaluate(scored: Scored, entrant: str, folder: Path) -> dict[str, str]:
    """Evaluate an entrant as if it were a backend; return the paths of what is written."""
    inputs = {k: scored.paths[k] for k in ("table", "contract", "folds")}
    inputs |= {"predictions": scored.paths[entrant], "inner_predictions": scored.paths[f"{entrant}: inner"]}
    inputs |= {"reference": scored.paths["logistic_regression"]}
    names = {"metrics": "metrics.json", "tidy": "metrics.parquet", "out_of_fold": "out_of_fold.parquet"}
    outputs = {key: str(folder / f"{entrant}_{name}") for key, name in names.items()}
    evaluate_backend(inputs, entrant, EvaluationSettings([0.01, 0.05], 0.95, "sigmoid", "f1"), outputs)
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
