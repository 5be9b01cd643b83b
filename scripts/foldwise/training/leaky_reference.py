"""The leaky reference: the same settings on folds that split row by row, across groups.

Near copies of a unit are then in train and test, so that the metrics say nothing about new units. They are compared
with those of the grouped folds to show the optimism of such a split.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from foldwise.backends.registry import check_device, get_backend
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import open_matrix
from foldwise.evaluation.records import Metrics
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.io.files import read_table, write_json, write_table
from foldwise.io.job_memory import return_freed_memory
from foldwise.results.load import read_record
from foldwise.results.training_records import LeakyBackend, LeakyMetric, LeakyReference
from foldwise.search.fits import TrainPart
from foldwise.search.run_search import search_points
from foldwise.search.settings import TrainingSettings
from foldwise.stats.metrics import auc, average_precision, confusion, decision_metrics
from foldwise.training.refit import chosen_point, refit
from foldwise.training.train_data import row_weights, rows_of_some_groups

_SENTENCE = "Leaky reference: folds that split row by row, across groups; these metrics say nothing about new units."


def train_row_wise(*, table: str, contract: str, plan: Plan, settings: TrainingSettings, output: str) -> None:
    """Tune, train and predict on row-wise folds, outer and inner, and write fold, sample_id, label and score.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        plan: the folds of the grouped run, of which one repeat is made.
        settings: those of the grouped run.
        output: path of the predictions.

    Raises:
        UserError: for a missing device, before anything is read, or a parameter value that the library refuses.
    """
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    return_freed_memory()
    columns = read_contract(contract)
    data = read_table(table, columns=list(dict.fromkeys(["sample_id", "label", columns.unit])))
    matrix = open_matrix(table, columns.features, Path(output).parent)
    label = data.column("label").to_numpy().astype(np.int8)
    unit = data.column(columns.unit).combine_chunks().dictionary_encode().indices.to_numpy()
    tables = []
    every_row = np.arange(len(label), dtype=np.int32)
    one_repeat = Plan(plan.n_splits, 1, plan.inner_splits, plan.seed)
    for fold, assignment in enumerate(split(label, every_row, one_repeat), start=1):
        train, test = assignment > 0, assignment == 0
        weight = row_weights(settings.class_weight, label[train], unit[train])
        weighted = settings.class_weight == "balanced"
        part = TrainPart(matrix.rows(train), label[train], weight, assignment[train], weighted)
        rows = rows_of_some_groups(part.label, every_row[train], part.inner, settings.fraction, settings.seed)
        own = settings.for_rows(len(part.label))
        chosen = chosen_point(search_points(part.rows(rows), backend, own), own, backend)
        model = refit(part, chosen, backend, settings)
        score = backend.predict_matrix(model, matrix.rows(test), settings.threads).astype(np.float64)
        predictions: dict[str, Any] = {
            "fold": np.full(len(score), fold, np.int16),
            "sample_id": data.column("sample_id").combine_chunks().filter(pa.array(test)),
            "label": label[test],
            "score": score,
        }
        tables.append(pa.table(predictions))
    write_table(output, pa.concat_tables(tables))


def measure_optimism(*, predictions: Sequence[str], metrics: Sequence[str], output: str) -> None:
    """Write each backend's metrics on the row-wise folds next to those on the grouped ones, and their difference.

    Args:
        predictions: from :func:`train_row_wise`, one path a backend.
        metrics: ``metrics.json`` of the same backends.
        output: path of ``leaky_reference.json``.
    """
    backends = {}
    for path, metrics_path in zip(predictions, metrics, strict=True):
        grouped = read_record(metrics_path, Metrics)
        by_fold = _metrics_by_fold(path)
        compared = {metric: _compare(values, grouped.headline.means[metric].mean) for metric, values in by_fold.items()}
        backends[grouped.backend] = LeakyBackend(compared, n_folds=len(by_fold["auc"]))
    write_json(output, LeakyReference(_SENTENCE, "row", backends).as_json())


def _compare(leaky: Sequence[float], grouped: float | None) -> LeakyMetric:
    """Compare the values on the row-wise folds with the grouped mean, None where it is undefined on every fold."""
    mean, sd = float(np.mean(leaky)), float(np.std(leaky, ddof=1))
    return LeakyMetric(mean, sd, grouped, None if grouped is None else mean - grouped)


def _metrics_by_fold(path: str) -> dict[str, list[float]]:
    """Return auc, ap, f1 and accuracy of the predictions, one value a row-wise fold."""
    values: dict[str, list[float]] = {metric: [] for metric in ("auc", "ap", "f1", "accuracy")}
    for _, rows in read_table(path).to_pandas().groupby("fold"):
        label, score = rows["label"].to_numpy(), rows["score"].to_numpy()
        at_half = decision_metrics(confusion(label, score))
        values["auc"].append(auc(label, score))
        values["ap"].append(average_precision(label, score))
        for metric in ("f1", "accuracy"):
            values[metric].append(at_half[metric])
    return values
