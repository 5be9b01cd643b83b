"""A model's predictions in outer and inner folds as the arrays that its intervals are computed from."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from foldwise.evaluation.predictions import by_unit
from foldwise.evaluation.records import Level
from foldwise.folds.assignment import Folds
from foldwise.stats.influence import PredictedRows
from foldwise.stats.influence_interval import CrossValidation
from foldwise.stats.training_variance import SplitShares


def cross_validation(
    predictions: pd.DataFrame,
    inner: pd.DataFrame,
    folds: Folds,
    level: Level,
    thresholds: Mapping[int, float] | None = None,
) -> CrossValidation:
    """Return a model's predictions of every outer fold at one level.

    Args:
        predictions: from :func:`foldwise.evaluation.predictions.out_of_fold`; its column score may be any probability
            that a decision is taken on, such as a calibrated one.
        inner: from :func:`foldwise.evaluation.predictions.inner_out_of_fold`, its score of the same kind.
        folds: the folds of all rows of the dataset.
        level: ``row``, or ``unit`` for the mean prediction of each unit.
        thresholds: outer fold -> threshold of its decisions; None for 0.5 in all.
    """
    parts = []
    for frame in (predictions, inner):
        rows = frame if level == "row" else by_unit(frame)
        by_fold = {int(str(fold)): part for fold, part in rows.groupby("fold")}
        parts.append(
            [
                _predicted_rows(by_fold[fold], 0.5 if thresholds is None else thresholds[fold])
                for fold in sorted(by_fold)
            ]
        )
    return CrossValidation(
        test=parts[0],
        inner=parts[1],
        repeat=np.array([folds.repeat_of(fold) for fold in folds.numbers]),
        groups=int(folds.group.max()) + 1,
        shares=SplitShares.of_folds(folds.inner_folds_of_groups(1)),
    )


def _predicted_rows(part: pd.DataFrame, threshold: float) -> PredictedRows:
    return PredictedRows(
        label=part["label"].to_numpy(np.int8),
        prediction=part["score"].to_numpy(np.float64),
        group=part["group"].to_numpy(np.int32),
        threshold=threshold,
    )
