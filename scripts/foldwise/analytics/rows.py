"""The rows of the analytics tables, built from the results of a finished run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from foldwise.audit.findings import Audit
from foldwise.data.contract import Contract
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.records import Metrics
from foldwise.folds.assignment import Folds, Plan
from foldwise.results.training_records import FoldParams, FoldWeight

Row = dict[str, object]


def dataset_row(contract: Contract, comparison: Comparison, audit: Audit | None, plan: Plan) -> Row:
    """Return the row of a dataset; ``audit`` is None where it is switched off."""
    return {
        "dataset": contract.dataset,
        "n_rows": contract.rows,
        "n_units": contract.n_units,
        "n_groups": comparison.counts.groups,
        "n_positive": contract.label.n_positive,
        "n_features": len(contract.features),
        "label_column": contract.label.column,
        "positive_value": contract.label.positive,
        "id_column": contract.id,
        "unit_column": contract.unit,
        "group_columns": contract.groups,
        "slice_columns": contract.slices,
        "n_splits": plan.n_splits,
        "n_repeats": plan.n_repeats,
        "inner_splits": plan.inner_splits,
        "seed": plan.seed,
        "audit_verdict": None if audit is None else audit.verdict,
        "verdict_baselines": comparison.verdict_baselines,
        "verdict": comparison.verdict,
    }


def result_rows(metrics: Metrics, params: Sequence[FoldParams]) -> list[Row]:
    """Return one row per outer fold: its metrics, and what its training chose and cost."""
    trainings = {entry.fold: _training(entry) for entry in params}
    return [{**row, **trainings[row["fold"]]} for row in _fold_rows(metrics)]


def ensemble_rows(metrics: Metrics, weights: Sequence[FoldWeight]) -> list[Row]:
    """Return one row per outer fold: its metrics, and the weights of the backends in place of hyperparameters."""
    by_fold: dict[int, dict[str, float]] = {}
    for entry in weights:
        by_fold.setdefault(entry.fold, {})[entry.backend] = entry.weight
    return [{**row, "params": json.dumps(by_fold[row["fold"]])} for row in _fold_rows(metrics)]


def _fold_rows(metrics: Metrics) -> list[dict[str, Any]]:
    thresholds = {entry.fold: entry.threshold for entry in metrics.decision.folds}
    return [{**row, "threshold": thresholds[row["fold"]]} for row in metrics.fold_rows()]


def _training(params: FoldParams) -> Row:
    return {
        "trees": params.trees,
        "params": json.dumps(params.chosen),
        "points": params.points,
        "fits": params.fits,
        "search_seconds": params.seconds.search,
        "refit_seconds": params.seconds.refit,
        "total_seconds": params.seconds.total,
        "peak_memory_mb": params.peak_memory_mb,
    }


def interval_rows(metrics: Metrics) -> list[Row]:
    """Return one row per metric and method."""
    keys = {"dataset": metrics.dataset, "backend": metrics.backend}
    return [
        {**keys, "metric": metric, "method": method, **interval.as_json()}
        for metric, methods in metrics.intervals.items()
        for method, interval in methods.items()
    ]


def comparison_rows(comparison: Comparison) -> list[Row]:
    """Return one row per pair of models."""
    keys = {"dataset": comparison.dataset}
    return [{**pair.as_json(), **keys, "backend_a": pair.a, "backend_b": pair.b} for pair in comparison.pairs]


def audit_rows(audit: Audit) -> list[Row]:
    """Return one row per check."""
    return [
        {**check.as_json(), "dataset": audit.dataset, "check_id": check.id, "evidence": json.dumps(check.evidence)}
        for check in audit.checks
    ]


def search_rows(dataset: str, backend: str, table: pa.Table, note: Mapping[str, str]) -> list[Row]:
    """Return one row per fold and point; the columns of parameters and of inner folds become one value each.

    Args:
        dataset: name of the dataset.
        backend: name of the backend.
        table: search.parquet of all folds.
        note: its metadata, with ``metric`` and ``greater_is_better``.
    """
    inner = sorted((n for n in table.column_names if n.removeprefix("score_").isdigit()), key=lambda n: int(n[6:]))
    params = [n for n in table.column_names if n.startswith("param_")]
    keys = {"dataset": dataset, "backend": backend}
    keys |= {"metric": note["metric"], "greater_is_better": note["greater_is_better"]}
    return [
        {
            **row,
            **keys,
            "scores": [row[n] for n in inner],
            "params": json.dumps({n.removeprefix("param_"): row[n] for n in params if row[n] is not None}),
        }
        for row in table.to_pylist()
    ]


def prediction_table(table: pa.Table, slices: Sequence[str]) -> pa.Table:
    """Return the out-of-fold predictions with the slice columns as one map per row."""
    count = table.num_rows
    values = pa.chunked_array([part for name in slices for part in table[name].cast(pa.string()).chunks], pa.string())
    row_by_row = np.arange(len(slices) * count).reshape(len(slices), count).T.ravel()
    column = pa.MapArray.from_arrays(
        np.arange(count + 1, dtype=np.int32) * len(slices),
        pa.array(list(slices), pa.string()).take(pa.array(row_by_row // max(count, 1))),
        values.take(pa.array(row_by_row)).combine_chunks(),
    )
    return _with_group_id(table).append_column("slices", column)


def named(table: pa.Table, dataset: str, backend: str) -> pa.Table:
    """Return the table with the columns ``dataset`` and ``backend``."""
    for name, value in (("dataset", dataset), ("backend", backend)):
        table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table


def fold_tables(dataset: str, folds: Folds) -> Iterator[pa.Table]:
    """Yield one table per outer fold, with one row per sample."""
    for fold in folds.numbers:
        is_test = folds.is_test(fold)
        yield pa.table(
            {
                "dataset": pa.repeat(dataset, len(folds)),
                "repeat": pa.repeat(folds.repeat_of(fold), len(folds)),
                "fold": pa.repeat(fold, len(folds)),
                "sample_id": folds.sample_id,
                "group_id": folds.group,
                "is_test": is_test,
                "inner_fold": pa.array(folds.assignments[fold], mask=is_test),
            }
        )


def _with_group_id(table: pa.Table) -> pa.Table:
    return table.rename_columns(["group_id" if name == "group" else name for name in table.column_names])
