"""Intervals and tests of a metric over folds: corrected resampled t, posterior, Holm's adjustment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

FEWEST_GROUPS = 10
"""Groups of the rarer class below which no interval is given."""

FEW_GROUPS = 25
"""Groups of the rarer class up to which intervals are known to be wide."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An interval for a mean over outer folds.

    Attributes:
        estimate: mean over folds.
        low: lower end.
        high: upper end.
        confidence: share of studies in which such an interval should cover the true mean.
        se: corrected standard error.
        df: degrees of freedom.
        n_folds: number of folds.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    se: float
    df: int
    n_folds: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain numbers."""
        return asdict(self)


def corrected_t(values: Floats, test_share: float, confidence: float) -> tuple[Interval, float, float]:
    """Return the corrected resampled t interval of a mean over folds, with t and p against zero.

    Folds share train rows, so their metrics are not independent: the variance of the mean is
    sd^2 * (1/J + n_test/n_train) instead of sd^2 / J. Nadeau and Bengio (2003), Inference for the
    Generalization Error, Machine Learning 52, section 3, with J - 1 degrees of freedom.

    Args:
        values: shape (J,), float64: a metric or a difference of two on every fold, J >= 2, all finite.
        test_share: n_test / n_train, the mean over folds.
        confidence: such as 0.95.

    Returns:
        The interval, the t statistic, and the two-sided p value.

    Example:
        >>> interval, t, p = corrected_t(np.array([0.70, 0.75, 0.72, 0.68, 0.75]), test_share=0.25, confidence=0.95)
        >>> round(interval.low, 3), round(interval.estimate, 3), round(interval.high, 3)
        (0.663, 0.72, 0.777)
    """
    folds = len(values)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    se = sd * float(np.sqrt(1 / folds + test_share))
    half = float(stats.t.ppf((1 + confidence) / 2, folds - 1)) * se
    with np.errstate(divide="ignore"):
        t = float(np.divide(mean, se)) if mean else 0.0
    p = float(2 * stats.t.sf(abs(t), folds - 1))
    return Interval(mean, mean - half, mean + half, confidence, se, folds - 1, folds), t, p


def reason_to_refuse(values: Floats, groups_of_rarer_class: int) -> str | None:
    """Return why no interval can be given for a metric over folds, or None.

    Args:
        values: shape (J,), the metric on every fold, NaN where it is not defined.
        groups_of_rarer_class: groups with a row of the class that fewer groups have.
    """
    few = too_few_groups(groups_of_rarer_class)
    if few:
        return few
    undefined = int(np.isnan(values).sum())
    if undefined:
        return f"not defined in {undefined} of {len(values)} folds"
    if len(values) < 2:
        return "one fold only"
    return None


def too_few_groups(groups_of_rarer_class: int) -> str | None:
    """Return why this many groups of the rarer class are too few for an interval by any method, or None."""
    if groups_of_rarer_class < FEWEST_GROUPS:
        return f"{groups_of_rarer_class} groups in the rarer class, fewer than {FEWEST_GROUPS}"
    return None


def holm(p: Sequence[float]) -> list[float]:
    """Return p values adjusted for testing all of them, in the order given.

    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    running = 0.0
    for rank, position in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[position]))
        adjusted[position] = running
    return [float(a) for a in adjusted]


@dataclass(frozen=True)
class Posterior:
    """Posterior probabilities of the mean difference, which sum to 1.

    Attributes:
        above: it is above the region of practical equivalence.
        inside: it is within the region.
        below: it is below the region.
    """

    above: float
    inside: float
    below: float


def posterior(difference: float, se: float, df: float, rope: float) -> Posterior:
    """Return the posterior of a mean difference with a flat prior: a Student distribution around its estimate.

    With the standard error and the degrees of freedom of the corrected t it is that of the Bayesian correlated t-test:
    Corani and Benavoli (2015), A Bayesian approach for comparing cross-validated algorithms on multiple data sets,
    Machine Learning 100, equation 8.

    Args:
        difference: the estimate.
        se: its standard error; where it is 0, the posterior is that one value.
        df: degrees of freedom.
        rope: half width of the region of practical equivalence around zero.
    """
    if se == 0:
        return Posterior(float(difference > rope), float(abs(difference) <= rope), float(difference < -rope))
    above = float(stats.t.sf((rope - difference) / se, df))
    below = float(stats.t.cdf((-rope - difference) / se, df))
    return Posterior(above, max(0.0, 1 - above - below), below)
