"""Checks with an exact answer: parted groups, units with both labels, the same row in two groups."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.audit.findings import EVIDENCE, Finding, Level
from foldwise.data.feature_matrix import FeatureMatrix

# A few rows of equal features with different labels are noise; more than this share is a fault of the table.
LABEL_CONFLICTS = 0.005
_DIGITS = 10
_ROWS_AT_A_TIME = 50_000


def group_overlap(rows: pd.DataFrame, unit: str) -> Finding:
    """Count the groups that stand on both sides of any outer or inner split.

    A row that a fold leaves out is on neither side of it, but the rest of its group must still agree.

    Args:
        rows: group and the fold columns, 0 = test, 1..k = inner fold, -1 = left out.
        unit: what a group ties together, for the sentence.
    """
    names = [c for c in rows.columns if c.startswith("fold_") or c == "final"]
    parted: set[int] = set()
    for name in names:
        used = rows[rows[name] >= 0]
        parts = used.groupby("group")[name].nunique()
        parted |= set(parts.index[parts > 1])
    level: Level = "fail" if parted else "pass"
    groups = rows["group"].nunique()
    sentence = (
        f"{len(parted)} of {groups} groups ({unit}) stand on both sides of a split, over {len(names)} columns of outer "
        "and inner folds."
    )
    evidence = [
        {"group": int(g), "sample_id": rows.loc[rows["group"] == g, "sample_id"].iloc[0]}
        for g in sorted(parted)[:EVIDENCE]
    ]
    return Finding("group_overlap", level, len(parted), 0, sentence, evidence)


def mixed_labels(rows: pd.DataFrame, unit: str) -> Finding:
    """Count the units whose rows carry both labels."""
    labels = rows.groupby("unit")["label"].nunique()
    mixed = labels.index[labels > 1]
    sentence = f"{len(mixed)} of {len(labels)} units ({unit}) carry both labels."
    evidence = [{"unit": str(u), "rows": int((rows["unit"] == u).sum())} for u in mixed[:20]]
    return Finding("mixed_labels", "fail" if len(mixed) else "pass", len(mixed), 0, sentence, evidence)


def duplicate_rows(rows: pd.DataFrame, matrix: FeatureMatrix) -> Finding:
    """Count rows whose features equal those of a row in another group, to 10 significant digits.

    Rows without any known feature say nothing and are left out. Equal rows with different labels
    fail only above 0.5 % of all rows.
    """
    known = ~np.isnan(matrix.values).all(axis=1)
    copies = rows[known][["sample_id", "group", "label"]].assign(content=_content(matrix.values[known]))
    several = copies.groupby("content").agg(groups=("group", "nunique"), labels=("label", "nunique"))
    across = copies[copies["content"].isin(several.index[several["groups"] > 1])].sort_values("content")
    conflicts = copies["content"].isin(several.index[several["labels"] > 1]).sum() / len(rows)
    failed = len(across) > 0 or conflicts > LABEL_CONFLICTS
    sentence = (
        f"{len(across)} of {len(rows)} rows have the same features as a row of another group; "
        f"{conflicts:.2%} of the rows share their features with a row of the other label."
    )
    evidence = across[["sample_id", "group", "label"]].head(20).to_dict("records")
    return Finding("duplicate_rows", "fail" if failed else "pass", len(across), 0, sentence, evidence)


def _content(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint64]:
    """Return a hash of each row rounded to 10 significant digits, shape (n,)."""
    # Some rows at a time: what lies between a row and its hash is nine times its size.
    starts = range(0, max(1, len(values)), _ROWS_AT_A_TIME)
    return np.concatenate([_hashes(values[start : start + _ROWS_AT_A_TIME]) for start in starts])


def _hashes(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(np.abs(values.astype(np.float64)))))
        rounded = np.where(np.isfinite(scale), np.round(values * scale) / scale, values)
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(rounded + 0.0), index=False))
