"""Checks with an exact answer: groups split across folds, units with both labels, equal rows in two groups."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.audit.findings import EVIDENCE, Finding
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Folds

# A few rows with equal features and different labels are noise; a larger share is an error in the table.
LABEL_CONFLICTS = 0.005
_DIGITS = 10
_ROWS_AT_A_TIME = 50_000


def group_overlap(folds: Folds, group_name: str) -> Finding:
    """Count the groups that are split by any outer or inner split.

    A row that a fold leaves out is in no part of it, but the rest of its group must still be in one part.

    Args:
        folds: the folds.
        group_name: what a group is, for the sentence.
    """
    split: set[int] = set()
    for assignment in folds.assignments.values():
        used = assignment >= 0
        parts = pd.Series(assignment[used]).groupby(folds.group[used]).nunique()
        split |= set(parts.index[parts > 1])
    sentence = (
        f"{len(split)} of {len(np.unique(folds.group))} groups ({group_name}) are split across folds (computed on "
        f"{len(folds.assignments)} columns of outer and inner folds)."
    )
    evidence = [
        {"group": int(group), "sample_id": folds.sample_id[int(np.argmax(folds.group == group))].as_py()}
        for group in sorted(split)[:EVIDENCE]
    ]
    return Finding("group_overlap", "fail" if split else "pass", len(split), 0, sentence, evidence)


def mixed_labels(rows: pd.DataFrame, unit: str) -> Finding:
    """Count the units whose rows have both labels.

    Args:
        rows: the columns unit and label.
        unit: name of the unit column, for the sentence.
    """
    labels = rows.groupby("unit")["label"].nunique()
    mixed = labels.index[labels > 1]
    sentence = f"{len(mixed)} of {len(labels)} units ({unit}) have both labels."
    evidence = [{"unit": str(u), "rows": int((rows["unit"] == u).sum())} for u in mixed[:EVIDENCE]]
    return Finding("mixed_labels", "fail" if len(mixed) else "pass", len(mixed), 0, sentence, evidence)


def duplicate_rows(rows: pd.DataFrame, features: FeatureMatrix) -> Finding:
    """Count rows whose features equal those of a row in another group, to 10 significant digits.

    Rows whose features are all missing are left out. Equal rows with different labels fail only above 0.5 % of all
    rows.

    Args:
        rows: the columns sample_id, group and label.
        features: the features of these rows.
    """
    present = ~np.isnan(features.values).all(axis=1)
    copies = rows[present][["sample_id", "group", "label"]].assign(hash=_hash_of_rows(features.values[present]))
    duplicates = copies.groupby("hash").agg(groups=("group", "nunique"), labels=("label", "nunique"))
    across = copies[copies["hash"].isin(duplicates.index[duplicates["groups"] > 1])].sort_values("hash")
    conflicts = copies["hash"].isin(duplicates.index[duplicates["labels"] > 1]).sum() / len(rows)
    failed = len(across) > 0 or conflicts > LABEL_CONFLICTS
    sentence = (
        f"{len(across)} of {len(rows)} rows have the same features as a row of another group; "
        f"{conflicts:.2%} of the rows share their features with a row of the other label."
    )
    shown = across[["sample_id", "group", "label"]].head(EVIDENCE)
    evidence = [{str(k): v for k, v in row.items()} for row in shown.to_dict("records")]
    return Finding("duplicate_rows", "fail" if failed else "pass", len(across), 0, sentence, evidence)


def _hash_of_rows(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint64]:
    """Return a hash of each row rounded to 10 significant digits, shape (n,)."""
    # Some rows at a time: the intermediate arrays take nine times the memory of the rows.
    starts = range(0, max(1, len(values)), _ROWS_AT_A_TIME)
    return np.concatenate([_hashes(values[start : start + _ROWS_AT_A_TIME]) for start in starts])


def _hashes(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(np.abs(values.astype(np.float64)))))
        rounded = np.where(np.isfinite(scale), np.round(values * scale) / scale, values)
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(rounded + 0.0), index=False))
