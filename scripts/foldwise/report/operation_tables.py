"""What a user of the model would see: calibration, decisions at a threshold, and operating points."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from foldwise.report import view, words
from foldwise.report.artefacts import Artefacts, Json
from foldwise.report.protocol import counted_folds
from foldwise.report.view import Cell, Column, Table

_CALIBRATION = {"brier": "Brier score", "log_loss": "Log loss", "slope": "Slope", "intercept": "Intercept"}
_CRITERIA = {
    "f1": "the best F1",
    "youden": "the largest difference between true- and false-positive rate (Youden)",
    "fpr": "the largest true-positive rate at a limited false-positive rate",
}
_FITTED_ON = "inner out-of-fold scores of each fold's train part"


class _Refusals:
    """The reasons for missing intervals, each with the scores that it concerns."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def cell(self, name: str, found: Json | None) -> Cell:
        """Return a score with its interval below it, or ``no interval`` and a reason kept for the notes."""
        if not found:
            return view.score(None)
        if found.get("low") is None or found.get("high") is None:
            self._found.setdefault(str(found.get("refused") or "its ends are undefined"), []).append(name)
            return view.score(found.get("estimate"), "no interval")
        return view.score(found.get("estimate"), words.interval(found["low"], found["high"]))

    def notes(self) -> list[str]:
        """Say each reason once, with what it concerns."""
        return [f"No interval for {_listed(names)}: {reason}." for reason, names in self._found.items()]


def calibration_table(artefacts: Artefacts) -> Table | None:
    """Return each backend's scores before and after calibration; None where nothing was measured."""
    found = _by_backend(artefacts, "calibration", "method")
    if not found:
        return None
    columns = [Column("Backend"), Column("Method")]
    columns += [Column(label, when, True) for label in _CALIBRATION.values() for when in ("before", "after")]
    columns += [Column("Folds", numeric=True), Column("Rows", "scored", True)]
    rows = [
        [
            view.text(words.display_name(name)),
            view.text(entry["method"]),
            *(view.score((entry.get(when) or {}).get(key)) for key in _CALIBRATION for when in ("before", "after")),
            view.count(entry.get("n_folds")),
            view.count(entry.get("n_rows")),
        ]
        for name, entry in found.items()
    ]
    fitted_on = _listed([entry.get("fitted_on") or _FITTED_ON for entry in found.values()])
    caption = f"Calibration, fitted on {fitted_on}. Means over the test rows of the folds, before and after."
    notes = [
        "Slope: 1 is right, below 1 the scores are too extreme. Intercept: 0 is right, above 0 the scores are too low."
    ]
    if any(entry["method"] == "none" for entry in found.values()):
        notes.append("Method none: scores stay as they are.")
    return Table("calibration", caption, columns, rows, notes)


def decision_table(artefacts: Artefacts) -> Table | None:
    """Return the scores of decisions at 0.5 and at the chosen thresholds; None where nothing was measured."""
    found = _by_backend(artefacts, "thresholds", "at_chosen")
    if not found:
        return None
    shown = words.metrics_in(metric for entry in found.values() for metric in entry["at_chosen"])
    refusals = _Refusals()
    columns = [Column("Metric")]
    for name, entry in found.items():
        spoken = words.display_name(name)
        columns += [Column(spoken, "at 0.5", True), Column(spoken, f"at {_range(_thresholds(entry))}", True)]
    rows = [
        [
            view.text(metric.label),
            *(
                refusals.cell(f"{words.display_name(name)} {metric.label}", (entry.get(key) or {}).get(metric.key))
                for name, entry in found.items()
                for key in ("at_0.5", "at_chosen")
            ),
        ]
        for metric in shown
    ]
    caption = (
        f"Decisions at 0.5 and at the chosen threshold: {_criteria(found)} on {_chosen_on(found)}. {_over(artefacts)}"
    )
    notes = [f"Thresholds by fold: {_listed([_spread(name, entry) for name, entry in found.items()], '; ')}."]
    return Table("decisions", caption, columns, rows, notes + refusals.notes(), sortable=False)


def operating_point_table(artefacts: Artefacts) -> Table | None:
    """Return the false-positive rates aimed at and what was reached; None where none was measured."""
    found = _by_backend(artefacts, "thresholds", "operating_points")
    if not found:
        return None
    refusals = _Refusals()
    columns = [Column("Backend"), Column("FPR", "aimed at", True)]
    columns += [Column("TPR", "reached", True), Column("FPR", "reached", True), Column("Folds", numeric=True)]
    rows = []
    for name, entry in found.items():
        for point in entry["operating_points"]:
            aim = words.percent(point["fpr_aimed_at"])
            reached = [
                refusals.cell(f"{words.display_name(name)} {rate.upper()} at {aim}", point.get(rate))
                for rate in ("tpr", "fpr")
            ]
            rows.append(
                [
                    view.text(words.display_name(name)),
                    view.number(point["fpr_aimed_at"], aim),
                    *reached,
                    view.count(entry.get("n_folds")),
                ]
            )
    caption = (
        "Operating points: true- and false-positive rates (TPR, FPR) at thresholds that keep to the FPR aimed at on "
        f"{_chosen_on(found)}. {_over(artefacts)}"
    )
    return Table("operating-points", caption, columns, rows, _beyond(found) + refusals.notes())


def _by_backend(artefacts: Artefacts, key: str, needed: str) -> dict[str, Json]:
    """Return one section of the metrics of each backend that has it."""
    found = {name: metrics.get(key) or {} for name, metrics in artefacts.metrics_by_backend().items()}
    return {name: entry for name, entry in found.items() if entry.get(needed)}


def _over(artefacts: Artefacts) -> str:
    counts = next(iter(artefacts.metrics_by_backend().values()))["counts"]
    rows, groups = words.counted(counts.get("rows"), "row"), words.counted(counts.get("groups"), "group")
    return (
        f"By row, mean over {counted_folds(artefacts, counts.get('folds'))}, below it the corrected t interval; "
        f"{rows}, {groups}."
    )


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
    low, high = words.score(min(values)), words.score(max(values))
    return low if low == high else f"{low} to {high}"


def _spread(name: str, entry: Json) -> str:
    values = _thresholds(entry)
    middle = f", median {words.score(median(values))}" if len(values) > 1 else ""
    return f"{words.display_name(name)} {_range(values)}{middle} ({words.counted(len(values), 'fold')})"


def _beyond(found: dict[str, Json]) -> list[str]:
    """Explain an end outside 0 and 1, where there is one: the t interval knows no bounds."""
    reached: list[Any] = [point.get(r) or {} for e in found.values() for point in e["operating_points"] for r in point]
    ends = [value for entry in reached if isinstance(entry, dict) for k in ("low", "high") if (value := entry.get(k))]
    if not any(end < 0 or end > 1 for end in ends):
        return []
    return ["A corrected t interval is symmetric, so that near 0 and 1 an end can lie outside them."]


def _listed(parts: Sequence[str], between: str = ", ") -> str:
    """Join the distinct parts in their order."""
    return between.join(dict.fromkeys(parts))
