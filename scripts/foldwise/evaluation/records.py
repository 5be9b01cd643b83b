"""The content of metrics.json as typed records.

A record is written with ``as_json`` and read with ``from_json``; a value that is null in the file, because it is
not defined, is None here. Standard library only: the rules of the workflow read results through them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Annotated, Literal, Self

from foldwise.evaluation.decision_records import Calibration, Decision
from foldwise.evaluation.interval_records import Interval, Intervals
from foldwise.io.json_record import INLINE, REST, Json, JsonRecord, Key, read_key

Level = Literal["row", "unit"]
LEVELS: tuple[Level, Level] = ("row", "unit")
Values = Mapping[str, float | None]

HEADLINE = ("accuracy", "precision", "recall", "f1", "auc", "ap")
HEADLINE_METHOD = "influence"
METHODS = {
    "influence": "influence functions",
    "corrected_t": "corrected t",
    "group_bootstrap": "bootstrap of whole groups",
    "clustered_delong": "clustered DeLong",
}
"""The methods of the intervals, with their names in prose."""

CONFUSION = ("true_negatives", "false_positives", "false_negatives", "true_positives")


@dataclass(frozen=True)
class Counts(JsonRecord):
    """What the metrics of a dataset are computed on; ``folds`` counts the outer folds of all repeats."""

    rows: int
    units: int
    groups: int
    positive_rows: int
    positive_units: int
    folds: int
    repeats: int
    n_splits: int


@dataclass(frozen=True)
class MeanOverFolds:
    """Mean and standard deviation (ddof 1) over the outer folds; ``folds`` counts them where some are undefined."""

    mean: float | None
    sd: float | None
    folds: int | None = None


@dataclass(frozen=True)
class Headline(JsonRecord):
    """The headline metrics over the outer folds, at the threshold 0.5."""

    means: Mapping[str, MeanOverFolds]

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read ``test_<metric>``, ``test_<metric>_std`` and, if some folds are undefined, ``test_<metric>_folds``."""
        means = {
            metric: MeanOverFolds(
                read_key(float | None, content, f"test_{metric}"),
                read_key(float | None, content, f"test_{metric}_std"),
                content.get(f"test_{metric}_folds"),
            )
            for metric in HEADLINE
        }
        return cls(means)

    def as_json(self) -> Json:
        """Return the keys of all metrics."""
        content: Json = {}
        for metric, value in self.means.items():
            content |= {f"test_{metric}": value.mean, f"test_{metric}_std": value.sd}
            if value.folds is not None:
                content[f"test_{metric}_folds"] = value.folds
        return content


@dataclass(frozen=True)
class UnitMetrics(JsonRecord):
    """Means and intervals over the outer folds by unit."""

    headline: Annotated[Headline, INLINE]
    intervals: Intervals


@dataclass(frozen=True)
class Extent(JsonRecord):
    """What the metrics of a fold or of a slice are computed on."""

    n_rows: int
    n_units: int
    n_groups: int
    n_positive: int


@dataclass(frozen=True, kw_only=True)
class FoldMetrics(JsonRecord):
    """The metrics of one outer fold at the threshold 0.5.

    Attributes:
        fold: number of the fold, from 1.
        repeat: number of the repeat, from 1.
        source: the value that is held out, where one source at a time is; else None.
        extent: test rows, units, groups and positive rows.
        row: metric -> value by row.
        confusion: [[true negatives, false positives], [false negatives, true positives]], by row.
        unit: metric -> value by unit.
    """

    fold: int
    repeat: int
    source: str | None = None
    extent: Annotated[Extent, INLINE]
    row: Annotated[Values, REST]
    confusion: Sequence[Sequence[int]]
    unit: Values


@dataclass(frozen=True)
class SliceMetrics(JsonRecord):
    """Means by row over the outer folds, for the rows with one value of a slice column.

    Attributes:
        slice: name of the column.
        value: the value.
        level: ``row``.
        extent: rows, units, groups and positive rows of one repeat.
        n_folds: folds in which the AUC is defined.
        metrics: metric -> mean over the folds where it is defined.
    """

    slice: str
    value: str
    level: str
    extent: Annotated[Extent, INLINE]
    n_folds: int
    metrics: Annotated[Values, REST]


