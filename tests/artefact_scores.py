"""The summaries of a made-up results folder: metrics, predictions, comparison and audit."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from foldwise.io.files import write_json, write_table
from scipy import stats
from sklearn import metrics as measures

if TYPE_CHECKING:
    from artefacts import Study

CONFIDENCE = 0.95
PLAIN = ("accuracy", "precision", "recall", "f1", "auc", "ap")
Predictions = dict[str, list[pd.DataFrame]]


def write_summaries(
    folder: Path, study: "Study", table: pd.DataFrame, folds: pd.DataFrame, predictions: Predictions
) -> None:
    """Write what the workflow computes from the predictions of all folds.

    Args:
        folder: ``results/{dataset}``.
        study: size of the study.
        table: table.parquet.
        folds: folds.parquet.
        predictions: test predictions of every fold, by backend.
    """
    about = table[["sample_id", "original_video", "is_original"]].rename(columns={"original_video": "unit"})
    about = about.merge(folds[["sample_id", "group"]], on="sample_id")
    references = {
        name: [_reference(study, fold, rows, name) for fold, rows in enumerate(next(iter(predictions.values())))]
        for name in ("constant", "logistic_regression")
    }
    everything = {**predictions, **references}
    results = {
        name: [_fold_result(study, fold + 1, rows.merge(about, on="sample_id")) for fold, rows in enumerate(parts)]
        for name, parts in everything.items()
    }
    trivial = {name: _means(results[name]) for name in references}
    counts = _counts(study, table, folds)
    for backend in predictions:
        write_json(folder / backend / "metrics.json", _metrics(study, backend, results[backend], trivial, counts))
    write_table(folder / "metrics.parquet", _tidy(study, results))
    write_table(folder / "predictions.parquet", _pooled(study, predictions, about))
    write_json(folder / "comparison.json", _comparison(study, results, counts))
    write_json(folder / "audit.json", _audit(study))


def _reference(study: "Study", fold: int, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    noise = study.generator(5, fold).normal(size=len(rows))
    drawn = 1 / (1 + np.exp(-0.5 * (rows["label"] - 0.5) - 0.7 * noise))
    return rows.assign(score=0.5 if name == "constant" else drawn)


def measured(label: Any, score: Any) -> dict[str, Any]:
    """Return the scores of one set of rows; None where a class is missing."""
    label, score = np.asarray(label), np.asarray(score, dtype=float)
    called, both = (score >= 0.5).astype(int), len(np.unique(label)) == 2
    confusion = measures.confusion_matrix(label, called, labels=[0, 1])
    found: dict[str, Any] = {
        "accuracy": measures.accuracy_score(label, called),
        "balanced_accuracy": measures.balanced_accuracy_score(label, called) if both else None,
        "precision": measures.precision_score(label, called, zero_division=0),
        "recall": measures.recall_score(label, called, zero_division=0),
        "f1": measures.f1_score(label, called, zero_division=0),
        "mcc": measures.matthews_corrcoef(label, called),
        "auc": measures.roc_auc_score(label, score) if both else None,
        "ap": measures.average_precision_score(label, score) if both else None,
        "log_loss": measures.log_loss(label, score, labels=[0, 1]),
        "brier": measures.brier_score_loss(label, score),
        "eer": 0.35,
        "tpr_at_fpr_0.01": 0.05,
        "tpr_at_fpr_0.05": 0.15,
    }
    for side in (0, 1):
        found[f"precision_class{side}"] = measures.precision_score(label, called, pos_label=side, zero_division=0)
        found[f"recall_class{side}"] = measures.recall_score(label, called, pos_label=side, zero_division=0)
        found[f"f1_class{side}"] = measures.f1_score(label, called, pos_label=side, zero_division=0)
    return {**found, "confusion": confusion.tolist()}


def _fold_result(study: "Study", fold: int, rows: pd.DataFrame) -> dict[str, Any]:
    units = rows.groupby("unit").agg(label=("label", "max"), score=("score", "mean"))
    return {
        "fold": fold,
        "repeat": study.repeat_of(fold),
        "n_rows": len(rows),
        "n_units": len(units),
        "n_groups": rows["group"].nunique(),
        "n_positive": int(rows["label"].sum()),
        **measured(rows["label"], rows["score"]),
        "unit": measured(units["label"], units["score"]),
    }


def _values(results: list[dict[str, Any]], metric: str) -> np.ndarray[Any, Any]:
    return np.array([fold[metric] for fold in results if fold[metric] is not None], dtype=float)


def _means(results: list[dict[str, Any]]) -> dict[str, float]:
    return {metric: float(_values(results, metric).mean()) for metric in (*PLAIN, "log_loss", "brier")}


def _plain(results: list[dict[str, Any]]) -> dict[str, float]:
    values = {metric: _values(results, metric) for metric in PLAIN}
    means = {f"test_{metric}": float(value.mean()) for metric, value in values.items()}
    return means | {f"test_{metric}_std": float(value.std(ddof=1)) for metric, value in values.items()}


def _corrected_t(study: "Study", values: np.ndarray[Any, Any]) -> dict[str, Any]:
    folds = len(values)
    if folds < 2:
        return {"estimate": float(values.mean()), "refused": "one fold has no spread"}
    error = values.std(ddof=1) * np.sqrt(1 / folds + 1 / (study.n_splits - 1))
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, folds - 1) * error
    estimate = float(values.mean())
    return {
        "estimate": estimate,
        "low": estimate - reach,
        "high": estimate + reach,
        "confidence": CONFIDENCE,
        "level": "row",
        "n_folds": folds,
        "n_groups": study.units,
        "se": error,
        "df": folds - 1,
    }


def _metrics(study: "Study", backend: str, results: list[dict[str, Any]], trivial: Any, counts: Any) -> dict[str, Any]:
    intervals = {
        metric: {"corrected_t": _corrected_t(study, _values(results, metric))} for metric in (*PLAIN, "log_loss")
    }
    first = results[0]
    part = {
        "slice": "is_original",
        "value": "True",
        "level": "row",
        "n_rows": study.units,
        "n_units": study.units,
        "n_groups": study.units,
        "n_positive": study.units // 2,
        "n_folds": len(results),
    }
    return {
        **_plain(results),
        "dataset": study.dataset,
        "backend": backend,
        "unit": _plain([fold["unit"] for fold in results]),
        "fold_results": results,
        "intervals": intervals,
        "slices": [{**part, **{metric: first[metric] for metric in PLAIN}}],
        "trivial": trivial,
        "counts": counts,
        "thresholds": {},
        "calibration": {},
    }


def _counts(study: "Study", table: pd.DataFrame, folds: pd.DataFrame) -> dict[str, int]:
    return {
        "rows": len(table),
        "units": study.units,
        "groups": int(folds["group"].nunique()),
        "positive_rows": int(table["label"].sum()),
        "positive_units": study.units // 2,
        "folds": study.folds,
        "repeats": study.n_repeats,
        "n_splits": study.n_splits,
    }


def _tidy(study: "Study", results: dict[str, list[dict[str, Any]]]) -> pa.Table:
    rows = [
        {
            "dataset": study.dataset,
            "backend": backend,
            "repeat": fold["repeat"],
            "fold": fold["fold"],
            "level": level,
            "slice": "all",
            "slice_value": "all",
            "metric": metric,
            "value": scores[metric],
            "n": fold[f"n_{level}s"],
        }
        for backend, folds in results.items()
        for fold in folds
        for level, scores in (("row", fold), ("unit", fold["unit"]))
        for metric in (*PLAIN, "log_loss", "brier")
    ]
    return pa.Table.from_pandas(pd.DataFrame(rows).astype({"value": "float64"}), preserve_index=False)


def _pooled(study: "Study", predictions: Predictions, about: pd.DataFrame) -> pa.Table:
    parts = [
        rows.merge(about, on="sample_id").assign(
            dataset=study.dataset,
            backend=backend,
            repeat=np.int16(study.repeat_of(fold)),
            fold=np.int16(fold),
        )
        for backend, folds in predictions.items()
        for fold, rows in enumerate(folds, start=1)
    ]
    names = [
        "dataset",
        "backend",
        "repeat",
        "fold",
        "sample_id",
        "unit",
        "group",
        "label",
        "score",
        "is_original",
    ]
    return pa.Table.from_pandas(pd.concat(parts)[names], preserve_index=False)


def _comparison(study: "Study", results: dict[str, list[dict[str, Any]]], counts: dict[str, int]) -> dict[str, Any]:
    values = {name: _values(folds, "auc") for name, folds in results.items() if name != "constant"}
    entrants = [
        {
            "name": name,
            **{key: _corrected_t(study, of).get(key) for key in ("estimate", "low", "high")},
            "sd": of.std(ddof=1),
        }
        for name, of in values.items()
    ]
    pairs = []
    for a, b in combinations(values, 2):
        found = _corrected_t(study, values[a] - values[b])
        pairs.append(
            {
                "a": a,
                "b": b,
                "metric": "auc",
                "level": "row",
                "difference": found["estimate"],
                "low": found.get("low"),
                "high": found.get("high"),
                "t": 0.4,
                "df": len(values[a]) - 1,
                "p": 0.71,
                "p_holm": 1.0,
                "verdict": "not distinguishable",
                "n_folds": len(values[a]),
                "n_groups": study.units,
            }
        )
    names = ", ".join(study.backends)
    verdict = f"{names}: not distinguishable by AUC over {study.folds} folds of {study.units} groups."
    return {
        "dataset": study.dataset,
        "metric": "auc",
        "level": "row",
        "counts": counts,
        "entrants": entrants,
        "pairs": pairs,
        "verdict": verdict,
    }


def _audit(study: "Study") -> dict[str, Any]:
    named = ("id", "level", "value", "threshold", "sentence", "evidence")
    told: tuple[tuple[Any, ...], ...] = (
        ("group_overlap", "pass", 0, 0, "No group is in two parts of a split.", []),
        (
            "optimism_gap",
            "warn",
            0.199,
            0.02,
            "Split row by row, the AUC would read 0.199 higher.",
            [{"gap": 0.199}],
        ),
    )
    checks = [dict(zip(named, check, strict=True)) for check in told]
    return {"dataset": study.dataset, "verdict": "warn", "sentence": "1 of 2 checks warns.", "checks": checks}
