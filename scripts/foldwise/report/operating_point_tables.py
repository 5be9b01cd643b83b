"""Tables on the use of a model: calibration, decisions at a chosen threshold, and operating points."""

from collections.abc import Iterable, Sequence
from statistics import median

from foldwise.evaluation.decision_records import Decision
from foldwise.evaluation.interval_records import Interval
from foldwise.evaluation.records import HEADLINE_METHOD, Level
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.stats.thresholds import Criterion

_CALIBRATION = {"brier": "Brier score", "log_loss": "Log loss", "slope": "Slope", "intercept": "Intercept"}

_CRITERIA = {
    "youden": "the largest difference between true- and false-positive rate (Youden)",
    "f1": "the best F1",
    "mcc": "the best Matthews correlation",
    "accuracy": "the best accuracy",
    "fixed_fpr": "the largest true-positive rate at a false-positive rate of at most {value:g}",
    "cost": "the least cost, {false_positive:g} for a false positive and {false_negative:g} for a false negative",
    "fixed": "{value:g}, as configured",
}


class _IntervalCells:
    """Writes metrics with their intervals, and collects the notes on these for below the table."""

    def __init__(self, confidence: float) -> None:
        self._confidence = confidence
        self._refused: dict[str, list[str]] = {}

    def cell(self, name: str, interval: Interval) -> Cell:
        """Return a metric with its interval below it; ``name`` is for the notes."""
        if interval.ends is None:
            self._refused.setdefault(str(interval.refused), []).append(name)
            return html_table.metric(interval.estimate, "no interval")
        return html_table.metric(interval.estimate, wording.interval(*interval.ends))

    def described(self) -> str:
        """Name the intervals: ``95 % interval by influence functions``."""
        return f"{wording.percent(self._confidence)} interval by {wording.method_name(HEADLINE_METHOD)}"

    def notes(self) -> list[str]:
        """Write each reason for a missing interval once."""
        return [f"No interval for {_distinct(names)}: {reason}." for reason, names in self._refused.items()]


def decided_levels(results: DatasetResults) -> list[Level]:
    """Return the levels of decisions: units and rows, or rows alone where every row is a unit."""
    counts = results.comparison.counts
    return ["row"] if counts.units == counts.rows else ["unit", "row"]


def calibration_table(results: DatasetResults, level: Level) -> Table:
    """Return Brier score, log loss, slope and intercept of each model before and after calibration."""
    calibrations = {wording.display_name(name): metrics.calibration for name, metrics in results.metrics.items()}
    columns = [Column("Model"), Column("Method")]
    columns += [Column(label, when, True) for label in _CALIBRATION.values() for when in ("before", "after")]
    rows, notes = (
        [],
        [
            "Slope: 1 is ideal, below 1 the probabilities are too extreme. Intercept: 0 is ideal, above 0 the "
            "probabilities are too low."
        ],
    )
    for name, calibration in calibrations.items():
        measured = calibration.row if level == "row" else calibration.unit
        parts = {"before": measured.before, "after": measured.after}
        cells = [html_table.metric(getattr(part, key)) for key in _CALIBRATION for part in parts.values()]
        rows.append([html_table.text(name), html_table.text(calibration.method), *cells])
        for when, part in parts.items():
            if part.n_folds_with_slope < measured.over.n_folds:
                notes.append(
                    f"{name}, {when}: the slope is a mean over {part.n_folds_with_slope} of "
                    f"{wording.counted(measured.over.n_folds, 'fold')}; on the others the classes are perfectly "
                    "separated, or one is missing."
                )
    fitted_on = _distinct(calibration.fitted_on for calibration in calibrations.values())
    caption = (
        f"Before and after calibration, fitted by row on {fitted_on}. By {_by(level)}, mean over "
        f"{_extent(results, level)}."
    )
    if any(calibration.method == "none" for calibration in calibrations.values()):
        notes.append("Method none: predictions are not changed.")
    return Table(_named("calibration", level), caption, columns, rows, notes)


