"""The interval chart at the top of the page: mean and interval of each model on one axis, in percent of its width."""

import math
from dataclasses import dataclass

from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.wording import Metric


@dataclass(frozen=True)
class Line:
    """One line of the chart.

    Attributes:
        name: the model or baseline.
        written: its mean and interval as text.
        mean: position of the mean, None where it is undefined.
        ends: positions of the ends of the interval, None where there is none.
        baseline: whether it is the logistic regression.
    """

    name: str
    written: str
    mean: float | None
    ends: tuple[float, float] | None
    baseline: bool = False


@dataclass(frozen=True)
class Chart:
    """Means and intervals on one axis, with the constant prediction as a vertical line.

    Attributes:
        metric: the metric of the axis.
        lines: one a model, then the logistic regression.
        ticks: position and text of the ticks.
        constant: position of the constant prediction.
        summary: the chart in words, for readers who do not see it.
    """

    metric: Metric
    lines: list[Line]
    ticks: list[tuple[float, str]]
    constant: float | None
    summary: str


def interval_chart(results: DatasetResults) -> Chart | None:
    """Return the chart of the compared metric by row; None where it is undefined for every model."""
    metric = wording.metric_named(results.comparison.metric)
    models = {name: metrics.summary(metric.key) for name, metrics in results.metrics.items()}
    if all(summary.mean is None for summary in models.values()):
        return None
    first = next(iter(results.metrics.values()))
    constant, logistic = (first.baseline(name, metric.key) for name in ("constant", "logistic_regression"))
    shown = [
        (name, summary.mean, None if summary.interval is None else summary.interval.ends)
        for name, summary in models.items()
    ]
    if logistic is not None:
        interval = first.baselines["logistic_regression"].interval(metric.key)
        shown.append(("logistic_regression", logistic, None if interval is None else interval.ends))
    values = [value for _, mean, ends in shown for value in (mean, *(ends or ()))]
    start, stop, step = _axis([value for value in (*values, constant) if value is not None])

    def position(value: float) -> float:
        return round(100 * (value - start) / (stop - start), 2)

    lines = [
        Line(
            wording.display_name(name),
            wording.number(mean) + ("" if ends is None else f" ({wording.interval(*ends)})"),
            None if mean is None else position(mean),
            None if ends is None else (position(ends[0]), position(ends[1])),
            baseline=name == "logistic_regression",
        )
        for name, mean, ends in shown
    ]
    ticks = [start + i * step for i in range(round((stop - start) / step) + 1)]
    return Chart(
        metric=metric,
        lines=lines,
        ticks=[(position(tick), f"{tick:.2f}") for tick in ticks],
        constant=None if constant is None else position(constant),
        summary="; ".join(f"{line.name} {line.written}" for line in lines),
    )


def _axis(values: list[float]) -> tuple[float, float, float]:
    """Return start, stop and step of an axis with at most seven round ticks and a margin at both ends."""
    low, high = min(values), max(values)
    span = max(high - low, 0.02)
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if span * 1.1 <= 6 * s), span)
    start = math.floor((low - 0.05 * span) / step) * step
    stop = math.ceil((high + 0.05 * span) / step) * step
    return start, stop, step
