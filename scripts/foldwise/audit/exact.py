"""Checks with an exact answer: groups split across folds, units with both labels, equal rows in two groups."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.audit.findings import EVIDENCE, Check, Finding, Level
from foldwise.data.contract import Label
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Folds

# A few rows with equal features and different labels are noise; a larger share is an error in the table.
LABEL_CONFLICTS = 0.005
# Up to this share of the units may have both labels for information only, where no unit: is named.
FEW_UNITS = 0.01
_DIGITS = 10
_ROWS_AT_A_TIME = 50_000


GROUP_OVERLAP = Check(
    "group_overlap",
    title="Groups split across folds",
    meaning="Rows of one group are on both sides of a split: models are tested on groups that they have seen, and the "
    "metrics are too high.",
    what_to_do="The fold file does not belong to this table: remove it and run again.",
    exact=True,
)
MIXED_LABELS = Check(
    "mixed_labels",
    title="Units with both labels",
    meaning="Metrics by unit use the label that most rows of a unit have, which is wrong for its other rows.",
    what_to_do="Fix the labels, or set unit: to a column whose values have one label. Where both labels are right, "
    "take mixed_labels out of audit.fail_on.",
    exact=True,
)
DUPLICATE_ROWS = Check(
    "duplicate_rows",
    title="Equal rows",
    meaning="A model may be tested on a row that it was trained on under another name, and equal rows with different "
    "labels cannot both be predicted.",
    what_to_do="Remove the copies, add the column that ties them together to groups:, or take duplicate_rows out of "
    "audit.fail_on.",
    exact=True,
)


def group_overlap(folds: Folds, group_name: str) -> Finding:
    """Count the groups that are split by any outer or inner split.

    A row that a fold leaves out is in no part of it, but the rest of its group must still be in one part.

    Args:
        folds: the folds.
        group_name: what a group is, for the sentence.
    """
    split = folds.split_groups
    sentence = (
        f"{len(split)} of {len(np.unique(folds.group))} groups ({group_name}) are split across folds (computed on "
        f"{len(folds.assignments)} columns of outer and inner folds)."
    )
    evidence = [
        {"group": group, "sample_id": folds.sample_id[int(np.argmax(folds.group == group))].as_py()}
        for group in split[:EVIDENCE]
    ]
    return GROUP_OVERLAP.finding("fail" if split else "pass", len(split), 0, sentence, evidence)


def mixed_labels(rows: pd.DataFrame, unit: str, label: Label, *, unit_named: bool) -> Finding:
    """Count the units whose rows have both labels.

    A unit that the configuration names has one label: any other fails. Where the unit is only the first group column,
    both labels may be right: the check warns, or informs where at most 1 % of the units are mixed, none of them with as
    many rows of one label as of the other.

    Args:
        rows: the columns unit and label.
        unit: name of the unit column, for the sentence.
        label: the label column and its classes, for the evidence.
        unit_named: whether the configuration names the unit.
    """
    of_unit = rows.groupby("unit")["label"].agg(rows="size", positive="sum")
    of_unit["negative"] = of_unit["rows"] - of_unit["positive"]
    of_unit["fewer"] = np.minimum(of_unit["positive"], of_unit["negative"])
    mixed = of_unit[of_unit["fewer"] > 0]
    sentence = f"{len(mixed)} of {len(of_unit)} units ({unit}) have both labels"
    level: Level = "pass"
    if len(mixed):
        sentence += (
            f" ({len(mixed) / len(of_unit):.1%}); {mixed['fewer'].sum()} of {len(rows)} rows have the rarer label of "
            "their unit"
        )
        tied = (mixed["positive"] == mixed["negative"]).any()
        few = len(mixed) <= FEW_UNITS * len(of_unit) and not tied
        level = "fail" if unit_named else "info" if few else "warn"
    evidence = [
        {
            "unit": str(name),
            f"rows with {label.column} {label.positive}": int(counts["positive"]),
            f"rows with {label.column} {label.negative}": int(counts["negative"]),
        }
        for name, counts in mixed.head(EVIDENCE).iterrows()
    ]
    return MIXED_LABELS.finding(level, len(mixed), 0, f"{sentence}.", evidence)


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
    return DUPLICATE_ROWS.finding("fail" if failed else "pass", len(across), 0, sentence, evidence)


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