def decision_table(results: DatasetResults, level: Level) -> Table:
    """Return the metrics of decisions at 0.5 and at the chosen thresholds, two columns a model."""
    decisions = {wording.display_name(name): metrics.decision for name, metrics in results.metrics.items()}
    cells = _IntervalCells(results.comparison.confidence)
    columns = [Column("Metric")]
    for name, decision in decisions.items():
        columns += [Column(name, f"at {_range(_values(decision))}", True), Column(name, "at 0.5", True)]
    columns.append(Column("Constant decision", numeric=True))
    first = next(iter(decisions.values()))
    rows = [
        [
            html_table.text(metric.label),
            *(
                cells.cell(f"{name} {metric.label}", at[metric.key])
                for name, decision in decisions.items()
                for at in (decision.at(level).at_chosen, decision.at(level).at_half)
            ),
            html_table.metric(first.at(level).constant[metric.key]),
        ]
        for metric in wording.metrics_in(first.row.at_chosen)
    ]
    criterion = Criterion.of(first.criterion)
    chosen = _CRITERIA[criterion.name].format(**vars(criterion))
    caption = (
        f"Decisions by {_by(level)} at the chosen threshold and at 0.5. The threshold has {chosen}, by unit on "
        f"{first.chosen_on}. Mean over {_extent(results, level)}; below it the {cells.described()}. The constant "
        "decision is the better of calling everything positive and everything negative, for each metric."
    )
    notes = [f"Thresholds by fold: {'; '.join(_spread(name, _values(d)) for name, d in decisions.items())}."]
    notes += [
        f"{name}: by its criterion the decision is no better than the better constant one."
        for name, decision in decisions.items()
        if not decision.at(level).better_than_constant
    ]
    return Table(_named("decisions", level), caption, columns, rows, notes + cells.notes(), sortable=False)


def operating_point_table(results: DatasetResults, level: Level) -> Table | None:
    """Return the configured false-positive rates and the rates on the test rows; None where none is configured."""
    decisions = {wording.display_name(name): metrics.decision for name, metrics in results.metrics.items()}
    first = next(iter(decisions.values()))
    if not first.row.operating_points:
        return None
    cells = _IntervalCells(results.comparison.confidence)
    columns = [Column("Model"), Column("FPR", "configured", True)]
    columns += [Column("TPR", "on test data", True), Column("FPR", "on test data", True)]
    rows = []
    for name, decision in decisions.items():
        for point in decision.at(level).operating_points:
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
        f"Operating points by {_by(level)}: true- and false-positive rate (TPR, FPR) at the threshold whose FPR is at "
        f"most the configured one, by unit on {first.chosen_on}. Mean over {_extent(results, level)}; below it the "
        f"{cells.described()}."
    )
    return Table(_named("operating-points", level), caption, columns, rows, cells.notes())


def _extent(results: DatasetResults, level: Level) -> str:
    """Write what the means are over: folds, rows or units, and groups, the same for all models."""
    counts = results.comparison.counts
    over = wording.counted(counts.rows if level == "row" else counts.units, level)
    return f"{results.counted_folds(counts.folds)} ({over}, {wording.counted(counts.groups, 'group')})"


def _by(level: Level) -> str:
    return "row" if level == "row" else "unit (the mean prediction of its rows)"


def _named(table: str, level: Level) -> str:
    return table if level == "row" else f"{table}-by-unit"


def _values(decision: Decision) -> list[float]:
    return [fold.threshold for fold in decision.folds]


def _range(values: Sequence[float]) -> str:
    low, high = wording.number(min(values)), wording.number(max(values))
    return low if low == high else f"{low} to {high}"


def _spread(name: str, values: Sequence[float]) -> str:
    return f"{name} {_range(values)}, median {wording.number(median(values))} ({wording.counted(len(values), 'fold')})"


def _distinct(parts: Iterable[str]) -> str:
    """Join the distinct parts in their order."""
    return ", ".join(dict.fromkeys(parts))
