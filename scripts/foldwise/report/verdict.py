"""The verdict at the top of the page: the headline, its baselines, the comparison and the audit in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldwise.evaluation.comparison_records import Pair
from foldwise.evaluation.records import HEADLINE_METHOD, MetricSummary
from foldwise.model_names import counted_models
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.wording import Metric

_AUDIT_WORDS = {
    "pass": "The audit passed.",
    "warn": "The audit passed with warnings.",
    "fail": "The audit failed: do not use these metrics as evidence.",
}


@dataclass(frozen=True)
class Verdict:
    """The sentences at the top of the page.

    Attributes:
        headline: metric and interval of the recommended model.
        context: the baselines, the metric by unit, and why this model is the recommended one.
        in_use: what the recommended model does in use, by unit.
        comparison: what the comparison of the models shows.
        audit_level: ``pass``, ``warn`` or ``fail``; ``none`` where the audit is switched off.
        audit_word: the level as a sentence.
        audit: what the audit says; empty where it is switched off.
    """

    headline: str
    context: list[str]
    in_use: Sequence[str]
    comparison: str
    audit_level: str
    audit_word: str
    audit: str


def verdict(results: DatasetResults) -> Verdict:
    """Return the verdict on a dataset."""
    metric = wording.metric_named(results.comparison.metric)
    name = results.comparison.recommended
    summary = results.metrics[name].summary(metric.key)
    if summary.mean is not None:
        headline, context = _headline(results, name, summary, metric), _context(results, name, metric)
    else:
        headline, context = f"No verdict: {metric.label} is undefined on every {results.fold_noun}.", []
    audit = results.audit
    return Verdict(
        headline=headline,
        context=context,
        in_use=results.metrics[name].decision.in_use,
        comparison=results.comparison.verdict,
        audit_level="none" if audit is None else audit.verdict,
        audit_word="No audit was run." if audit is None else _AUDIT_WORDS[audit.verdict],
        audit="" if audit is None else audit.sentence,
    )


def _headline(results: DatasetResults, name: str, summary: MetricSummary, metric: Metric) -> str:
    interval, metrics = summary.interval, results.metrics[name]
    extent = wording.extent(metrics.counts, results.contract.unit)
    subject, classes = wording.subject(name), wording.classes(results.contract.label)
    value, folds = f"{metric.label} {wording.number(summary.mean)}", results.folds_of(summary)
    if interval is None or interval.ends is None or interval.confidence is None:
        reason = "no interval" if interval is None else f"no interval: {interval.refused}"
        return f"{subject} has {value} in distinguishing {classes} (mean over {folds}, {reason}; {extent})."
    bracket = (
        f"({wording.percent(interval.confidence)} interval {wording.interval(*interval.ends)}, "
        f"{wording.method_name(HEADLINE_METHOD)} over {folds}; {extent})"
    )
    if not _better_than_constant(interval.ends, metrics.baseline("constant", metric.key), metric):
        return f"{subject} is not shown to distinguish {classes}: {value} {bracket}."
    pair = _pair_with_constant(results, name)
    if pair is None or pair.test is None or pair.test.p_holm < 1 - results.comparison.confidence:
        return f"{subject} distinguishes {classes} with {value} {bracket}."
    return f"{subject} may distinguish {classes}: {value} {bracket}."


def _better_than_constant(ends: tuple[float, float], constant: float | None, metric: Metric) -> bool:
    """Tell whether the whole interval is on the better side of the constant prediction."""
    if constant is None:
        return False
    return ends[1] < constant if metric.lower_is_better else ends[0] > constant


def _pair_with_constant(results: DatasetResults, name: str) -> Pair | None:
    return next((pair for pair in results.comparison.pairs if {pair.a, pair.b} == {name, "constant"}), None)


def _context(results: DatasetResults, name: str, metric: Metric) -> list[str]:
    metrics = results.metrics[name]
    baselines = ", ".join(
        f"{wording.display_name(baseline).lower()} {wording.number(metrics.baseline(baseline, metric.key))}"
        for baseline in ("constant", "logistic_regression")
    )
    lines = [f"Baselines on the same {results.outer_folds}, {metric.label} by row: {baselines} ({metric.direction})."]
    pair = _pair_with_constant(results, name)
    if pair is not None and pair.test is not None:
        significant = "significant" if pair.test.p_holm < 1 - results.comparison.confidence else "not significant"
        lines.append(
            f"The difference from the constant prediction is {significant} after Holm's correction for all "
            f"{wording.counted(len(results.comparison.pairs), 'pair')} of models and baselines (p "
            f"{wording.probability(pair.test.p_holm)}); the interval above is not corrected."
        )
    unit = metrics.summary(metric.key, "unit")
    if unit.mean is not None:
        spread = "" if unit.sd is None else f" ± {unit.sd:.3f}"
        lines.append(
            f"By unit (the prediction of a unit is the mean over its rows): {metric.label} "
            f"{wording.number(unit.mean)}{spread}, mean ± standard deviation over {results.folds_of(unit)}, "
            f"{wording.counted(metrics.counts.units, 'unit')}."
        )
    if len(results.models) > 1:
        lines.append(
            f"{wording.subject(name)} is the recommended model of {counted_models(results.models)}. The configuration "
            "names it (evaluation.recommend), not its result: unless that was changed after results were seen, its "
            "metrics are not those of the best of several. Whether the models differ is under Comparison."
        )
    return lines
