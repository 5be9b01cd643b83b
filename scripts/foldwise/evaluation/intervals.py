"""Intervals of one entrant's scores by every method, with what each of them covers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.predictions import by_unit
from foldwise.stats.bootstrap import DRAWS, group_bootstrap, pooled_scores
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse, too_few_groups
from foldwise.stats.delong import clustered_delong

METRICS = ("auc", "ap", "f1", "accuracy", "log_loss", "brier")
_POOLED = "pooled out-of-fold scores of repeat 1, those of different folds from different models"

COVERS = {
    "corrected_t": "mean over outer folds of the score within a fold; counts the variance of training and of testing "
    "(Nadeau and Bengio 2003)",
    "group_bootstrap": f"{_POOLED}; percentiles of {DRAWS:,} draws of whole groups; ignores the variance of training",
    "clustered_delong": f"{_POOLED}; normal interval for rows that depend on each other within a group "
    "(Obuchowski 1997); ignores the variance of training",
}


def interval_block(
    values: Mapping[str, npt.NDArray[np.float64]],
    predictions: pd.DataFrame,
    level: str,
    test_share: float,
    confidence: float,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return metric -> method -> interval, or why there is none, for one level.

    Args:
        values: of each of ``METRICS``, shape (J,), one score a fold.
        predictions: scored rows, from :func:`foldwise.evaluation.predictions.out_of_fold`.
        level: ``row`` or ``unit``.
        test_share: n_test / n_train, the mean over folds.
        confidence: confidence of the intervals.
    """
    first = predictions[predictions["repeat"] == 1]
    over = {
        "level": level,
        "n_groups": first["group"].nunique(),
        "n_units": first["unit"].nunique(),
        "n_rows": len(first),
    }
    scored = first if level == "row" else by_unit(first)
    groups = groups_of_rarer_class(scored)
    refused = too_few_groups(groups) or (_units_across_groups(first) if level == "unit" else None)
    pooled = _pooled_intervals(scored, refused, confidence)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for metric in METRICS:
        methods = {"corrected_t": _corrected_t(values[metric], groups, test_share, confidence), **pooled[metric]}
        found[metric] = {name: {**entry, **over, "covers": COVERS[name]} for name, entry in methods.items()}
    return found


def groups_of_rarer_class(rows: pd.DataFrame) -> int:
    """Return the number of groups that hold a row of the class that fewer groups hold."""
    return int(rows.groupby("label")["group"].nunique().reindex([0, 1], fill_value=0).min())


def _corrected_t(values: npt.NDArray[np.float64], groups: int, test_share: float, confidence: float) -> dict[str, Any]:
    refused = reason_to_refuse(values, groups)
    if refused:
        estimate = float(np.nanmean(values)) if np.isfinite(values).any() else None
        return {"estimate": estimate, "refused": refused, "n_folds": len(values)}
    return corrected_t(values, test_share, confidence)[0].as_dict()


def _pooled_intervals(scored: pd.DataFrame, refused: str | None, confidence: float) -> dict[str, dict[str, Any]]:
    """Return the methods that start from the pooled scores: metric -> method -> interval."""
    label = scored["label"].to_numpy(np.int8)
    score, group = scored["score"].to_numpy(np.float64), scored["group"].to_numpy()
    found: dict[str, dict[str, Any]]
    if refused:
        estimates = pooled_scores(label, score)
        found = {m: {"group_bootstrap": {"estimate": estimates[m], "refused": refused}} for m in METRICS}
        found["auc"]["clustered_delong"] = dict(found["auc"]["group_bootstrap"])
        return found
    drawn = group_bootstrap(label, score, group, confidence)
    found = {metric: {"group_bootstrap": drawn[metric].as_dict()} for metric in METRICS}
    found["auc"]["clustered_delong"] = clustered_delong(label, score, group, confidence).as_dict()
    return found


def _units_across_groups(rows: pd.DataFrame) -> str | None:
    """Return why units cannot be drawn by group, or None: a unit may be any column, also one across groups."""
    across = int((rows.groupby("unit")["group"].nunique() > 1).sum())
    return f"{across} units have rows in several groups" if across else None
