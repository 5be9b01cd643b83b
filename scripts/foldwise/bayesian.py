"""How probable it is that one of two entrants is better, or that the difference does not matter."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats


@dataclass(frozen=True)
class Posterior:
    """Where the mean difference lies: probabilities that sum to 1.

    Attributes:
        above: more than the region of practical equivalence.
        inside: within it.
        below: less than it.
    """

    above: float
    inside: float
    below: float


def correlated_t(differences: npt.NDArray[np.float64], test_share: float, rope: float) -> Posterior:
    """Return the posterior of the mean difference between two entrants, by the Bayesian correlated t-test.

    Corani and Benavoli (2015), A Bayesian approach for comparing cross-validated algorithms on
    multiple data sets, Machine Learning 100, equation 8: with a flat prior, a Student distribution
    around the mean with J - 1 degrees of freedom and scale sd * sqrt(1/J + rho / (1 - rho)), where
    rho = n_test / (n_train + n_test). As rho / (1 - rho) = n_test / n_train, that scale is the standard
    error of the corrected t.

    Args:
        differences: shape (J,), one a fold, J >= 2, all finite. Where they are all the same, the
            posterior is that one value.
        test_share: n_test / n_train, the mean over folds.
        rope: half width of the region of practical equivalence around zero.
    """
    folds = len(differences)
    mean = float(differences.mean())
    scale = float(differences.std(ddof=1) * np.sqrt(1 / folds + test_share))
    if scale == 0:
        return Posterior(float(mean > rope), float(abs(mean) <= rope), float(mean < -rope))
    above = float(stats.t.sf((rope - mean) / scale, folds - 1))
    below = float(stats.t.cdf((-rope - mean) / scale, folds - 1))
    return Posterior(above, max(0.0, 1 - above - below), below)
