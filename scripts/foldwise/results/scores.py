"""Scores of a backend or of a reference: a mean over folds, its spread, and its interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from foldwise.results import wording
from foldwise.results.load import Artefacts, Json

_COUNTS = ("fold", "repeat", "n_rows", "n_units", "n_groups", "n_positive")
_CONFUSION = ("true_negatives", "false_positives", "false_negatives", "true_positives")
_NO_SCORE = (*_COUNTS, "source", "confusion", "unit")


def fold_scores(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return dataset, backend, counts, confusion and the row-level scores as ``test_<metric>`` of each outer fold."""
    return [
        {
            "dataset": metrics["dataset"],
            "backend": metrics["backend"],
            **{name: fold[name] for name in _COUNTS},
            **{f"test_{name}": value for name, value in fold.items() if name not in _NO_SCORE},
            **dict(zip(_CONFUSION, (count for row in fold["confusion"] for count in row), strict=True)),
        }
        for fold in metrics["fold_results"]
    ]


Level = Literal["row", "unit"]
HEADLINE_METHOD = "corrected_t"


@dataclass(frozen=True)
class Interval:
    """An interval, or the reason why none is given (``refused``)."""

    method: str
    low: float | None
    high: float | None
    confidence: float
    n_folds: int | None
    n_groups: int | None
    refused: str | None


@dataclass(frozen=True)
class Score:
    """Mean over the folds where the metric is defined, with the standard deviation between them (ddof 1)."""

    mean: float | None
    sd: float | None
    folds: int
    defined: int
    interval: Interval | None


def parse_interval(method: str, found: Mapping[str, Any], confidence: float = 0.95) -> Interval:
    """Read one entry of ``intervals``."""
    refused = found.get("refused")
    if not refused and (found.get("low") is None or found.get("high") is None):
        refused = "its ends are undefined"
    return Interval(
        method=method,
        low=found.get("low"),
        high=found.get("high"),
        confidence=float(found.get("confidence") or confidence),
        n_folds=found.get("n_folds"),
        n_groups=found.get("n_groups"),
        refused=refused,
    )


def fold_values(metrics: Json, metric: str, level: Level = "row") -> list[float | None]:
    """Return a metric on each outer fold; None where it is undefined."""
    folds = metrics["fold_results"]
    return [(f if level == "row" else f.get("unit", {})).get(metric) for f in folds]


def score_of(metrics: Json, metric: str, level: Level = "row") -> Score:
    """Return a backend's score; what metrics.json states is shown as stated.

    What it leaves out, as a metric that some fold does not define, is averaged over the folds that do.
    """
    source = metrics if level == "row" else metrics.get("unit", {})
    values = fold_values(metrics, metric, level)
    known = [v for v in values if v is not None]
    mean = source.get(f"test_{metric}")
    sd = source.get(f"test_{metric}_std")
    if mean is None and known:
        mean = fmean(known)
    if sd is None and len(known) > 1:
        sd = stdev(known)
    return Score(mean, sd, len(values), len(known), _headline_interval(source, metric, level))


def reference_score(metrics: Json, reference: str, metric: str, level: Level = "row") -> float | None:
    """Return the mean score of ``constant`` or ``logistic_regression`` on the same folds."""
    found = metrics.get("trivial", {}).get(reference) or {}
    if level == "unit":
        found = found.get("unit") or {}
    value = found.get(metric, found.get(f"test_{metric}"))
    return float(value) if isinstance(value, int | float) else None


def metric_keys(metrics: Json, level: Level = "row") -> set[str]:
    """Return the keys of everything that was measured on the folds."""
    folds = metrics["fold_results"]
    return {key for f in folds for key in (f if level == "row" else f.get("unit", {}))}


def _headline_interval(source: Json, metric: str, level: Level) -> Interval | None:
    found = source.get("intervals", {}).get(metric, {}).get(HEADLINE_METHOD)
    if found is None or found.get("level", level) != level:
        return None
    return parse_interval(HEADLINE_METHOD, found)


def held_out_column(artefacts: Artefacts) -> str | None:
    """Return the column whose values are held out in turn, None where groups were dealt to folds."""
    folds = [fold for found in artefacts.metrics for fold in found["fold_results"]]
    if not any("source" in fold for fold in folds):
        return None
    return str((artefacts.configuration.get("folds") or {}).get("by") or "the source column")


def fold_noun(artefacts: Artefacts) -> str:
    """Name one outer fold: ``fold``, or ``held-out value of camera``."""
    column = held_out_column(artefacts)
    return "fold" if column is None else f"held-out value of {column}"


def outer_folds(artefacts: Artefacts) -> str:
    """Name the parts that a mean is over: ``outer folds``, or ``held-out values of camera``."""
    column = held_out_column(artefacts)
    return "outer folds" if column is None else f"held-out values of {column}"


def counted_folds(artefacts: Artefacts, count: int | None) -> str:
    """Write a number of outer folds: ``5 folds``, or ``3 held-out values of camera``."""
    column = held_out_column(artefacts)
    if column is None:
        return wording.counted(count, "fold")
    return f"{wording.counted(count, 'held-out value')} of {column}"


def folds_of(artefacts: Artefacts, score: Score) -> str:
    """Write the folds that a mean is over; where it is defined on some only, how many of them."""
    over = counted_folds(artefacts, score.folds)
    return over if score.defined == score.folds else f"{score.defined} of {over}"
