"""The content of comparison.json as typed records; like those of metrics.json they need the standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from foldwise.evaluation.records import Counts
from foldwise.io.json_record import INLINE, JsonRecord, Key

Family = Literal["baselines", "models"]
"""A model against a baseline, or two models; p values are adjusted within each of the two."""


@dataclass(frozen=True)
class ModelEstimate(JsonRecord):
    """The mean metric of a model or baseline over the outer folds, with its headline interval or why none is given.

    ``sd`` is the standard deviation between folds (ddof 1).
    """

    name: str
    estimate: float | None
    sd: float | None
    low: float | None
    high: float | None
    refused: str | None = None

    @property
    def ends(self) -> tuple[float, float] | None:
        """Lower and upper end; None where there is no interval."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class DelongDifference(JsonRecord):
    """The difference of two AUCs on the pooled predictions, by the clustered DeLong method; ``p`` is against zero."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True)
class CorrectedT(JsonRecord):
    """The difference by the corrected resampled t: its interval, and the test against zero.

    ``t`` is None where all differences are the same and not zero.
    """

    low: float
    high: float
    t: float | None
    df: int
    p: float


@dataclass(frozen=True)
class DifferenceTest(JsonRecord):
    """The tests of a difference between two models over the outer folds.

    Attributes:
        low: lower end of the interval of the mean difference, from the influence of every group on it.
        high: upper end.
        t: statistic of its test; None where the variance is 0 and the difference is not.
        df: degrees of freedom.
        p: two-sided p value against zero.
        rope: difference below which two models count as practically equal.
        p_a_better: posterior probability that a is better by more than ``rope``, with a flat prior.
        p_equivalent: that they are within ``rope`` of each other.
        p_b_better: that b is better by more than ``rope``.
        p_holm: p adjusted for all pairs of the family (Holm).
        verdict: ``practically equal``, ``not distinguishable`` or ``<name> better than <name>``; against the constant
            prediction never the first.
        corrected_t: the same difference by the corrected resampled t, as a cross-check.
        delong: the same difference on the pooled predictions; None for another metric than the AUC.
    """

    low: float
    high: float
    t: float | None
    df: float
    p: float
    rope: float
    p_a_better: float
    p_equivalent: float
    p_b_better: float
    p_holm: float
    verdict: str
    corrected_t: CorrectedT
    delong: DelongDifference | None = None


@dataclass(frozen=True, kw_only=True)
class Pair(JsonRecord):
    """Two models on the same folds, with the tests of their difference or the reason why there are none.

    Attributes:
        a: name of the first model.
        b: name of the second.
        family: the pairs that p is adjusted for.
        difference: mean over folds of a minus b; None where refused.
        test: the tests; None where refused.
        refused: why the two are not compared.
        metric: the metric that is compared.
        level: ``row``.
        n_folds: number of outer folds.
        n_groups: number of groups.
        n_rows: number of rows.
    """

    a: str
    b: str
    family: Family
    difference: float | None
    test: Annotated[DifferenceTest | None, INLINE]
    refused: str | None = None
    metric: str
    level: str
    n_folds: int
    n_groups: int
    n_rows: int


@dataclass(frozen=True)
class Comparison(JsonRecord):
    """The content of comparison.json.

    Attributes:
        dataset: name of the dataset.
        metric: the metric that is compared.
        level: ``row``.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference below which two models count as practically equal.
        counts: what the comparison is computed on.
        groups_of_rarer_class: groups with a row of the class that fewer groups have.
        models: the backends, the ensemble and the baselines (key ``entrants``).
        pairs: every pair of them but that of the two baselines.
        verdict_baselines: one sentence on which backends, and whether their ensemble, are better than the baselines.
        verdict: one sentence on the backends and their ensemble, compared with each other.
        recommended: name of the recommended model, set before the results are known.
    """

    dataset: str
    metric: str
    level: str
    confidence: float
    rope: float
    counts: Counts
    groups_of_rarer_class: int
    models: Annotated[Sequence[ModelEstimate], Key("entrants")]
    pairs: Sequence[Pair]
    verdict_baselines: str
    verdict: str
    recommended: str

    def model(self, name: str) -> ModelEstimate | None:
        """Return the estimate of a model or baseline, None where it was not compared."""
        return next((model for model in self.models if model.name == name), None)

    def test(self, a: str, b: str) -> DifferenceTest | None:
        """Return the tests of a pair in either order, None where it was not compared."""
        return next((pair.test for pair in self.pairs if {pair.a, pair.b} == {a, b}), None)

    def family(self, name: Family) -> list[Pair]:
        """Return the pairs of a family."""
        return [pair for pair in self.pairs if pair.family == name]
