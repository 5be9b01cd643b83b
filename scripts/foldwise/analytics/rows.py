"""The rows of the analytics tables, made from the files of a finished run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from foldwise.results.scores import fold_scores

Json = Mapping[str, Any]


def dataset_row(contract: Json, comparison: Json, audit: Json, plan: Mapping[str, str]) -> dict[str, Any]:
    """Return the row of a dataset; ``audit`` is empty where none was run, ``plan`` is the note of folds.parquet."""
    return {
        "dataset": contract["dataset"],
        "n_rows": contract["rows"],
        "n_units": contract["n_units"],
        "n_groups": comparison["counts"]["groups"],
        "n_positive": contract["label"]["n_positive"],
        "n_features": len(contract["features"]),
        "label_column": contract["label"]["column"],
        "positive_value": str(contract["label"]["positive"]),
        "id_column": contract["id"] or "sample_id",
        "unit_column": contract["unit"],
        "group_columns": contract["groups"],
        "slice_columns": contract["slices"],
        **{name: int(plan[name]) for name in ("n_splits", "n_repeats", "inner_splits", "seed")},
        "audit_verdict": audit.get("verdict"),
        "verdict": comparison["verdict"],
    }


def result_rows(metrics: Json, params: Sequence[Json]) -> list[dict[str, Any]]:
    """Return one row an outer fold: its scores, and what its training chose and cost."""
    trainings = {entry["fold"]: _training(entry) for entry in params}
    return [{**row, **trainings[row["fold"]]} for row in _scored_folds(metrics)]


def ensemble_rows(metrics: Json, weights: pa.Table) -> list[dict[str, Any]]:
    """Return one row an outer fold: its scores, and the weights of its test rows in place of hyperparameters."""
    of_fold: dict[int, dict[str, float]] = {}
    for line in weights.to_pylist():
        if line["inner_fold"] == 0:
            of_fold.setdefault(line["fold"], {})[line["backend"]] = line["weight"]
    return [{**row, "params": json.dumps(of_fold[row["fold"]])} for row in _scored_folds(metrics)]


def _scored_folds(metrics: Json) -> list[dict[str, Any]]:
    thresholds = {entry["fold"]: entry["threshold"] for entry in metrics["thresholds"].get("folds", [])}
    return [{**row, "threshold": thresholds.get(row["fold"])} for row in fold_scores(metrics)]


def _training(params: Json) -> dict[str, Any]:
    return {
        "trees": params["trees"],
        "params": json.dumps(params["chosen"]),
        "points": params["points"],
        "fits": params["fits"],
        **{f"{part}_seconds": params["seconds"][part] for part in ("search", "refit", "total")},
        "peak_memory_mb": params["peak_memory_mb"],
    }


def interval_rows(metrics: Json) -> list[dict[str, Any]]:
    """Return one row a metric and method."""
    keys = {"dataset": metrics["dataset"], "backend": metrics["backend"]}
    return [
        {**keys, "metric": metric, "method": method, **found}
        for metric, methods in metrics["intervals"].items()
        for method, found in methods.items()
    ]


def comparison_rows(comparison: Json) -> list[dict[str, Any]]:
    """Return one row a pair."""
    return [
        {**pair, "dataset": comparison["dataset"], "backend_a": pair["a"], "backend_b": pair["b"]}
        for pair in comparison["pairs"]
    ]


def audit_rows(audit: Json) -> list[dict[str, Any]]:
    """Return one row a check."""
    return [
        {**check, "dataset": audit["dataset"], "check_id": check["id"], "evidence": json.dumps(check["evidence"])}
        for check in audit.get("checks", [])
    ]


def search_rows(dataset: str, backend: str, table: pa.Table, note: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row a fold and point; the columns of parameters and inner folds become one value each.

    Args:
        dataset: name of the dataset.
        backend: name of the backend, whose parameters the ``param_`` columns are.
        table: the gathered search table.
        note: its key-value metadata, with the metric and its direction.
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
    """Return the out-of-fold rows with the slice columns as one map a row."""
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


def fold_tables(dataset: str, table: pa.Table, n_splits: int) -> Iterator[pa.Table]:
    """Yield one table an outer fold, with a row a sample.

    Args:
        dataset: name of the dataset.
        table: folds.parquet, with the columns fold_1, fold_2, ...: 0 marks a test row.
        n_splits: outer folds of one repeat.
    """
    table = _with_group_id(table)
    count = sum(name.startswith("fold_") for name in table.column_names)
    for fold in range(1, count + 1):
        part = table[f"fold_{fold}"].to_numpy()
        test = part == 0
        yield pa.table(
            {
                "dataset": pa.repeat(dataset, table.num_rows),
                "repeat": pa.repeat((fold - 1) // n_splits + 1, table.num_rows),
                "fold": pa.repeat(fold, table.num_rows),
                "sample_id": table["sample_id"],
                "group_id": table["group_id"],
                "is_test": pa.array(test),
                "inner_fold": pa.array(part, mask=test),
            }
        )


def _with_group_id(table: pa.Table) -> pa.Table:
    return table.rename_columns(["group_id" if name == "group" else name for name in table.column_names])
