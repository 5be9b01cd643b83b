"""Intervals of a model's metrics by every method, each with what it covers."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.interval_records import Interval, Intervals
from foldwise.evaluation.predictions import by_unit
from foldwise.evaluation.records import Level
from foldwise.stats.bootstrap import DRAWS, group_bootstrap, pooled_metrics
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse, too_few_groups
from foldwise.stats.delong import clustered_delong

METRICS = ("auc", "ap", "f1", "accuracy", "log_loss", "brier")
_POOLED = "pooled out-of-fold predictions of repeat 1, those of different folds from different models"

COVERS = {
    "corrected_t": "mean over outer folds of the metric within a fold; counts the variance of training and of testing "
    "(Nadeau and Bengio 2003)",
    "group_bootstrap": f"{_POOLED}; percentiles of {DRAWS:,} draws of whole groups; ignores the variance of training",
    "clustered_delong": f"{_POOLED}; normal interval for rows that depend on each other within a group "
    "(Obuchowski 1997); ignores the variance of training",
}


def intervals_of_level(
    values: Mapping[str, npt.NDArray[np.float64]],
    predictions: pd.DataFrame,
    level: Level,
    test_share: float,
    confidence: float,
) -> Intervals:
    """Return metric -> method -> interval, or the reason why there is none, at one level.

    Args:
        values: each of ``METRICS`` -> its value on every fold, shape (J,).
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold`.
        level: ``row`` or ``unit``.
        test_share: n_test / n_train, the mean over folds.
        confidence: confidence of the intervals, such as 0.95.
    """
    first = predictions[predictions["repeat"] == 1]
    pooled = first if level == "row" else by_unit(first)
    groups = groups_of_rarer_class(pooled)
    refused = too_few_groups(groups) or (_units_across_groups(first) if level == "unit" else None)
    of_pooled = _pooled_intervals(pooled, refused, confidence)
    intervals: dict[str, dict[str, Interval]] = {}
    for metric in METRICS:
        of_folds = _corrected_t(values[metric], groups, test_share, confidence)
        intervals[metric] = {
            method: replace(
                interval,
                level=level,
                n_groups=first["group"].nunique(),
                n_units=first["unit"].nunique(),
                n_rows=len(first),
                covers=COVERS[method],
            )
            for method, interval in {"corrected_t": of_folds, **of_pooled[metric]}.items()
        }
    return intervals


def groups_of_rarer_class(rows: pd.DataFrame) -> int:
    """Return the number of groups with a row of the class that fewer groups have."""
    return int(rows.groupby("label")["group"].nunique().reindex([0, 1], fill_value=0).min())


def _corrected_t(values: npt.NDArray[np.float64], groups: int, test_share: float, confidence: float) -> Interval:
    refused = reason_to_refuse(values, groups)
    if refused:
        estimate = float(np.nanmean(values)) if np.isfinite(values).any() else None
        return Interval(estimate, refused=refused, n_folds=len(values))
    return Interval(**corrected_t(values, test_share, confidence)[0].as_dict())


def _pooled_intervals(pooled: pd.DataFrame, refused: str | None, confidence: float) -> dict[str, dict[str, Interval]]:
    """Return metric -> method -> interval for the methods that use the pooled predictions."""
    label = pooled["label"].to_numpy(np.int8)
    prediction, group = pooled["score"].to_numpy(np.float64), pooled["group"].to_numpy()
    if refused:
        estimates = pooled_metrics(label, prediction)
        intervals = {metric: {"group_bootstrap": Interval(estimates[metric], refused=refused)} for metric in METRICS}
        intervals["auc"]["clustered_delong"] = intervals["auc"]["group_bootstrap"]
        return intervals
    drawn = group_bootstrap(label, prediction, group, confidence)
    intervals = {metric: {"group_bootstrap": Interval(**drawn[metric].as_dict())} for metric in METRICS}
    delong = clustered_delong(label, prediction, group, confidence)
    intervals["auc"]["clustered_delong"] = Interval(**delong.as_dict())
    return intervals


def _units_across_groups(rows: pd.DataFrame) -> str | None:
    """Return why units cannot be drawn by group, or None: any column can be the unit, also one across groups."""
    across = int((rows.groupby("unit")["group"].nunique() > 1).sum())
    return f"{across} units have rows in several groups" if across else None
