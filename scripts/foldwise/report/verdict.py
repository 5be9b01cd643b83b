"""The first lines of the page: what was found, in sentences."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.model_names import counted_models
from foldwise.report import html_table
from foldwise.report.html_table import Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json
from foldwise.results.scores import Score, fold_noun, folds_of, outer_folds, reference_score, score_of
from foldwise.results.wording import Metric

LEVELS = ("fail", "warn", "pass")

_AUDIT_WORDS = {
    "pass": "The audit passed.",
    "warn": "The audit passed with warnings.",
    "fail": "The audit failed: do not use these scores as evidence.",
}


@dataclass(frozen=True)
class Strip:
    """One line of the interval chart; positions are percentages of its width."""

    name: str
    written: str
    at: float | None
    low: float | None
    high: float | None
    reference: bool


@dataclass(frozen=True)
class Chart:
    """Means and intervals on one axis, with the constant answer as a line."""

    metric: Metric
    strips: list[Strip]
    ticks: list[tuple[float, str]]
    constant: float | None
    summary: str


@dataclass(frozen=True)
class Verdict:
    """The sentences at the top of the page."""

    headline: str
    context: list[str]
    comparison: str
    audit_level: str
    audit_word: str
    audit: str
    tally: str
    chart: Chart | None


def verdict(artefacts: Artefacts) -> Verdict:
    """Return the verdict of a dataset."""
    metric = wording.metric_named(artefacts.comparison.get("metric") or "auc")
    by_entrant = artefacts.metrics_by_entrant()
    scores = {name: score_of(found, metric.key) for name, found in by_entrant.items()}
    best = _best(scores, metric)
    level = artefacts.audit.get("verdict") or "none"
    return Verdict(
        headline=_headline(artefacts, best, scores, metric),
        context=_context(artefacts, best, scores, metric),
        comparison=artefacts.comparison.get("verdict") or "The backends were not compared.",
        audit_level=level,
        audit_word=_AUDIT_WORDS.get(level, "No audit was run."),
        audit=artefacts.audit.get("sentence") or "",
        tally=tally(artefacts.audit),
        chart=_chart(by_entrant, scores, metric),
    )


def tally(audit: Json) -> str:
    """Count the checks by level: ``1 fail, 2 warn, 9 pass``."""
    levels = [c["level"] for c in audit.get("checks", [])]
    return ", ".join(f"{levels.count(k)} {k}" for k in LEVELS if k in levels)


def _best(scores: dict[str, Score], metric: Metric) -> str | None:
    known = {name: s.mean for name, s in scores.items() if s.mean is not None}
    if not known:
        return None
    return (min if metric.lower_is_better else max)(known, key=lambda name: known[name])


def _headline(artefacts: Artefacts, best: str | None, scores: dict[str, Score], metric: Metric) -> str:
    if best is None:
        return f"No verdict: {metric.label} is undefined on every {fold_noun(artefacts)}."
    found = artefacts.metrics_by_entrant()[best]
    score, interval = scores[best], scores[best].interval
    rests_on = wording.extent(found["counts"], artefacts.contract.get("unit"))
    name, value, classes = (
        wording.subject(best),
        wording.score(score.mean),
        wording.classes(artefacts.contract),
    )
    over = f"over {folds_of(artefacts, score)}"
    if interval is None or interval.refused:
        reason = f"no interval: {interval.refused}" if interval else "no interval"
        return f"{name} scores {metric.label} {value} in telling {classes} ({reason}; mean {over}; {rests_on})."
    bracket = (
        f"({wording.percent(interval.confidence)} interval {wording.interval(interval.low, interval.high)}, "
        f"{wording.method_name(interval.method)} {over}; {rests_on})"
    )
    beaten = _beats_constant(score, reference_score(found, "constant", metric.key), metric)
    if beaten is None:
        return f"{name} scores {metric.label} {value} in telling {classes} {bracket}."
    if beaten:
        return f"{name} separates {classes} with {metric.label} {value} {bracket}."
    return f"{name} is not shown to separate {classes}: {metric.label} {value} {bracket}."


def _beats_constant(score: Score, constant: float | None, metric: Metric) -> bool | None:
    """Tell whether the whole interval is on the better side of the constant answer; None if unknown."""
    if constant is None and metric.key == "auc":
        constant = 0.5
    interval = score.interval
    if constant is None or interval is None or interval.low is None or interval.high is None:
        return None
    return interval.high < constant if metric.lower_is_better else interval.low > constant


def _context(artefacts: Artefacts, best: str | None, scores: dict[str, Score], metric: Metric) -> list[str]:
    if best is None:
        return []
    found = artefacts.metrics_by_entrant()[best]
    lines = []
    beside = [
        f"{wording.display_name(r).lower()} {wording.score(value)}"
        for r in ("constant", "logistic_regression")
        if (value := reference_score(found, r, metric.key)) is not None
    ]
    if beside:
        said = ", ".join(beside)
        lines.append(f"On the same {outer_folds(artefacts)}, {metric.label}: {said} ({metric.direction}).")
    unit = score_of(found, metric.key, "unit")
    if unit.mean is not None:
        spread = "" if unit.sd is None else f" ± {unit.sd:.3f}"
        n = wording.counted(found["counts"].get("units"), "unit")
        lines.append(
            f"Per unit (mean score of a unit's rows): {metric.label} {wording.score(unit.mean)}{spread}, "
            f"mean ± standard deviation over {folds_of(artefacts, unit)}, {n}."
        )
    if len(scores) > 1:
        lines.append(
            f"{wording.subject(best)} is named because its mean is the best of "
            f"{counted_models(list(scores))}, not because it is proven better: see the comparison."
        )
    return lines


def _chart(by_entrant: dict[str, Json], scores: dict[str, Score], metric: Metric) -> Chart | None:
    shown: list[tuple[str, float | None, float | None, float | None, bool]] = []
    for name, score in scores.items():
        ends = score.interval if score.interval and not score.interval.refused else None
        shown.append((name, score.mean, ends.low if ends else None, ends.high if ends else None, False))
    first = next(iter(by_entrant.values()), None)
    constant = reference_score(first, "constant", metric.key) if first else None
    logistic = reference_score(first, "logistic_regression", metric.key) if first else None
    if logistic is not None:
        shown.append(("logistic_regression", logistic, None, None, True))
    values = [v for entry in shown for v in entry[1:4] if v is not None]
    values += [] if constant is None else [constant]
    if len(values) < 2:
        return None
    start, stop, step = _axis(min(values), max(values))

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (value - start) / (stop - start), 2)

    strips = [
        Strip(wording.display_name(n), _written(m, a, b), place(m), place(a), place(b), r) for n, m, a, b, r in shown
    ]
    ticks = [start + i * step for i in range(round((stop - start) / step) + 1)]
    return Chart(
        metric=metric,
        strips=strips,
        ticks=[(place(t) or 0.0, f"{t:.2f}") for t in ticks],
        constant=place(constant),
        summary="; ".join(f"{s.name} {s.written}" for s in strips),
    )


def _written(mean: float | None, low: float | None, high: float | None) -> str:
    return wording.score(mean) + ("" if low is None else f" ({wording.interval(low, high)})")


def _axis(low: float, high: float) -> tuple[float, float, float]:
    """Return start, stop and step of an axis with at most seven round ticks, clear of both ends."""
    span = max(high - low, 0.02)
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if span * 1.1 <= 6 * s), span)
    start = math.floor((low - 0.05 * span) / step) * step
    stop = math.ceil((high + 0.05 * span) / step) * step
    return start, stop, step


# Entries of evidence kept on the page for one check; audit.json has them all.
EVIDENCE_LIMIT = 25
_ENTRY_LENGTH = 400


@dataclass(frozen=True)
class Check:
    """One check; ``evidence`` is a table where its entries share keys, otherwise ``lines``."""

    id: str
    level: str
    sentence: str
    value: str
    threshold: str
    evidence: Table | None
    lines: list[str]
    left_out: int


def checks(audit: Json) -> list[Check]:
    """Return the checks, the worst first; within a level in the order of audit.json."""
    found = [_check(c) for c in audit.get("checks", [])]
    return sorted(found, key=lambda c: LEVELS.index(c.level) if c.level in LEVELS else len(LEVELS))


def _check(found: Json) -> Check:
    entries = _entries(found.get("evidence"))
    kept = entries[:EVIDENCE_LIMIT]
    tabular = bool(kept) and all(isinstance(e, Mapping) for e in kept)
    return Check(
        id=str(found["id"]),
        level=str(found["level"]),
        sentence=str(found.get("sentence") or ""),
        value=_measured(found.get("value")),
        threshold=_measured(found.get("threshold")),
        evidence=_evidence_table(str(found["id"]), kept) if tabular else None,
        lines=[] if tabular else [_short(e) for e in kept],
        left_out=len(entries) - len(kept),
    )


def _entries(evidence: Any) -> list[Any]:
    if evidence is None:
        return []
    if isinstance(evidence, Mapping):
        return [{"name": k, "value": v} for k, v in evidence.items()]
    return list(evidence) if isinstance(evidence, list | tuple) else [evidence]


def _evidence_table(check: str, entries: list[Mapping[str, Any]]) -> Table:
    keys = list(dict.fromkeys(str(k) for e in entries for k in e))
    columns = [
        Column(k.replace("_", " "), numeric=all(e.get(k) is None or wording.is_number(e[k]) for e in entries))
        for k in keys
    ]
    rows = [[html_table.anything(e[k]) if k in e else html_table.text("") for k in keys] for e in entries]
    return Table(f"evidence-{check}", f"Evidence of {check}", columns, rows)


def _measured(value: Any) -> str:
    return "" if value is None else wording.anything(value)


def _short(entry: Any) -> str:
    written = wording.anything(entry)
    return written if len(written) <= _ENTRY_LENGTH else written[: _ENTRY_LENGTH - 1] + "…"
