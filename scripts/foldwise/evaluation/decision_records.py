"""The parts of metrics.json on decisions and calibrated probabilities as typed records; standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from foldwise.evaluation.interval_records import Interval, Means
from foldwise.io.json_record import INLINE, JsonRecord, Key


@dataclass(frozen=True)
class FoldThreshold(JsonRecord):
    """The decision threshold of one outer fold."""

    fold: int
    threshold: float


@dataclass(frozen=True)
class OperatingPoint(JsonRecord):
    """The true- and false-positive rates that a threshold chosen for a false-positive rate has on the test rows."""

    fpr_aimed_at: float
    tpr: Interval
    fpr: Interval


@dataclass(frozen=True)
class Thresholds(JsonRecord):
    """Decisions by row at 0.5 and at the thresholds chosen on the train part of each fold.

    Attributes:
        criterion: what the chosen threshold is best by: ``youden``, ``f1`` or ``fpr``.
        chosen_on: the predictions it is chosen on, in words.
        over: what the means are computed on.
        folds: the chosen threshold of each fold.
        at_half: metric -> mean over folds at the threshold 0.5 (key ``at_0.5``).
        at_chosen: metric -> mean over folds at the chosen thresholds.
        operating_points: one for each configured false-positive rate.
    """

    criterion: str
    chosen_on: str
    over: Annotated[Means, INLINE]
    folds: Sequence[FoldThreshold]
    at_half: Annotated[Mapping[str, Interval], Key("at_0.5")]
    at_chosen: Mapping[str, Interval]
    operating_points: Sequence[OperatingPoint]


@dataclass(frozen=True)
class CalibrationMetrics(JsonRecord):
    """How well predicted probabilities fit the labels: means over folds, by row.

    The slope is averaged over the folds where it is defined, ``n_folds_with_slope`` of them.
    """

    brier: float | None
    log_loss: float | None
    slope: float | None
    intercept: float | None
    n_folds_with_slope: int


@dataclass(frozen=True)
class Calibration(JsonRecord):
    """Calibration of the predictions before and after the calibrator of each fold is applied.

    Attributes:
        method: ``sigmoid``, ``isotonic`` or ``none``.
        fitted_on: the predictions it is fitted on, in words.
        over: what the means are computed on.
        before: of the predictions as they are.
        after: of the calibrated predictions.
    """

    method: str
    fitted_on: str
    over: Annotated[Means, INLINE]
    before: CalibrationMetrics
    after: CalibrationMetrics
