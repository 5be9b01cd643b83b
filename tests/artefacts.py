"""A believable results folder without a training: every file that reports, plots and trackers read.

``write_results`` draws scores, searches, curves and importances from a seeded generator and writes them in
the schemas of the workflow; the numbers of ``artefact_scores`` are computed from the drawn scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from artefact_scores import write_summaries
from foldwise.io.files import write_json, write_table

SPACE: Mapping[str, Sequence[float]] = {
    "max_depth": (3, 5),
    "learning_rate": (0.01, 0.1),
    "n_estimators": (100, 200),
    "subsample": (0.8, 1.0),
    "colsample_bytree": (0.8, 1.0),
    "reg_alpha": (0, 0.1),
    "reg_lambda": (1,),
}
FEATURES = (
    *(f"stage2_noise_band_{place}" for place in range(12)),
    *(f"stage4_compression_{name}" for name in ("blockiness", "ringing", "quantiser_mean", "quantiser_spread")),
    "stage4_temporal_flicker",
    "stage4_duration_seconds",
)


@dataclass(frozen=True)
class Study:
    """The size of the made-up study; ``signal`` is the distance of the classes in standard deviations."""

    dataset: str = "demo"
    backends: Sequence[str] = ("xgboost", "lightgbm", "catboost")
    units: int = 60
    rows_per_unit: int = 4
    n_splits: int = 5
    n_repeats: int = 1
    inner_splits: int = 3
    features: Sequence[str] = FEATURES
    space: Mapping[str, Sequence[float]] = field(default_factory=lambda: SPACE)
    signal: float = 0.9
    seed: int = 42

    @property
    def folds(self) -> int:
        """Number of outer folds."""
        return self.n_splits * self.n_repeats

    def repeat_of(self, fold: int) -> int:
        """Return the repeat, from 1, that a fold belongs to."""
        return (fold - 1) // self.n_splits + 1

    def generator(self, *key: int) -> np.random.Generator:
        """Return the generator of one part of the study."""
        return np.random.default_rng([self.seed, *key])


def write_results(root: Path, study: Study | None = None) -> Path:
    """Write ``root/{dataset}`` with all files but models, plots and report, and return that folder."""
    study = study or Study()
    folder = root / study.dataset
    table = _table(study)
    folds = _folds(study, table)
    write_table(folder / "table.parquet", _arrow(table))
    write_json(folder / "table.json", _contract(study, table))
    note = {
        "n_splits": study.n_splits,
        "n_repeats": study.n_repeats,
        "inner_splits": study.inner_splits,
        "seed": study.seed,
        "by": "",
        "sources": "[]",
    }
    write_table(folder / "folds.parquet", _arrow(folds), {key: str(value) for key, value in note.items()})
    predictions = {
        backend: [_write_fold(folder, study, backend, place, fold, table, folds) for fold in range(1, study.folds + 1)]
        for place, backend in enumerate(study.backends)
    }
    write_summaries(folder, study, table, folds, predictions)
    return folder


def _table(study: Study) -> pd.DataFrame:
    generator = study.generator(0)
    unit = np.repeat(np.arange(study.units), study.rows_per_unit)
    table = pd.DataFrame(
        {
            "sample_id": [f"video_{number:04d}_{row:02d}" for row, number in enumerate(unit)],
            "label": (unit % 2).astype("int8"),
            "original_video": [f"video_{number:04d}" for number in unit],
            "is_original": np.tile(np.where(np.arange(study.rows_per_unit) == 0, "true", "false"), study.units),
        }
    )
    drawn = {name: generator.normal(size=len(table)).astype("float32") for name in study.features}
    return pd.concat([table, pd.DataFrame(drawn)], axis=1)


def _folds(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    group = table["original_video"].astype("category").cat.codes.to_numpy().astype("int32")
    folds = {"sample_id": table["sample_id"], "group": group}
    for fold in range(1, study.folds + 1):
        order = study.generator(1, study.repeat_of(fold)).permutation(-(-study.units // 2))
        # Units come in pairs of one negative and one positive, so every part holds both classes.
        pair = order[group // 2]
        inner = 1 + (pair // study.n_splits) % study.inner_splits
        folds[f"fold_{fold}"] = np.where(pair % study.n_splits == (fold - 1) % study.n_splits, 0, inner).astype("int8")
    return pd.DataFrame(folds)


def _contract(study: Study, table: pd.DataFrame) -> dict[str, Any]:
    positive = int(table["label"].sum())
    label = {
        "column": "label",
        "positive": 1,
        "negative": 0,
        "n_positive": positive,
        "n_negative": len(table) - positive,
    }
    features = [
        {
            "name": name,
            "table": name.split("_")[0],
            "column": name,
            "type": "float32",
            "stored": "float",
            "sentinels": [],
            "missing": 0,
            "categories": None,
        }
        for name in study.features
    ]
    return {
        "dataset": study.dataset,
        "rows": len(table),
        "n_units": study.units,
        "label": label,
        "id": "video_path",
        "id_pattern": None,
        "inf": "error",
        "max_unmatched": 0.05,
        "unit": "original_video",
        "order": {"file_auc": 0.5, "path_auc": 0.5, "monotone": []},
        "groups": ["original_video"],
        "slices": ["is_original"],
        "features": features,
        "dropped": [{"name": "stage2_constant", "reason": "one value in all rows"}],
        "unmatched": {"stage2": {"count": 0, "examples": []}},
        "notes": [],
        "sources": [{"path": "resources/demo/metadata.parquet", "sha256": "0" * 64, "rows": len(table), "columns": 4}],
    }


def _write_fold(
    folder: Path, study: Study, backend: str, place: int, fold: int, table: pd.DataFrame, folds: pd.DataFrame
) -> pd.DataFrame:
    generator = study.generator(2, place, fold)
    target = folder / backend / f"fold_{fold}"
    part = folds[f"fold_{fold}"].to_numpy()
    scored = pd.DataFrame(
        {
            "sample_id": table["sample_id"],
            "label": table["label"],
            "score": _scores(study, place, table, generator),
        }
    )
    test = scored[part == 0]
    write_table(target / "predictions.parquet", _arrow(test))
    write_table(target / "inner_predictions.parquet", _arrow(scored.assign(inner_fold=part)[part > 0]))
    search = _search(study, generator)
    write_table(target / "search.parquet", _arrow(search), {"metric": "log_loss", "greater_is_better": "false"})
    chosen = search[search["chosen"]].iloc[0]
    write_table(target / "curve.parquet", _arrow(_curve(study, int(chosen["trees"]), generator)))
    write_table(target / "importance.parquet", _arrow(_importance(study, len(test), generator)))
    groups = {
        "train": int(folds["group"][part > 0].nunique()),
        "test": int(folds["group"][part == 0].nunique()),
    }
    params = {
        "backend": backend,
        "fold": fold,
        "chosen": {name: chosen[f"param_{name}"] for name in study.space},
        "trees": int(chosen["trees"]),
        "metric": "log_loss",
        "score": chosen["mean_score"],
        "points": len(search),
        "fits": len(search) // 2 * study.inner_splits + 1,
        "seconds": {"search": 8.1, "refit": 0.2, "total": 8.3},
        "peak_memory_mb": 310.0,
        "imports_memory_mb": 180.0,
        "rows": {"train": int((part > 0).sum()), "test": len(test)},
        "groups": groups,
        "versions": {backend: "1.0.0"},
        "features": len(study.features),
    }
    write_json(target / "params.json", params)
    tested: pd.DataFrame = test.reset_index(drop=True)
    return tested


def _scores(study: Study, place: int, table: pd.DataFrame, generator: np.random.Generator) -> np.ndarray[Any, Any]:
    # Copies of one unit share most of their score, and backends agree on most of what they see in a unit.
    of_unit = study.generator(3).normal(size=study.units) + 0.35 * study.generator(4, place).normal(size=study.units)
    unit = table["original_video"].astype("category").cat.codes.to_numpy()
    logit = (
        study.signal * (table["label"].to_numpy() - 0.5) + 0.8 * of_unit[unit] + 0.4 * generator.normal(size=len(table))
    )
    return np.asarray(1 / (1 + np.exp(-logit)))


def _search(study: Study, generator: np.random.Generator) -> pd.DataFrame:
    points = pd.DataFrame(list(product(*study.space.values())), columns=[f"param_{name}" for name in study.space])
    level = generator.normal(0.64, 0.015)
    effect = sum(0.006 * points[name].rank(method="dense") * (-1) ** at for at, name in enumerate(points))
    names = [f"score_{inner}" for inner in range(1, study.inner_splits + 1)]
    scores = pd.DataFrame(
        {name: level + effect + generator.normal(0, 0.004, len(points)) for name in names}, index=points.index
    )
    mean = scores.mean(axis=1)
    trees = points.get("param_n_estimators", pd.Series(100, index=points.index)).astype("int32")
    table = scores.assign(
        mean_score=mean, std_score=scores.std(axis=1, ddof=0), rank=mean.rank(method="first").astype("int32")
    )
    table = table.assign(chosen=table["rank"] == 1, seconds=0.02, shared=trees < trees.max())
    numbered = pd.DataFrame({"point": np.arange(len(points), dtype="int32"), "trees": trees})
    search: pd.DataFrame = pd.concat([numbered, table, points], axis=1)
    return search


def _curve(study: Study, trees: int, generator: np.random.Generator) -> pd.DataFrame:
    iteration = np.arange(1, trees + 1)
    rows = []
    for inner, part in product(range(1, study.inner_splits + 1), ("train", "validation")):
        learnt = (1 - np.exp(-iteration / 45)) * (1.0 if part == "train" else 0.4) * generator.uniform(0.85, 1.15)
        overfit = 0.0 if part == "train" else 0.0003 * np.maximum(iteration - 60, 0)
        for metric, value in (
            ("log_loss", 0.693 - 0.3 * learnt + overfit),
            ("auc", 0.58 + 0.3 * learnt - overfit),
        ):
            named = {"inner_fold": np.int8(inner), "part": part, "metric": metric}
            rows.append(pd.DataFrame({"iteration": iteration.astype("int32"), **named, "value": value}))
    curve: pd.DataFrame = pd.concat(rows)
    return curve


def _importance(study: Study, rows: int, generator: np.random.Generator) -> pd.DataFrame:
    weight = 1 / np.arange(1, len(study.features) + 1)
    shap = 0.4 * weight * generator.lognormal(0, 0.3, len(weight))
    gain = shap * generator.lognormal(0, 0.4, len(weight))
    return pd.DataFrame(
        {"feature": list(study.features), "gain": gain / gain.sum(), "shap": shap, "n_rows": np.int32(rows)}
    )


def _arrow(table: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(table, preserve_index=False)
