"""The predictions of the constant baseline in outer and inner folds, for its intervals."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.predictions import by_unit
from foldwise.evaluation.records import Level
from foldwise.evaluation.validation import cross_validation
from foldwise.folds.assignment import Rows
from foldwise.stats.influence import PredictedRows, contributions
from foldwise.stats.influence_interval import CrossValidation

_DECISIONS = ("f1", "accuracy", "precision", "recall")


def constant_validation(rows: Rows, level: Level) -> CrossValidation:
    """Return the constant predictions of every outer fold: the share of positives in its train part.

    The prediction of a train row is the share of positives in the other inner folds: of rows by row, of units by unit.
    """
    test, inner = [], []
    for fold in rows.folds.numbers:
        inner_fold = rows.folds.assignments[fold]
        train = rows.train_rows(fold).assign(inner_fold=inner_fold[inner_fold > 0])
        counted = train if level == "row" else _units(train)
        positives = counted.groupby("inner_fold")["label"].agg(["sum", "count"])
        others = positives.sum() - positives
        # With a single inner fold there are no others.
        share = (others["sum"] / others["count"]).fillna(counted["label"].mean())
        inner.append(train.assign(score=train["inner_fold"].map(share)).drop(columns="inner_fold"))
        test.append(rows.test_rows(fold).assign(score=float(counted["label"].mean())))
    return cross_validation(pd.concat(test), pd.concat(inner), rows.folds, level)


def constant_decisions(metric: str, given: CrossValidation) -> CrossValidation:
    """Return the decisions of the constant in each fold: always positive or always negative, the better by a metric.

    The predictions of a metric that needs no threshold stay as they are.

    Args:
        metric: name of the metric.
        given: from :func:`constant_validation`.
    """
    if metric not in _DECISIONS:
        return given
    test, inner = [], []
    for of_test, of_train in zip(given.test, given.inner, strict=True):
        always = [_always(of_test, decision) for decision in (0.0, 1.0)]
        values = [contributions(metric, decided, given.groups).value for decided in always]
        decision = float(np.nanargmax(values)) if np.isfinite(values).any() else 0.0
        test.append(_always(of_test, decision))
        inner.append(_always(of_train, decision))
    return replace(given, test=test, inner=inner)


def _always(rows: PredictedRows, decision: float) -> PredictedRows:
    prediction: npt.NDArray[np.float64] = np.full(len(rows.label), decision)
    return replace(rows, prediction=prediction, threshold=0.5)


def _units(train: pd.DataFrame) -> pd.DataFrame:
    """Return label and inner fold of each unit."""
    inner_fold = train.groupby("unit")["inner_fold"].first()
    units = by_unit(train.assign(score=0.0))
    return units.assign(inner_fold=units["unit"].map(inner_fold))
