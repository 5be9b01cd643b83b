"""What a user of the model would see: calibration, decisions at a threshold, and operating points."""

from collections.abc import Sequence
from statistics import median

from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json
from foldwise.results.scores import counted_folds

_CALIBRATION = {"brier": "Brier score", "log_loss": "Log loss", "slope": "Slope", "intercept": "Intercept"}

_CRITERIA = {
    "f1": "the best F1",
    "youden": "the largest difference between true- and false-positive rate (Youden)",
    "fpr": "the largest true-positive rate at a limited false-positive rate",
}

_FITTED_ON = "inner out-of-fold scores of each fold's train part"


class _Intervals:
    """Writes scores with their intervals, and keeps what has to be said about these below the table."""

    def __init__(self) -> None:
        self._refused: dict[str, list[str]] = {}
        self._confidences: set[float] = set()
        self._beyond = False

    def cell(self, name: str, found: Json | None, lowest: float = 0) -> Cell:
        """Return a score with its interval below it; ``name`` and ``lowest`` possible value are for the notes."""
        if not found:
            return html_table.score(None)
        low, high = found.get("low"), found.get("high")
        if low is None or high is None:
            self._refused.setdefault(str(found.get("refused") or "its ends are undefined"), []).append(name)
            return html_table.score(found.get("estimate"), "no interval")
        self._confidences.add(float(found.get("confidence") or 0.95))
        self._beyond |= low < lowest or high > 1
        return html_table.score(found.get("estimate"), wording.interval(low, high))

    def described(self) -> str:
        """Name the intervals: ``95 % corrected t interval``."""
        return f"{_listed([wording.percent(c) for c in sorted(self._confidences)])} corrected t interval".lstrip()

    def notes(self) -> list[str]:
        """Say each reason for a missing interval once, and why an end can be an impossible score."""
        notes = ["A corrected t interval is symmetric: an end can lie beyond what the score can be."]
        refused = [f"No interval for {_listed(names)}: {reason}." for reason, names in self._refused.items()]
        return (notes if self._beyond else []) + refused


def calibration_table(artefacts: Artefacts) -> Table | None:
    """Return each backend's scores before and after calibration; None where nothing was measured."""
    found = _by_backend(artefacts, "calibration", "method")
    if not found:
        return None
    columns = [Column("Backend"), Column("Method")]
    columns += [Column(label, when, True) for label in _CALIBRATION.values() for when in ("before", "after")]
    rows = [
        [
            html_table.text(wording.display_name(name)),
            html_table.text(entry["method"]),
            *(
                html_table.score((entry.get(when) or {}).get(key))
                for key in _CALIBRATION
                for when in ("before", "after")
            ),
        ]
        for name, entry in found.items()
    ]
    fitted_on = _listed([entry.get("fitted_on") or _FITTED_ON for entry in found.values()])
    caption = f"Before and after calibration, fitted on {fitted_on}. By row, mean over {_extent(artefacts)}."
    notes = [
        "Slope: 1 is right, below 1 the scores are too extreme. Intercept: 0 is right, above 0 the scores are too low."
    ]
    if any(entry["method"] == "none" for entry in found.values()):
        notes.append("Method none: scores stay as they are.")
    return Table("calibration", caption, columns, rows, notes + _without_slope(found))


def _without_slope(found: dict[str, Json]) -> list[str]:
    """Say where the slope is a mean over fewer folds than the rest."""
    notes = []
    for name, entry in found.items():
        for when in ("before", "after"):
            defined = (entry.get(when) or {}).get("n_folds_with_slope")
            if defined is not None and defined < entry["n_folds"]:
                over = f"{defined} of {wording.counted(entry['n_folds'], 'fold')}"
                notes.append(
                    f"{wording.display_name(name)}, {when}: the slope is a mean over {over}; elsewhere the classes "
                    "are separated, or one is missing."
                )
    return notes


