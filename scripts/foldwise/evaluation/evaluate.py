"""Scores of one entrant over the outer folds: per row, per unit, per slice, with what they are over."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from foldwise.evaluation.intervals import METRICS, groups_of_rarer_class, interval_block
from foldwise.evaluation.operating_points import (
    EvaluationSettings,
    apply_decision_rules,
    calibration_summary,
    threshold_summary,
)
from foldwise.evaluation.predictions import (
    by_unit,
    out_of_fold,
    prediction_table,
    read_fold_predictions,
    test_shares,
    train_prevalence,
)
from foldwise.folds.assignment import read_rows
from foldwise.io.files import read_json, write_json, write_table
from foldwise.stats.metrics import confusion, decisions, score_all

HEADLINE = ("accuracy", "precision", "recall", "f1", "auc", "ap")

_TIDY = {
    "dataset": pa.string(),
    "backend": pa.string(),
    "repeat": pa.int16(),
    "fold": pa.int16(),
    "level": pa.string(),
    "slice": pa.string(),
    "slice_value": pa.string(),
    "metric": pa.string(),
    "value": pa.float64(),
    "n": pa.int64(),
}


def evaluate_backend(
    inputs: Mapping[str, str],
    backend: str,
    choices: EvaluationSettings,
    outputs: Mapping[str, str],
) -> None:
    """Write a backend's ``metrics.json``, its tidy ``metrics.parquet`` and its scored rows.

    Args:
        inputs: paths of ``table``, ``contract``, ``folds``, ``predictions`` and ``inner_predictions``
            (its own, of all folds) and ``reference`` (the logistic regression's).
        backend: name of a backend, or ``ensemble``.
        choices: what the configuration says of scores.
        outputs: paths of ``metrics``, ``tidy`` and ``out_of_fold``.
    """
    dataset = read_json(inputs["contract"])["dataset"]
    rows = read_rows(inputs["table"], inputs["contract"], inputs["folds"])
    scored = out_of_fold(rows, read_fold_predictions(inputs["predictions"]))
    predictions = apply_decision_rules(scored, read_fold_predictions(inputs["inner_predictions"]), choices)
    write_table(outputs["out_of_fold"], prediction_table(dataset, backend, predictions))
    reference = out_of_fold(rows, read_fold_predictions(inputs["reference"]))
    tidy = tidy_scores(dataset, backend, predictions, choices.operating_fpr)
    write_table(outputs["tidy"], tidy_table(tidy))
    metrics = {
        **headline(tidy, "row"),
        "dataset": dataset,
        "backend": backend,
        "unit": {
            **headline(tidy, "unit"),
            "intervals": intervals(tidy, predictions, rows, choices.confidence, "unit"),
        },
        "fold_results": fold_results(predictions, tidy),
        "intervals": intervals(tidy, predictions, rows, choices.confidence, "row"),
        "slices": slice_results(predictions, tidy),
        "trivial": {
            "constant": means(constant_scores(dataset, rows, choices.operating_fpr)),
            "logistic_regression": means(tidy_scores(dataset, "logistic_regression", reference, choices.operating_fpr)),
        },
        "thresholds": threshold_summary(
            predictions, choices, list(test_shares(rows).values()), groups_of_rarer_class(rows)
        ),
        "calibration": calibration_summary(predictions, choices.calibration),
        "counts": counts(rows),
    }
    write_json(outputs["metrics"], metrics)


def tidy_scores(dataset: str, entrant: str, predictions: pd.DataFrame, operating_fpr: Sequence[float]) -> pd.DataFrame:
    """Score every fold by row, by unit and by slice: one line a fold, level, slice and metric."""
    lines = _score_level(predictions, "row", "all", "all", operating_fpr)
    lines += _score_level(by_unit(predictions), "unit", "all", "all", operating_fpr)
    for name in predictions.attrs["slices"]:
        column = predictions[f"slice: {name}"].fillna("(missing)")
        for value in sorted(column.unique()):
            lines += _score_level(predictions[column == value], "row", name, value, operating_fpr)
    return pd.DataFrame(lines).assign(dataset=dataset, backend=entrant)[list(_TIDY)]


def tidy_table(tidy: pd.DataFrame) -> pa.Table:
    """Return tidy scores as an arrow table; an undefined score is null."""
    return pa.Table.from_pandas(tidy, schema=pa.schema(list(_TIDY.items())), preserve_index=False)


def constant_scores(dataset: str, rows: pd.DataFrame, operating_fpr: Sequence[float]) -> pd.DataFrame:
    """Score the constant answer on every fold, by row.

    Its probability is the share of positives among the train rows; a score of decisions is the
    better of "always positive" and "always negative".
    """
    lines = []
    for fold, prevalence in train_prevalence(rows).items():
        label = rows.loc[rows[f"fold_{fold}"] == 0, "label"].to_numpy()
        found = score_all(label, np.full(len(label), prevalence), operating_fpr)
        always = [decisions(confusion(label, np.full(len(label), answer))) for answer in (0.0, 1.0)]
        found |= {name: max(a[name] for a in always) for name in always[0]}
        repeat = (fold - 1) // rows.attrs["n_splits"] + 1
        lines += _lines(found, len(label), repeat, fold, "row", "all", "all")
    return pd.DataFrame(lines).assign(dataset=dataset, backend="constant")[list(_TIDY)]


def means(tidy: pd.DataFrame, level: str = "row") -> dict[str, float]:
    """Return the mean over folds of every overall metric."""
    chosen = tidy[(tidy["level"] == level) & (tidy["slice"] == "all")]
    return {str(k): float(v) for k, v in chosen.groupby("metric", sort=False)["value"].mean().items()}


def headline(tidy: pd.DataFrame, level: str) -> dict[str, float]:
    """Return ``test_<metric>`` and ``test_<metric>_std``: mean and sd (ddof 1) over outer folds, threshold 0.5.

    A fold where a metric is not defined, as in a held-out source of one class, is left out of its
    mean; ``test_<metric>_folds`` says how many are in it, where some are not.
    """
    found: dict[str, float] = {}
    for metric in HEADLINE:
        values = by_fold(tidy, metric, level)
        known = values[np.isfinite(values)]
        found[f"test_{metric}"] = float(known.mean()) if len(known) else float("nan")
        found[f"test_{metric}_std"] = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
        if len(known) < len(values):
            found[f"test_{metric}_folds"] = len(known)
    return found


def by_fold(tidy: pd.DataFrame, metric: str, level: str = "row") -> npt.NDArray[np.float64]:
    """Return a metric's value on every fold, shape (folds,), in the order of the folds."""
    chosen = tidy[(tidy["metric"] == metric) & (tidy["level"] == level) & (tidy["slice"] == "all")]
    return np.asarray(chosen.sort_values("fold")["value"], np.float64)


def fold_results(predictions: pd.DataFrame, tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one dict a fold: what it is over, its scores by row, its confusion table, its scores by unit."""
    overall = tidy[tidy["slice"] == "all"].set_index(["level", "fold"])
    results = []
    sources = predictions.attrs["sources"]
    for fold, part in predictions.groupby("fold"):
        row, unit = (dict(overall.loc[(level, fold), ["metric", "value"]].to_numpy()) for level in ("row", "unit"))
        table = confusion(part["label"].to_numpy(), part["score"].to_numpy())
        results.append(
            {
                "fold": fold,
                "repeat": part["repeat"].iloc[0],
                **({"source": sources[int(str(fold)) - 1]} if sources else {}),
                **_over(part),
                **row,
                "confusion": table.tolist(),
                "unit": unit,
            }
        )
    return results


def intervals(
    tidy: pd.DataFrame, predictions: pd.DataFrame, rows: pd.DataFrame, confidence: float, level: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the intervals of every method, by metric and method, at one level."""
    values = {metric: by_fold(tidy, metric, level) for metric in METRICS}
    share = float(np.mean(list(test_shares(rows).values())))
    return interval_block(values, predictions, level, share, confidence)


def slice_results(predictions: pd.DataFrame, tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one dict a slice value: what it is over and the mean over the folds where each score is defined."""
    results = []
    first = predictions[predictions["repeat"] == 1]
    for (name, value), part in tidy[tidy["slice"] != "all"].groupby(["slice", "slice_value"], sort=True):
        rows = first[first[f"slice: {name}"].fillna("(missing)") == value]
        scores = part.groupby("metric", sort=False)["value"].mean()
        defined = part.loc[part["metric"] == "auc", "value"].notna().sum()
        results.append(
            {
                "slice": name,
                "value": value,
                "level": "row",
                **_over(rows),
                "n_folds": int(defined),
                **{str(metric): float(score) for metric, score in scores.items()},
            }
        )
    return results


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Return what the scores are over."""
    units = rows.groupby("unit")["label"].mean() > 0.5
    folds = sum(c.startswith("fold_") for c in rows.columns)
    splits = rows.attrs["n_splits"]
    return {
        "rows": len(rows),
        "units": len(units),
        "groups": rows["group"].nunique(),
        "positive_rows": int(rows["label"].sum()),
        "positive_units": int(units.sum()),
        "folds": folds,
        "repeats": folds // splits,
        "n_splits": splits,
    }


def _over(part: pd.DataFrame) -> dict[str, int]:
    return {
        "n_rows": len(part),
        "n_units": part["unit"].nunique(),
        "n_groups": part["group"].nunique(),
        "n_positive": int(part["label"].sum()),
    }


def _score_level(
    predictions: pd.DataFrame, level: str, name: str, value: str, operating_fpr: Sequence[float]
) -> list[dict[str, Any]]:
    lines = []
    for _, part in predictions.groupby(["repeat", "fold"]):
        found = score_all(part["label"].to_numpy(), part["score"].to_numpy(), operating_fpr)
        repeat, fold = int(part["repeat"].iloc[0]), int(part["fold"].iloc[0])
        lines += _lines(found, len(part), repeat, fold, level, name, value)
    return lines


def _lines(
    scores: Mapping[str, float], n: int, repeat: int, fold: int, level: str, name: str, value: str
) -> list[dict[str, Any]]:
    over = {"repeat": repeat, "fold": fold, "level": level, "slice": name, "slice_value": value, "n": n}
    return [{**over, "metric": metric, "value": score} for metric, score in scores.items()]