@dataclass(frozen=True)
class Baseline(JsonRecord):
    """Means over the outer folds of a baseline: metric -> mean.

    In the file the metrics by row are keys of the baseline itself, those by unit are in its key ``unit``:
    ``trivial["constant"]["auc"]`` and ``trivial["constant"]["unit"]["auc"]``.

    Attributes:
        row: metric -> mean by row.
        unit: metric -> mean by unit.
        intervals: metric -> method -> interval by row, by the methods that are means over folds.
        unit_intervals: the same by unit.
    """

    row: Annotated[Values, REST]
    unit: Values
    intervals: Intervals | None = None
    unit_intervals: Intervals | None = None

    def interval(self, metric: str, level: Level = "row", method: str = HEADLINE_METHOD) -> Interval | None:
        """Return the interval of a metric by one method; None for a metric that has no intervals."""
        return ((self.intervals if level == "row" else self.unit_intervals) or {}).get(metric, {}).get(method)


@dataclass(frozen=True)
class MetricSummary:
    """A metric over the outer folds.

    Attributes:
        mean: mean over the folds where the metric is defined.
        sd: standard deviation between them (ddof 1).
        n_folds: number of folds.
        n_defined: folds where the metric is defined.
        interval: the interval of the mean by the headline method, None for a metric without one.
    """

    mean: float | None
    sd: float | None
    n_folds: int
    n_defined: int
    interval: Interval | None


@dataclass(frozen=True)
class Metrics(JsonRecord):
    """The content of metrics.json: one model on one dataset.

    Attributes:
        headline: means by row.
        dataset: name of the dataset.
        backend: name of the backend, or ``ensemble``.
        unit: means and intervals by unit.
        folds: one entry an outer fold (key ``fold_results``).
        intervals: metric -> method -> interval by row.
        slices: one entry a slice value.
        baselines: ``constant`` and ``logistic_regression`` on the same folds (key ``trivial``).
        decision: the shipped decision: its thresholds, and how good it is.
        calibration: predicted probabilities before and after calibration.
        counts: what all of it is computed on.
    """

    headline: Annotated[Headline, INLINE]
    dataset: str
    backend: str
    unit: UnitMetrics
    folds: Annotated[Sequence[FoldMetrics], Key("fold_results")]
    intervals: Intervals
    slices: Sequence[SliceMetrics]
    baselines: Annotated[Mapping[str, Baseline], Key("trivial")]
    decision: Decision
    calibration: Calibration
    counts: Counts

    def metric_names(self, level: Level = "row") -> list[str]:
        """Return the names of the metrics that are measured on the folds."""
        return list(dict.fromkeys(name for fold in self.folds for name in _at(fold, level)))

    def fold_values(self, metric: str, level: Level = "row") -> list[float | None]:
        """Return a metric on each outer fold, None where it is not defined."""
        return [_at(fold, level).get(metric) for fold in self.folds]

    def mean(self, metric: str, level: Level = "row") -> float | None:
        """Return the mean of a metric over the folds where it is defined, None where it is on none."""
        return self.summary(metric, level).mean

    def intervals_at(self, level: Level) -> Intervals:
        """Return metric -> method -> interval at one level."""
        return self.intervals if level == "row" else self.unit.intervals

    def interval(self, metric: str, level: Level = "row", method: str = HEADLINE_METHOD) -> Interval | None:
        """Return the interval of a metric by one method; None for a metric that has no intervals."""
        return self.intervals_at(level).get(metric, {}).get(method)

    def summary(self, metric: str, level: Level = "row") -> MetricSummary:
        """Return a metric over the outer folds; mean and sd are those of the file where it has them."""
        values = self.fold_values(metric, level)
        defined = [value for value in values if value is not None]
        stored = (self.headline if level == "row" else self.unit.headline).means.get(metric)
        if stored is None:
            sd = stdev(defined) if len(defined) > 1 else None
            stored = MeanOverFolds(fmean(defined) if defined else None, sd)
        return MetricSummary(stored.mean, stored.sd, len(values), len(defined), self.interval(metric, level))

    def baseline(self, name: str, metric: str, level: Level = "row") -> float | None:
        """Return the mean of ``constant`` or ``logistic_regression`` over the same folds."""
        return _at(self.baselines[name], level).get(metric)

    def fold_rows(self) -> list[Json]:
        """Return one row a fold for tables: counts, ``test_<metric>`` by row, and the four confusion counts."""
        return [
            {
                "dataset": self.dataset,
                "backend": self.backend,
                "fold": fold.fold,
                "repeat": fold.repeat,
                **fold.extent.as_json(),
                **{f"test_{name}": value for name, value in fold.row.items()},
                **dict(zip(CONFUSION, (count for row in fold.confusion for count in row), strict=True)),
            }
            for fold in self.folds
        ]


def _at(entry: FoldMetrics | Baseline, level: Level) -> Values:
    return entry.row if level == "row" else entry.unit