def decision_table(artefacts: Artefacts) -> Table | None:
    """Return the scores of decisions at 0.5 and at the chosen thresholds; None where nothing was measured."""
    found = _by_backend(artefacts, "thresholds", "at_chosen")
    if not found:
        return None
    shown = wording.metrics_in(metric for entry in found.values() for metric in entry["at_chosen"])
    intervals = _Intervals()
    columns = [Column("Metric")]
    for name, entry in found.items():
        spoken = wording.display_name(name)
        columns += [Column(spoken, "at 0.5", True), Column(spoken, f"at {_range(_thresholds(entry))}", True)]
    rows = [
        [
            html_table.text(metric.label),
            *(
                intervals.cell(
                    f"{wording.display_name(name)} {metric.label}",
                    (entry.get(key) or {}).get(metric.key),
                    lowest=-1 if metric.key == "mcc" else 0,
                )
                for name, entry in found.items()
                for key in ("at_0.5", "at_chosen")
            ),
        ]
        for metric in shown
    ]
    caption = (
        f"Decisions at 0.5 and at the chosen threshold: {_criteria(found)} on {_chosen_on(found)}. "
        f"By row, mean over {_extent(artefacts)}; below it the {intervals.described()}."
    )
    notes = [f"Thresholds by fold: {_listed([_spread(name, entry) for name, entry in found.items()], '; ')}."]
    return Table("decisions", caption, columns, rows, notes + intervals.notes(), sortable=False)


def operating_point_table(artefacts: Artefacts) -> Table | None:
    """Return the false-positive rates aimed at and what was reached; None where none was measured."""
    found = _by_backend(artefacts, "thresholds", "operating_points")
    if not found:
        return None
    intervals = _Intervals()
    columns = [Column("Backend"), Column("FPR", "aimed at", True)]
    columns += [Column("TPR", "reached", True), Column("FPR", "reached", True)]
    rows = []
    for name, entry in found.items():
        for point in entry["operating_points"]:
            aim = wording.percent(point["fpr_aimed_at"])
            reached = [
                intervals.cell(f"{wording.display_name(name)} {rate.upper()} at {aim}", point.get(rate))
                for rate in ("tpr", "fpr")
            ]
            rows.append(
                [html_table.text(wording.display_name(name)), html_table.number(point["fpr_aimed_at"], aim), *reached]
            )
    caption = (
        "Operating points: true- and false-positive rates (TPR, FPR) at thresholds that keep to the FPR aimed at on "
        f"{_chosen_on(found)}. By row, mean over {_extent(artefacts)}; below it the {intervals.described()}."
    )
    return Table("operating-points", caption, columns, rows, intervals.notes())


def _by_backend(artefacts: Artefacts, key: str, needed: str) -> dict[str, Json]:
    """Return one section of the metrics of each backend that has it."""
    found = {name: metrics.get(key) or {} for name, metrics in artefacts.metrics_by_entrant().items()}
    return {name: entry for name, entry in found.items() if entry.get(needed)}


def _extent(artefacts: Artefacts) -> str:
    """Write what every mean here is over; all entrants share the folds."""
    counts = next(iter(artefacts.metrics_by_entrant().values()))["counts"]
    rows, groups = wording.counted(counts.get("rows"), "row"), wording.counted(counts.get("groups"), "group")
    return f"{counted_folds(artefacts, counts.get('folds'))} ({rows}, {groups})"


def _criteria(found: dict[str, Json]) -> str:
    named = [_CRITERIA.get(str(c), str(c)) for entry in found.values() if (c := entry.get("criterion"))]
    return _listed(named) or "chosen"


def _chosen_on(found: dict[str, Json]) -> str:
    return _listed([entry.get("chosen_on") or _FITTED_ON for entry in found.values()])


def _thresholds(entry: Json) -> list[float]:
    return [f["threshold"] for f in entry.get("folds") or [] if f.get("threshold") is not None]


def _range(values: Sequence[float]) -> str:
    if not values:
        return "the chosen one"
    low, high = wording.score(min(values)), wording.score(max(values))
    return low if low == high else f"{low} to {high}"


def _spread(name: str, entry: Json) -> str:
    values = _thresholds(entry)
    middle = f", median {wording.score(median(values))}" if len(values) > 1 else ""
    return f"{wording.display_name(name)} {_range(values)}{middle} ({wording.counted(len(values), 'fold')})"


def _listed(parts: Sequence[str], between: str = ", ") -> str:
    """Join the distinct parts in their order."""
    return between.join(dict.fromkeys(parts))
