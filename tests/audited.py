"""Tables taken through the steps of the workflow up to the audit, and the findings of the audit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from foldwise.audit.findings import Finding, read_audit
from foldwise.audit.run_checks import audit_leakage
from foldwise.config.models import Dataset
from foldwise.data.build_table import build_table
from foldwise.examples.demo import Pattern, make_demo
from foldwise.folds.assignment import Plan, read_folds
from foldwise.folds.make_folds import make_folds

Checks = dict[str, Finding]
NO_SIGNAL = Pattern(class_shift=0, class_widening=0)


def videos(seed: int = 0, count: int = 100, copies: int = 5, pattern: Pattern | None = None) -> pd.DataFrame:
    """Return the demo as one table: sample, video, label and 38 features, the frame rate among them."""
    metadata, stage2, stage4 = make_demo(seed, count, max(copies, 1), pattern)
    known = ["video_path", "label", "feature_path"]
    kept = metadata.to_pandas()[["label", "original_video", "is_original"]].rename(columns={"original_video": "video"})
    sample = stage2.column("video_path").to_pandas().rename("sample")
    # One row lacks its features of stage 4: match by position, after putting that row back.
    scaled = stage4.to_pandas().set_index("video_path").reindex(metadata.column("video_path").to_pylist())
    features = [
        stage2.to_pandas().drop(columns=known).add_prefix("stage2_"),
        scaled.reset_index().drop(columns=known).add_prefix("stage4_"),
    ]
    frame = pd.concat([sample, kept, *features], axis=1)
    return frame if copies else frame[frame["is_original"]].reset_index(drop=True)


def audit(folder: Path, frame: pd.DataFrame, scrambles: int = 3, **dataset: Any) -> Checks:
    """Run the steps on one table with groups by video; return the checks by name.

    Args:
        folder: where everything is written.
        frame: the table: sample, video, label, is_original and features.
        scrambles: runs of the check ``scramble``.
        dataset: keys of the dataset's configuration that replace the usual ones.
    """
    frame.to_parquet(folder / "input.parquet", index=False)
    given = {"id": "sample", "label": "label", "groups": ["video"], "exclude": ["is_original"], **dataset}
    given["exclude"] = [c for c in given["exclude"] if c not in given.get("slices", [])]
    if "video" not in given["groups"]:
        given["exclude"] = [*given["exclude"], "video"]
    table = Dataset.model_validate({"table": str(folder / "input.parquet"), **given})
    build_table("planted", table, table=folder / "table.parquet", contract=folder / "table.json")
    make_folds(
        table=folder / "table.parquet",
        contract=folder / "table.json",
        plan=Plan(3, 1, 2, 42),
        output=folder / "folds.parquet",
    )
    return checks(folder, scrambles)


def checks(folder: Path, scrambles: int = 3) -> Checks:
    """Audit the table and folds in a folder; return the findings by the name of their check."""
    audit_leakage(
        table=folder / "table.parquet",
        contract=folder / "table.json",
        folds=folder / "folds.parquet",
        output=folder / "audit.json",
        scrambles=scrambles,
    )
    return {finding.id: finding for finding in read_audit(folder / "audit.json").checks}


def replan(folder: Path, part: npt.NDArray[np.integer[Any]], left_out: npt.NDArray[np.bool_] | bool = False) -> None:
    """Write other outer folds over the planned ones: fold f tests the rows of part f, from 1; -1 for rows left out."""
    folds = read_folds(folder / "folds.parquet")
    replaced = {
        fold: np.where(left_out, -1, np.where(part == fold, 0, 1)).astype(np.int16)
        for fold in range(1, int(part.max()) + 1)
    }
    replace(folds, assignments={**folds.assignments, **replaced}).write(folder / "folds.parquet")
