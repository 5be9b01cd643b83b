"""A small grouped study built by code, and the steps of the workflow that read it, without snakemake."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from foldwise.audit.run_checks import audit_leakage, pass_audit
from foldwise.config.datasets import Dataset
from foldwise.config.models import parse
from foldwise.data.build_table import build_table
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_table
from foldwise.search.space import read_space

ROOT = Path(__file__).resolve().parents[1]
VIDEOS, COPIES = 12, 4
SINGLE = {"table": "table.parquet", "id": "sample", "label": "fake", "groups": ["video"]}
JOINED = {
    "metadata": "metadata.parquet",
    "features": {"stage2": "stage2.parquet"},
    "id": "sample",
    "label": "fake",
    "groups": ["video"],
}


def metadata() -> pd.DataFrame:
    """Return one row a sample: 12 videos, every second one fake, with 4 copies each."""
    video = np.repeat(np.arange(VIDEOS), COPIES)
    copy = np.tile(np.arange(COPIES), VIDEOS)
    return pd.DataFrame(
        {
            "sample": [f"v{v:02d}_c{c}" for v, c in zip(video, copy, strict=True)],
            "fake": video % 2,
            "video": [f"v{v:02d}" for v in video],
            "is_original": copy == 0,
        }
    )


def features() -> pd.DataFrame:
    """Return the features of the same samples: two numbers that say little, a count and a text."""
    random = np.random.default_rng(7)
    rows = VIDEOS * COPIES
    return pd.DataFrame(
        {
            "sample": metadata()["sample"],
            "noise": random.normal(size=rows).astype(np.float32),
            "gradient": random.normal(size=rows).astype(np.float32),
            "frames": random.integers(20, 90, rows),
            "codec": random.choice(["avc", "hevc", "vp9"], rows),
        }
    )


def table() -> pd.DataFrame:
    """Return metadata and features as one table."""
    return metadata().merge(features(), on="sample")


def write_study(folder: Path) -> None:
    """Write table.parquet, metadata.parquet and stage2.parquet into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("table", table()), ("metadata", metadata()), ("stage2", features())):
        frame.to_parquet(folder / f"{name}.parquet")


def configuration(dataset: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """Return a configuration with one dataset, small enough for the study."""
    small = {"folds": {"n_splits": 3, "inner_splits": 2}, "backends": ["xgboost"]}
    return {"datasets": {"mine": dict(dataset)}, **small, **settings}


def run_steps(content: Mapping[str, Any], results: Path) -> None:
    """Do what the workflow does up to the training, in its order."""
    checked = parse(content)
    for backend in checked.backends:
        space = checked.search.space.get(backend, {})
        read_space(ROOT / f"config/search/{backend}.yaml", backend, space, checked.search.method)
    folds = checked.folds
    plan = Plan(folds.n_splits, folds.n_repeats, folds.inner_splits, folds.seed)
    for name, dataset in checked.datasets.items():
        paths = {
            "table": f"{results}/{name}/table.parquet",
            "contract": f"{results}/{name}/table.json",
            "folds": f"{results}/{name}/folds.parquet",
        }
        build_table(name, dataset, table=paths["table"], contract=paths["contract"])
        make_folds(table=paths["table"], contract=paths["contract"], plan=plan, output=paths["folds"])
        audit_leakage(**paths, output=f"{results}/{name}/audit.json")
        pass_audit(
            audit=f"{results}/{name}/audit.json",
            fail_on=checked.audit.fail_on,
            output=f"{results}/{name}/audit.passed",
        )


def built(folder: Path, dataset: Mapping[str, Any]) -> tuple[pa.Table, dict[str, Any]]:
    """Build the table of one dataset, whose paths count from ``folder``; return it with its contract."""
    at = dict(dataset)
    at |= {key: str(folder / at[key]) for key in ("table", "metadata") if key in at}
    at |= {"features": {name: str(folder / path) for name, path in at.get("features", {}).items()}}
    paths = folder / "built/table.parquet", folder / "built/table.json"
    build_table("mine", Dataset.model_validate(at), table=paths[0], contract=paths[1])
    return read_table(paths[0]), read_json(paths[1])
