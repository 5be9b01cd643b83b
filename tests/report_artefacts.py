"""Small made-up artefacts of a dataset, for the tests of the report page."""

import struct
import zlib
from dataclasses import replace
from typing import Any

from foldwise.report.page import PLOT_TITLES
from foldwise.results.load import Artefacts, Plot

BACKENDS = ["xgboost", "lightgbm"]
METRICS = ["accuracy", "precision", "recall", "f1", "auc", "ap", "log_loss", "brier"]


def png(width: int = 4, height: int = 3) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (height * (width + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def fold(number: int, shift: float) -> dict[str, Any]:
    scores = dict.fromkeys(METRICS, 0.6 + 0.013 * number + shift)
    counts = {"n_rows": 656, "n_units": 60, "n_groups": 60, "n_positive": 330}
    classes = {f"{m}_class{c}": 0.5 + 0.01 * number for m in ("precision", "recall", "f1") for c in (0, 1)}
    unit = {m: v + 0.02 for m, v in scores.items()}
    matrix = [[200, 126], [130, 200]]
    return {"fold": number, "repeat": 1, **counts, **scores, **classes, "confusion": matrix, "unit": unit}


def metrics(backend: str, shift: float = 0.0) -> dict[str, Any]:
    folds = [fold(n, shift) for n in range(1, 6)]
    names = ("accuracy", "precision", "recall", "f1", "auc", "ap")
    headline = {f"test_{m}": 0.6912 + shift for m in names} | {f"test_{m}_std": 0.0417 for m in names}
    return {
        "dataset": "demo",
        "backend": backend,
        **headline,
        "unit": {**{k: v + 0.02 for k, v in headline.items()}, "intervals": intervals("unit", shift + 0.02)},
        "fold_results": folds,
        "intervals": intervals("row", shift),
        "slices": [slice_entry("is_original", "0"), slice_entry("is_original", "1", auc=None)],
        "trivial": {
            "constant": {"auc": 0.5, "f1": 0.676},
            "logistic_regression": {"auc": 0.6753, "f1": 0.642},
        },
        "counts": {
            "rows": 3278,
            "units": 298,
            "groups": 298,
            "positive_rows": 1650,
            "folds": 5,
            "repeats": 1,
        },
        "thresholds": thresholds(shift),
        "calibration": calibration(shift),
    }


def calibration(shift: float) -> dict[str, Any]:
    before = {"brier": 0.2312 + shift, "log_loss": 0.6544, "slope": 0.9123, "intercept": 0.0312}
    after = {"brier": 0.2298 + shift, "log_loss": 0.6513, "slope": 1.0123, "intercept": -0.0002}
    parts = {"before": before | {"n_folds_with_slope": 5}, "after": after | {"n_folds_with_slope": 5}}
    over = {"level": "row", "n_folds": 5, "n_rows": 3278, "n_groups": 298}
    return {"method": "sigmoid", "fitted_on": "inner out-of-fold scores of each fold's train part", **over, **parts}


def thresholds(shift: float) -> dict[str, Any]:
    def interval(estimate: float) -> dict[str, Any]:
        ends = {"low": estimate - 0.08, "high": estimate + 0.08}
        return {"estimate": estimate, **ends, "confidence": 0.95, "n_folds": 5}

    at_half = {m: interval(0.6 + shift) for m in ("accuracy", "f1", "mcc")}
    at_chosen = {m: interval(0.7 + shift) for m in ("accuracy", "f1", "mcc")}
    reached = {0.01: (0.1012, 0.0121), 0.05: (0.2012, 0.0523)}
    return {
        "criterion": "f1",
        "chosen_on": "inner out-of-fold scores of each fold's train part",
        "level": "row",
        "n_folds": 5,
        "folds": [{"fold": n, "threshold": 0.3 + 0.01 * n + shift} for n in range(1, 6)],
        "at_0.5": at_half,
        "at_chosen": at_chosen,
        "operating_points": [
            {"fpr_aimed_at": aim, "tpr": interval(tpr), "fpr": interval(fpr)} for aim, (tpr, fpr) in reached.items()
        ],
    }


def leaky() -> dict[str, Any]:
    found = {"leaky": 0.9512, "leaky_sd": 0.0123, "grouped": 0.6912, "optimism_gap": 0.26}
    backends = {name: {"auc": dict(found), "f1": dict(found), "n_folds": 5} for name in BACKENDS}
    return {"sentence": "Leaky reference.", "level": "row", "backends": backends}


def with_ensemble(data: Artefacts) -> Artefacts:
    """Let the backends vote: three quarters to one quarter on the test rows, half and half within the train part."""
    weights = [
        {"fold": n, "inner_fold": inner, "backend": backend, "weight": weight, "n_rows": 2622 if inner == 0 else 1748}
        for n in range(1, 6)
        for inner in range(4)
        for backend, weight in zip(BACKENDS, (0.75, 0.25) if inner == 0 else (0.5, 0.5), strict=True)
    ]
    return replace(
        data,
        entrants=[*BACKENDS, "ensemble"],
        metrics=[*data.metrics, metrics("ensemble", 0.0081)],
        weights=weights,
        plots=[*data.plots, *(Plot("ensemble", name, png()) for name in ("roc_curve", "calibration_curve"))],
    )


def held_out_sources(data: Artefacts) -> Artefacts:
    """Turn five dealt folds into five held-out cameras, the last of them without a positive row."""
    for found in data.metrics:
        for number, entry in enumerate(found["fold_results"], start=1):
            entry["source"] = f"camera {number}"
        last = found["fold_results"][-1]
        last |= {"n_positive": 0, "auc": None, "recall": None, "f1": None}
        found |= {"test_auc": None, "test_auc_std": None}
        found["intervals"]["auc"]["corrected_t"] = {"estimate": 0.6912, "refused": "not defined in 1 of 5 folds"}
    folds = {"method": "leave_one_group_out", "by": "camera", "n_splits": 5, "inner_splits": 3, "seed": 42}
    return replace(data, configuration={**data.configuration, "folds": folds})


def intervals(level: str, shift: float) -> dict[str, Any]:
    over = {"confidence": 0.95, "level": level, "n_rows": 3278, "n_units": 298, "n_groups": 298}
    folds = {"estimate": 0.6912 + shift, "low": 0.601 + shift, "high": 0.779 + shift, "n_folds": 5, **over}
    pooled = {"estimate": 0.6853 + shift, "low": 0.628 + shift, "high": 0.737 + shift, **over}
    return {
        "auc": {
            "corrected_t": {**folds, "covers": "mean over folds"},
            "group_bootstrap": {**pooled, "covers": "draws of groups; ignores the variance of training"},
        }
    }


def slice_entry(name: str, value: str, auc: float | None = 0.7123) -> dict[str, Any]:
    counts = {"n_rows": 2980, "n_units": 297, "n_groups": 296, "n_positive": 1500, "n_folds": 5}
    return {
        "slice": name,
        "value": value,
        "level": "row",
        **counts,
        "auc": auc,
        "f1": 0.61,
        "accuracy": 0.6042,
    }


def params(backend: str, number: int) -> dict[str, Any]:
    return {
        "backend": backend,
        "fold": number,
        "chosen": {"max_depth": 3, "learning_rate": 0.1},
        "trees": 137,
        "metric": "log_loss",
        "score": 0.6512,
        "points": 64,
        "fits": 96,
        "seconds": {"search": 12.34, "refit": 0.56, "total": 13.21},
        "peak_memory_mb": 412.3,
        "imports_memory_mb": 180.2,
        "rows": {"train": 2622, "test": 656},
        "groups": {"train": 238, "test": 60},
        "versions": {"xgboost": "3.1.0"},
        "features": 38,
    }


def feature(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "table": "stage2",
        "column": name,
        "type": "float32",
        "missing": 0,
        "categories": None,
    }


def artefacts() -> Artefacts:
    label = {"column": "label", "positive": 1, "negative": 0, "n_positive": 1650, "n_negative": 1628}
    check = {
        "id": "scramble",
        "level": "pass",
        "value": 0.4971,
        "threshold": 0.6,
        "sentence": "No signal.",
        "evidence": [],
    }
    late = check | {
        "id": "shift",
        "level": "warn",
        "sentence": "Fold 3 differs.",
        "evidence": [{"fold": 3, "auc": 0.6612}],
    }
    pair = {
        "a": "xgboost",
        "b": "lightgbm",
        "metric": "auc",
        "level": "row",
        "difference": 0.0123,
        "low": -0.0312,
    }
    pair |= {
        "high": 0.0558,
        "t": 0.812,
        "df": 4,
        "p": 0.4623,
        "p_holm": 0.4623,
        "verdict": "not distinguishable",
        "p_a_better": 0.5417,
        "p_equivalent": 0.3217,
        "p_b_better": 0.1366,
        "delong": {"difference": 0.0117, "low": -0.0202, "high": 0.0436, "p": 0.4721},
    }
    return Artefacts(
        dataset="demo",
        entrants=BACKENDS,
        contract={
            "dataset": "demo",
            "rows": 3278,
            "n_units": 298,
            "label": label,
            "id": "video_path",
            "unit": "original_video",
            "groups": ["original_video"],
            "slices": ["is_original"],
            "features": [feature("stage2_blur")],
            "dropped": [{"name": "stage2_constant", "reason": "one value only"}],
            "unmatched": {"stage2": {"count": 2, "examples": ["a.mp4"]}},
            "notes": ["simulated"],
            "sources": [{"path": "data/metadata.parquet", "sha256": "ab" * 32, "rows": 3278, "columns": 6}],
        },
        audit={"dataset": "demo", "verdict": "warn", "sentence": "One warning.", "checks": [check, late]},
        comparison={
            "dataset": "demo",
            "metric": "auc",
            "level": "row",
            "rope": 0.01,
            "pairs": [pair],
            "verdict": "Nobody wins.",
        },
        metrics=[metrics("xgboost"), metrics("lightgbm", -0.0123)],
        params=[params(b, n) for b in BACKENDS for n in range(1, 6)],
        configuration={"folds": {"n_splits": 5}, "tracking": {"uri": "https://me:hush@tracker.example/x"}},
        plots=[Plot(b, name, png()) for b in BACKENDS for name in PLOT_TITLES],
        comparison_plot=png(),
    )
