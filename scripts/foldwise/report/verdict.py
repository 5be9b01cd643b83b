"""The verdict at the top of the page: the headline, its baselines, the comparison and the audit in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldwise.evaluation.comparison_records import DifferenceTest
from foldwise.evaluation.records import HEADLINE_METHOD, MetricSummary
from foldwise.model_names import CONSTANT, counted_models
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.wording import Metric
from foldwise.stats.corrected_t import FEW_GROUPS

_AUDIT_WORDS = {
    "pass": "The audit passed.",
    "warn": "The audit passed with warnings.",
    "fail": "The audit failed: do not use these metrics as evidence.",
}


@dataclass(frozen=True)
class Verdict:
    """The sentences at the top of the page.

    Attributes:
        headline: metric and interval of the recommended model, and whether it is better than the constant prediction.
        context: the baselines, the metric by unit, and why this model is the recommended one.
        in_use: what the recommended model does in use, by unit.
        baselines: what the comparison of the models with the baselines shows.
        comparison: what the comparison of the models with each other shows.
        audit_level: ``pass``, ``warn`` or ``fail``; ``none`` where the audit is switched off.
        audit_word: the level as a sentence.
        audit: what the audit says; empty where it is switched off.
    """

    headline: str
    context: list[str]
    in_use: Sequence[str]
    baselines: str
    comparison: str
    audit_level: str
    audit_word: str
    audit: str


def verdict(results: DatasetResults) -> Verdict:
    """Return the verdict on a dataset."""
    metric = wording.metric_named(results.comparison.metric)
    name = results.comparison.recommended
    summary = results.metrics[name].summary(metric.key)
    audit = results.audit
    return Verdict(
        headline=_headline(results, name, summary, metric),
        context=[] if summary.mean is None else _context(results, name, summary, metric),
        in_use=results.metrics[name].decision.in_use,
        baselines=results.comparison.verdict_baselines,
        comparison=results.comparison.verdict,
        audit_level="none" if audit is None else audit.verdict,
        audit_word="No audit was run." if audit is None else _AUDIT_WORDS[audit.verdict],
        audit="" if audit is None else audit.sentence,
    )


def _headline(results: DatasetResults, name: str, summary: MetricSummary, metric: Metric) -> str:
    """Return whether the model distinguishes the classes, by its test against the constant prediction, and its metric.

    The verdict on the baselines is made from the same test, so that the two sentences agree.
    """
    subject, classes = wording.subject(name), wording.classes(results.contract.label)
    extent = wording.extent(results.metrics[name].counts, results.contract.unit)
    if summary.mean is None:
        undefined = f"{metric.label} is undefined on every {results.fold_noun} ({extent})"
        return f"{subject} is not shown to distinguish {classes}: {undefined}."
    interval, folds = summary.interval, results.folds_of(summary)
    if interval is not None and interval.ends is not None and interval.confidence is not None:
        ends = f"{wording.percent(interval.confidence)} interval {wording.interval(*interval.ends)}"
        bracket = f"({ends}, {wording.method_name(HEADLINE_METHOD)} over {folds}; {extent})"
    else:
        reason = "no interval" if interval is None else f"no interval: {interval.refused}"
        bracket = f"(mean over {folds}, {reason}; {extent})"
    value = f"{metric.label} {wording.number(summary.mean)} {bracket}"
    if _is_better(name, results.comparison.test(name, CONSTANT)):
        return f"{subject} distinguishes {classes} with {value}."
    return f"{subject} is not shown to distinguish {classes}: {value}."


def _is_better(name: str, test: DifferenceTest | None) -> bool:
    """Tell whether the test of a model against the constant prediction shows that the model is better."""
    return test is not None and test.verdict == f"{name} better than {CONSTANT}"


def _interval_or_test(results: DatasetResults, name: str, summary: MetricSummary, metric: Metric) -> list[str]:
    """Return one sentence on which of the two counts where the interval says another thing than the test, else none."""
    test = results.comparison.test(name, CONSTANT)
    ends = None if summary.interval is None else summary.interval.ends
    constant = results.metrics[name].baseline(CONSTANT, metric.key)
    if test is None or ends is None or constant is None:
        return []
    above = ends[1] < constant if metric.lower_is_better else ends[0] > constant
    if above == _is_better(name, test):
        return []
    pairs = wording.counted(len(results.comparison.family("baselines")), "comparison")
    p = f"(p {wording.probability(test.p_holm)} after Holm's correction for {pairs} with the baselines)"
    if above:
        return [
            "The interval does not include the constant prediction, but it is not corrected for several comparisons: "
            f"the test of the difference counts, and it is not significant {p}."
        ]
    return [
        "The interval includes the constant prediction, but it is not the interval of the difference: the test of the "
        f"difference counts, and it is significant {p}."
    ]


def _few_groups(results: DatasetResults, summary: MetricSummary) -> list[str]:
    """Return a sentence on the width of the interval where a class has few groups, else nothing."""
    groups = results.comparison.groups_of_rarer_class
    if groups > FEW_GROUPS or summary.interval is None or summary.interval.ends is None:
        return []
    return [
        f"With {groups} groups in the rarer class ({FEW_GROUPS} or fewer), intervals are wide, and how often they "
        "cover the true value is known from simulations only."
    ]


def _context(results: DatasetResults, name: str, summary: MetricSummary, metric: Metric) -> list[str]:
    metrics = results.metrics[name]
    baselines = ", ".join(
        f"{wording.display_name(baseline).lower()} {wording.number(metrics.baseline(baseline, metric.key))}"
        for baseline in (CONSTANT, "logistic_regression")
    )
    lines = [
        f"Baselines on the same {results.outer_folds}, {metric.label} by row: {baselines} ({metric.direction}).",
        *_interval_or_test(results, name, summary, metric),
        *_few_groups(results, summary),
    ]
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
