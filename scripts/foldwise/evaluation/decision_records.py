"""The parts of metrics.json on decisions and calibrated probabilities as typed records; standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

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
class DecisionsAtLevel(JsonRecord):
    """How good decisions on rows, or on units, are on the test rows: means over the outer folds.

    Attributes:
        over: what the means are computed on.
        confusion: [[true negatives, false positives], [false negatives, true positives]] at the chosen thresholds,
            summed over the outer folds of repeat 1, which predict everything once.
        at_chosen: metric -> mean over folds at the chosen thresholds.
        at_half: metric -> mean over folds at the threshold 0.5 (key ``at_0.5``).
        constant: metric -> mean over folds of the better of "always positive" and "always negative".
        better_than_constant: whether the chosen thresholds are better than the better of these by the criterion.
        operating_points: one for each configured false-positive rate.
    """

    over: Annotated[Means, INLINE]
    confusion: Sequence[Sequence[int]]
    at_chosen: Mapping[str, Interval]
    at_half: Annotated[Mapping[str, Interval], Key("at_0.5")]
    constant: Mapping[str, float | None]
    better_than_constant: bool
    operating_points: Sequence[OperatingPoint]


@dataclass(frozen=True)
class Decision(JsonRecord):
    """The shipped decision: how it is made, and how good it is by row and by unit.

    Attributes:
        criterion: what the threshold is best by, as ``evaluation.threshold`` has it.
        chosen_on: the predictions it is chosen on, in words.
        folds: the chosen threshold of each fold, for the prediction before calibration.
        row: decisions on rows.
        unit: decisions on units: the mean prediction of their rows, at the same threshold.
        in_use: what that means, by unit, in sentences: :func:`foldwise.evaluation.in_use.sentences_in_use`.
    """

    criterion: Any
    chosen_on: str
    folds: Sequence[FoldThreshold]
    row: DecisionsAtLevel
    unit: DecisionsAtLevel
    in_use: Sequence[str]

    def at(self, level: Literal["row", "unit"]) -> DecisionsAtLevel:
        """Return the decisions on rows or on units."""
        return self.row if level == "row" else self.unit


@dataclass(frozen=True)
class CalibrationMetrics(JsonRecord):
    """How well predicted probabilities fit the labels: means over folds.

    The slope is averaged over the folds where it is defined, ``n_folds_with_slope`` of them.
    """

    brier: float | None
    log_loss: float | None
    slope: float | None
    intercept: float | None
    n_folds_with_slope: int


@dataclass(frozen=True)
class CalibrationAtLevel(JsonRecord):
    """Calibration by row, or by unit, where a probability is the mean over the unit's rows.

    Attributes:
        over: what the means are computed on.
        before: of the predictions as they are.
        after: of the calibrated predictions.
    """

    over: Annotated[Means, INLINE]
    before: CalibrationMetrics
    after: CalibrationMetrics


@dataclass(frozen=True)
class Calibration(JsonRecord):
    """Calibration of the predictions before and after the calibrator of each fold is applied.

    Attributes:
        method: ``auto``, ``sigmoid``, ``isotonic`` or ``none``.
        fitted_on: the predictions it is fitted on, in words.
        row: by row.
        unit: by unit.
    """

    method: str
    fitted_on: str
    row: CalibrationAtLevel
    unit: CalibrationAtLevel
