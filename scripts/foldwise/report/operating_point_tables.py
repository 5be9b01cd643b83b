"""Tables on the use of a model: calibration, decisions at a chosen threshold, and operating points."""

from collections.abc import Iterable, Sequence
from statistics import median

from foldwise.evaluation.decision_records import Thresholds
from foldwise.evaluation.interval_records import Interval
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults

_CALIBRATION = {"brier": "Brier score", "log_loss": "Log loss", "slope": "Slope", "intercept": "Intercept"}

_CRITERIA = {
    "f1": "the best F1",
    "youden": "the largest difference between true- and false-positive rate (Youden)",
    "fpr": "the largest true-positive rate at a limited false-positive rate",
}


class _IntervalCells:
    """Writes metrics with their intervals, and collects the notes on these for below the table."""

    def __init__(self, confidence: float) -> None:
        self._confidence = confidence
        self._refused: dict[str, list[str]] = {}
        self._outside = False

    def cell(self, name: str, interval: Interval, lowest: float = 0) -> Cell:
        """Return a metric with its interval below it; ``name`` and the ``lowest`` possible value are for the notes."""
        if interval.ends is None:
            self._refused.setdefault(str(interval.refused), []).append(name)
            return html_table.metric(interval.estimate, "no interval")
        self._outside |= interval.ends[0] < lowest or interval.ends[1] > 1
        return html_table.metric(interval.estimate, wording.interval(*interval.ends))

    def described(self) -> str:
        """Name the intervals: ``95 % corrected t interval``."""
        return f"{wording.percent(self._confidence)} corrected t interval"

    def notes(self) -> list[str]:
        """Write each reason for a missing interval once, and why an end can be an impossible value."""
        notes = ["A corrected t interval is symmetric: its ends can be outside the range of the metric."]
        refused = [f"No interval for {_distinct(names)}: {reason}." for reason, names in self._refused.items()]
        return (notes if self._outside else []) + refused


def calibration_table(results: DatasetResults) -> Table:
    """Return Brier score, log loss, slope and intercept of each model before and after calibration."""
    calibrations = {wording.display_name(name): metrics.calibration for name, metrics in results.metrics.items()}
    columns = [Column("Model"), Column("Method")]
    columns += [Column(label, when, True) for label in _CALIBRATION.values() for when in ("before", "after")]
    rows = [
        [
            html_table.text(name),
            html_table.text(calibration.method),
            *(
                html_table.metric(getattr(part, key))
                for key in _CALIBRATION
                for part in (calibration.before, calibration.after)
            ),
        ]
        for name, calibration in calibrations.items()
    ]
    fitted_on = _distinct(calibration.fitted_on for calibration in calibrations.values())
    caption = f"Before and after calibration, fitted on {fitted_on}. By row, mean over {_extent(results)}."
    notes = [
        "Slope: 1 is ideal, below 1 the probabilities are too extreme. Intercept: 0 is ideal, above 0 the "
        "probabilities are too low."
    ]
    if any(calibration.method == "none" for calibration in calibrations.values()):
        notes.append("Method none: predictions are not changed.")
    for name, calibration in calibrations.items():
        for when, part in (("before", calibration.before), ("after", calibration.after)):
            folds = calibration.over.n_folds
            if part.n_folds_with_slope < folds:
                notes.append(
                    f"{name}, {when}: the slope is a mean over {part.n_folds_with_slope} of "
                    f"{wording.counted(folds, 'fold')}; on the others the classes are perfectly separated, or one is "
                    "missing."
                )
    return Table("calibration", caption, columns, rows, notes)


def decision_table(results: DatasetResults) -> Table:
    """Return the metrics of decisions at 0.5 and at the chosen thresholds, two columns a model."""
    thresholds = {wording.display_name(name): metrics.thresholds for name, metrics in results.metrics.items()}
    cells = _IntervalCells(results.comparison.confidence)
    columns = [Column("Metric")]
    for name, chosen in thresholds.items():
        columns += [Column(name, "at 0.5", True), Column(name, f"at {_range(_values(chosen))}", True)]
    first = next(iter(thresholds.values()))
    rows = [
        [
            html_table.text(metric.label),
            *(
                cells.cell(f"{name} {metric.label}", at[metric.key], lowest=-1 if metric.key == "mcc" else 0)
                for name, chosen in thresholds.items()
                for at in (chosen.at_half, chosen.at_chosen)
            ),
        ]
        for metric in wording.metrics_in(first.at_chosen)
    ]
    caption = (
        f"Decisions at 0.5 and at the chosen threshold: {_CRITERIA[first.criterion]} on {first.chosen_on}. "
        f"By row, mean over {_extent(results)}; below it the {cells.described()}."
    )
    notes = [f"Thresholds by fold: {'; '.join(_spread(name, _values(t)) for name, t in thresholds.items())}."]
    return Table("decisions", caption, columns, rows, notes + cells.notes(), sortable=False)


def operating_point_table(results: DatasetResults) -> Table | None:
    """Return the configured false-positive rates and the rates on the test rows; None where none is configured."""
    thresholds = {wording.display_name(name): metrics.thresholds for name, metrics in results.metrics.items()}
    first = next(iter(thresholds.values()))
    if not first.operating_points:
        return None
    cells = _IntervalCells(results.comparison.confidence)
    columns = [Column("Model"), Column("FPR", "configured", True)]
    columns += [Column("TPR", "on test rows", True), Column("FPR", "on test rows", True)]
    rows = []
    for name, chosen in thresholds.items():
        for point in chosen.operating_points:
            rate = wording.percent(point.fpr_aimed_at)
            rows.append(
                [
                    html_table.text(name),
                    html_table.number(point.fpr_aimed_at, rate),
                    cells.cell(f"{name} TPR at {rate}", point.tpr),
                    cells.cell(f"{name} FPR at {rate}", point.fpr),
                ]
            )
    caption = (
        "Operating points: true- and false-positive rate (TPR, FPR) at the threshold whose FPR is at most the "
        f"configured one on {first.chosen_on}. By row, mean over {_extent(results)}; below it the {cells.described()}."
    )
    return Table("operating-points", caption, columns, rows, cells.notes())


def _extent(results: DatasetResults) -> str:
    """Write what the means are over: folds, rows and groups, the same for all models."""
    counts = results.comparison.counts
    rows, groups = wording.counted(counts.rows, "row"), wording.counted(counts.groups, "group")
    return f"{results.counted_folds(counts.folds)} ({rows}, {groups})"


def _values(thresholds: Thresholds) -> list[float]:
    return [fold.threshold for fold in thresholds.folds]


def _range(values: Sequence[float]) -> str:
    low, high = wording.number(min(values)), wording.number(max(values))
    return low if low == high else f"{low} to {high}"


def _spread(name: str, values: Sequence[float]) -> str:
    return f"{name} {_range(values)}, median {wording.number(median(values))} ({wording.counted(len(values), 'fold')})"


def _distinct(parts: Iterable[str]) -> str:
    """Join the distinct parts in their order."""
    return ", ".join(dict.fromkeys(parts))
