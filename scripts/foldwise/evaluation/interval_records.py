"""Records that metrics.json has in several places: an interval, and what means over folds are computed on."""

from collections.abc import Mapping
from dataclasses import dataclass

from foldwise.io.json_record import JsonRecord


@dataclass(frozen=True)
class Interval(JsonRecord):
    """An estimate with its interval, or with the reason why none is given.

    Attributes:
        estimate: mean over folds, or the metric of the pooled predictions.
        low: lower end.
        high: upper end.
        confidence: such as 0.95.
        se: standard error.
        df: degrees of freedom, of a t interval.
        refused: why there is no interval; then ``low``, ``high``, ``confidence`` and ``se`` are None.
        n_folds: folds of the mean; None where the predictions are pooled.
        n_draws: draws in which the metric is defined, of the bootstrap.
        level: ``row`` or ``unit``.
        n_groups: groups in the interval.
        n_units: units in it.
        n_rows: rows in it.
        covers: what kind of variation the interval accounts for.
    """

    estimate: float | None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    se: float | None = None
    df: float | None = None
    refused: str | None = None
    n_folds: int | None = None
    n_draws: int | None = None
    level: str | None = None
    n_groups: int | None = None
    n_units: int | None = None
    n_rows: int | None = None
    covers: str | None = None

    @property
    def ends(self) -> tuple[float, float] | None:
        """Lower and upper end; None where there is no interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)


Intervals = Mapping[str, Mapping[str, Interval]]


@dataclass(frozen=True)
class Means(JsonRecord):
    """What means over outer folds are computed on; rows and groups are those of one repeat."""

    level: str
    n_folds: int
    n_rows: int
    n_groups: int
