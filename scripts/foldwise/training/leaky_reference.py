"""The leaky reference: the same settings with rows split as if each stood for itself.

Copies of a unit then stand in train and test. The score says nothing about new units; it is kept
beside the grouped one so that the optimism of such a split can be read off.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from foldwise.backends.devices import check_device
from foldwise.backends.registry import get_backend
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import open_matrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.io.job_memory import return_freed_memory
from foldwise.search.fits import TrainPart
from foldwise.search.run_search import search_points
from foldwise.search.settings import Settings
from foldwise.stats.metrics import auc, average_precision, confusion, decision_metrics
from foldwise.training.refit import chosen_fit, refit
from foldwise.training.train_data import row_weights, rows_of_some_groups

_METRICS = ("auc", "ap", "f1", "accuracy")


def train_row_wise(inputs: Mapping[str, str], plan: Plan, settings: Settings, output: str) -> None:
    """Tune, train and score on row-wise folds, outer and inner, and write fold, sample_id, label, score.

    Args:
        inputs: paths of ``table`` and ``contract``.
        plan: the splits of the grouped run; the first repeat is enough here.
        settings: those of the grouped run.
        output: path of the predictions.
    """
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    return_freed_memory()
    contract = read_contract(inputs["contract"])
    unit_name = contract.unit
    data = read_table(inputs["table"], columns=list(dict.fromkeys(["sample_id", "label", unit_name])))
    matrix = open_matrix(inputs["table"], contract.features, Path(output).parent)
    label = data.column("label").to_numpy().astype(np.int8)
    unit = data.column(unit_name).combine_chunks().dictionary_encode().indices.to_numpy()
    parts = []
    every_row = np.arange(len(label), dtype=np.int32)
    once = Plan(plan.n_splits, 1, plan.inner_splits, plan.seed)
    for fold, assignment in enumerate(split(label, every_row, once), start=1):
        train, test = assignment > 0, assignment == 0
        weight = row_weights(settings.class_weight, label[train], unit[train])
        part = TrainPart(matrix.rows(train), label[train], weight, assignment[train])
        rows = rows_of_some_groups(part.label, every_row[train], part.inner, settings.fraction, settings.seed)
        fit = chosen_fit(search_points(part.rows(rows), backend, settings), settings, backend)
        model = refit(part, fit, backend, settings)
        score = backend.predict_matrix(model, matrix.rows(test), settings.threads).astype(np.float64)
        columns: dict[str, Any] = {
            "fold": np.full(len(score), fold, np.int16),
            "sample_id": data.column("sample_id").combine_chunks().filter(pa.array(test)),
            "label": label[test],
            "score": score,
        }
        parts.append(pa.table(columns))
    write_table(output, pa.concat_tables(parts))


def measure_optimism(predictions: Sequence[str], metrics: Sequence[str], output: str) -> None:
    """Write each backend's leaky scores beside its grouped ones, and the gap between them.

    Args:
        predictions: from :func:`train_row_wise`, one path a backend.
        metrics: ``metrics.json`` of the same backends.
        output: path of ``leaky_reference.json``.
    """
    found = {}
    for path, metrics_path in zip(predictions, metrics, strict=True):
        grouped = read_json(metrics_path)
        leaky = _leaky_scores(path)
        found[grouped["backend"]] = {
            metric: {"leaky": mean, "leaky_sd": sd, **_gap(mean, grouped[f"test_{metric}"])}
            for metric, (mean, sd) in leaky.items()
        } | {"n_folds": int(read_table(path, columns=["fold"]).to_pandas()["fold"].nunique())}
    sentence = "Leaky reference: rows split as if each stood for itself; these scores say nothing about new units."
    write_json(output, {"sentence": sentence, "level": "row", "backends": found})


def _gap(leaky: float, grouped: float | None) -> dict[str, float | None]:
    """Return the grouped score and the gap; a held-out source with one class leaves some scores without a value."""
    return {"grouped": grouped, "optimism_gap": None if grouped is None else leaky - grouped}


def _leaky_scores(path: str) -> dict[str, tuple[float, float]]:
    """Return mean and sd over the row-wise folds of each metric."""
    values: dict[str, list[float]] = {metric: [] for metric in _METRICS}
    for _, part in read_table(path).to_pandas().groupby("fold"):
        label, score = part["label"].to_numpy(), part["score"].to_numpy()
        decided = decision_metrics(confusion(label, score))
        for metric, value in (
            ("auc", auc(label, score)),
            ("ap", average_precision(label, score)),
            ("f1", decided["f1"]),
            ("accuracy", decided["accuracy"]),
        ):
            values[metric].append(value)
    return {m: (float(np.mean(v)), float(np.std(v, ddof=1))) for m, v in values.items()}
