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
from foldwise.stats.influence_interval import CrossValidation, Influences, influence_interval, influences

METRICS = ("auc", "ap", "f1", "accuracy", "precision", "recall", "log_loss", "brier")
OF_PROBABILITIES = ("log_loss", "brier")
"""Of these, the ones that are computed on calibrated predictions; the others do not depend on calibration."""

_POOLED = "pooled out-of-fold predictions of repeat 1, those of different folds from different models"

COVERS = {
    "influence": "mean over outer folds of the metric within a fold, of this run's own models on new groups; counts "
    "the variance of testing by the influence of every group (Bayle et al. 2020) and that of training by how far the "
    "influences differ between inner models with other train rows, which is our own derivation, checked by simulation "
    "only; with one source held out at a time it is about new groups of the same sources, not about new sources",
    "corrected_t": "mean over outer folds of the metric within a fold; counts the variance of training and of testing "
    "(Nadeau and Bengio 2003)",
    "group_bootstrap": f"{_POOLED}; percentiles of {DRAWS:,} draws of whole groups; ignores the variance of training",
    "clustered_delong": f"{_POOLED}; normal interval for rows that depend on each other within a group "
    "(Obuchowski 1997); ignores the variance of training",
}


def intervals_of_level(
    values: Mapping[str, npt.NDArray[np.float64]],
    predictions: pd.DataFrame,
    validations: Mapping[str, CrossValidation],
    level: Level,
    test_share: float,
    confidence: float,
) -> Intervals:
    """Return metric -> method -> interval, or the reason why there is none, at one level.

    Args:
        values: each of ``METRICS`` -> its value on every fold, shape (J,).
        predictions: from :func:`foldwise.evaluation.operating_points.apply_decision_rules`.
        validations: each of ``METRICS`` -> the predictions that it is computed on and the inner ones, at the level,
            from :func:`foldwise.evaluation.validation.cross_validation`.
        level: ``row`` or ``unit``.
        test_share: n_test / n_train, the mean over folds.
        confidence: confidence of the intervals, such as 0.95.
    """
    first = predictions[predictions["repeat"] == 1]
    pooled = first if level == "row" else by_unit(first)
    refused = too_few_groups(groups_of_rarer_class(pooled)) or reason_by_units(first, level)
    of_folds = intervals_over_folds(values, validations, predictions, level, test_share, confidence)
    of_pooled = _pooled_intervals(pooled, refused, confidence)
    return {metric: {**of_folds[metric], **_described(of_pooled[metric], first, level)} for metric in METRICS}


def intervals_over_folds(
    values: Mapping[str, npt.NDArray[np.float64]],
    validations: Mapping[str, CrossValidation],
    predictions: pd.DataFrame,
    level: Level,
    test_share: float,
    confidence: float,
) -> Intervals:
    """Return metric -> method -> interval by the methods for means over folds: ``influence`` and ``corrected_t``.

    Args:
        values: each of ``METRICS`` -> its value on every fold, shape (J,).
        validations: each of ``METRICS`` -> the predictions that it is computed on, at the level.
        predictions: the test rows of every fold: repeat, fold, unit, group and label.
        level: ``row`` or ``unit``.
        test_share: n_test / n_train, the mean over folds.
        confidence: confidence of the intervals, such as 0.95.
    """
    first = predictions[predictions["repeat"] == 1]
    groups = groups_of_rarer_class(first if level == "row" else by_unit(first.assign(score=0.0)))
    across = reason_by_units(first, level)
    intervals = {}
    for metric in METRICS:
        refused = reason_to_refuse(values[metric], groups)
        of_folds = {
            "influence": interval_by_influence(influences(metric, validations[metric]), refused or across, confidence),
            "corrected_t": _corrected_t(values[metric], refused, test_share, confidence),
        }
        intervals[metric] = _described(of_folds, first, level)
    return intervals


def interval_by_influence(measured: Influences, refused: str | None, confidence: float) -> Interval:
    """Return the headline interval of a mean over folds, or the reason why there is none.

    Args:
        measured: from :func:`foldwise.stats.influence_interval.influences`.
        refused: a reason that is already known, or None.
        confidence: such as 0.95.
    """
    refused = refused or reason_without_training_variance(measured)
    if refused:
        return Interval(measured.estimate_where_defined, refused=refused, n_folds=len(measured.repeat))
    return Interval(**influence_interval(measured, confidence).as_dict())


def reason_without_training_variance(measured: Influences) -> str | None:
    """Return why the influences of a cross-validation give no interval, or None."""
    if measured.training_variance is None:
        return "two outer folds do not show the variance of training"
    return None


def groups_of_rarer_class(rows: pd.DataFrame) -> int:
    """Return the number of groups with a row of the class that fewer groups have."""
    return int(rows.groupby("label")["group"].nunique().reindex([0, 1], fill_value=0).min())


def reason_by_units(rows: pd.DataFrame, level: Level) -> str | None:
    """Return why units cannot be counted by group, or None: any column can be the unit, also one across groups."""
    if level == "row":
        return None
    across = int((rows.groupby("unit")["group"].nunique() > 1).sum())
    return f"{across} units have rows in several groups" if across else None


def _described(intervals: Mapping[str, Interval], rows: pd.DataFrame, level: Level) -> dict[str, Interval]:
    """Return the intervals of each method with what they are computed on and what they cover."""
    return {
        method: replace(
            interval,
            level=level,
            n_groups=rows["group"].nunique(),
            n_units=rows["unit"].nunique(),
            n_rows=len(rows),
            covers=COVERS[method],
        )
        for method, interval in intervals.items()
    }


def _corrected_t(
    values: npt.NDArray[np.float64], refused: str | None, test_share: float, confidence: float
) -> Interval:
    if refused:
        estimate = float(np.nanmean(values)) if np.isfinite(values).any() else None
        return Interval(estimate, refused=refused, n_folds=len(values))
    return Interval(**corrected_t(values, test_share, confidence)[0].as_dict())


def _pooled_intervals(pooled: pd.DataFrame, refused: str | None, confidence: float) -> dict[str, dict[str, Interval]]:
    """Return metric -> method -> interval for the methods that use the pooled predictions."""
    label = pooled["label"].to_numpy(np.int8)
    prediction, calibrated = (pooled[column].to_numpy(np.float64) for column in ("score", "calibrated"))
    group = pooled["group"].to_numpy()
    if refused:
        estimates = pooled_metrics(label, prediction, calibrated)
        intervals = {metric: {"group_bootstrap": Interval(estimates[metric], refused=refused)} for metric in METRICS}
        intervals["auc"]["clustered_delong"] = intervals["auc"]["group_bootstrap"]
        return intervals
    drawn = group_bootstrap(label, prediction, group, confidence, calibrated=calibrated)
    intervals = {metric: {"group_bootstrap": Interval(**drawn[metric].as_dict())} for metric in METRICS}
    delong = clustered_delong(label, prediction, group, confidence)
    intervals["auc"]["clustered_delong"] = Interval(**delong.as_dict())
    return intervals
