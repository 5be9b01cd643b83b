"""How far a new table differs from the training table, and whether the evaluation still applies to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import chi2

from foldwise.audit.findings import FALSE_ALARMS
from foldwise.audit.model_checks import SHIFTED, adversarial_auc
from foldwise.audit.sampling import auc_by_chance
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import listed
from foldwise.io.json_record import JsonRecord
from foldwise.predict.training_profile import TrainingTable, sample_of

# Siddiqi 2006, Credit Risk Scorecards: below 0.1 no change, from 0.25 on a shift.
PSI_SHIFTED = 0.25

# Our choice: a row counts as outside when it is outside the training range in a tenth of the columns.
MANY_COLUMNS = 0.1

# Our choice: share of such rows above which metrics over all rows are in doubt.
MANY_ROWS = 0.05
SAMPLED_ROWS = 10_000
_SEED = 0


@dataclass(frozen=True)
class Sizes(JsonRecord):
    """Number of rows or units in the training table and in the new one."""

    training: int
    new: int


@dataclass(frozen=True)
class Shares(JsonRecord):
    """Share of rows in the training table and in the new one."""

    training: float
    new: float


@dataclass(frozen=True)
class ColumnDrift(JsonRecord):
    """Drift of one column.

    Attributes:
        name: name of the column.
        psi: population stability index.
        limit: index above which the column has shifted: 0.25, or what few units reach by chance.
        shifted: whether ``psi`` is above ``limit``.
        missing: share of missing values.
        outside_training_range: share of new rows below the smallest or above the largest training value.
    """

    name: str
    psi: float
    limit: float
    shifted: bool
    missing: Shares
    outside_training_range: float


@dataclass(frozen=True)
class OutsideRange(JsonRecord):
    """Share of new rows outside the training range in any column, and in ``many`` columns or more."""

    in_any_column: float
    in_many_columns: float
    many: int


@dataclass(frozen=True)
class AdversarialAuc(JsonRecord):
    """AUC of a small model that distinguishes new from training rows, with its limit and what it is computed on."""

    auc: float
    limit: float
    rows: Sizes
    units: Sizes
    shifted: bool


@dataclass(frozen=True)
class DriftReport(JsonRecord):
    """A new table compared with the training table; ``headline_applies`` and ``sentence`` say what follows."""

    rows: Sizes
    units: Sizes
    columns: Sequence[ColumnDrift]
    outside_training_range: OutsideRange
    adversarial: AdversarialAuc
    headline_applies: bool
    sentence: str


class Drift:
    """Compares the rows of a new table, a part at a time, with the training table."""

    def __init__(self, training: TrainingTable, unit: pa.DictionaryArray | None, rows: int) -> None:
        """Take the training table and the units of the new one, shape (rows,); None where every row is a unit."""
        self._training = training
        self._unit = unit
        self._rows = rows
        self._counts = [np.zeros_like(c.counts) for c in training.columns]
        self._outside = np.zeros(len(training.columns), np.int64)
        self._rows_outside = np.zeros(2, np.int64)
        self._many = max(1, int(np.ceil(MANY_COLUMNS * len(training.columns))))
        self._chosen = sample_of(rows, SAMPLED_ROWS, _SEED)
        self._sample: list[npt.NDArray[Any]] = []
        self._names = tuple(c.name for c in training.columns)
        self._categorical = tuple(j for j, c in enumerate(training.columns) if c.categorical)

    def add(self, first: int, features: FeatureMatrix) -> None:
        """Count the rows from ``first`` on."""
        columns_outside = np.zeros(len(features), np.int32)
        for j, column in enumerate(self._training.columns):
            values = features.values[:, j]
            self._counts[j] += column.count(values)
            outside = column.outside(values)
            self._outside[j] += np.count_nonzero(outside)
            columns_outside += outside
        self._rows_outside += [np.count_nonzero(columns_outside), np.count_nonzero(columns_outside >= self._many)]
        start, end = np.searchsorted(self._chosen, [first, first + len(features)])
        self._sample.append(features.values[self._chosen[start:end] - first])

    def report(self, headline: str) -> DriftReport:
        """Return the comparison, with a sentence on ``headline``, the evaluation's metrics in words."""
        units = Sizes(
            self._training.units,
            self._rows if self._unit is None else len(self._unit.dictionary) + (self._unit.null_count > 0),
        )
        rows = Sizes(self._training.rows, self._rows)
        columns, adversarial = self._columns(units), self._adversarial(units)
        any_column, many_columns = (int(n) / self._rows for n in self._rows_outside)
        outside = OutsideRange(any_column, many_columns, self._many)
        reasons = _reasons(columns, outside, adversarial)
        sentence = _sentence(f"{rows.new} rows of {units.new} units", reasons, headline)
        return DriftReport(rows, units, columns, outside, adversarial, not reasons, sentence)

    def _columns(self, units: Sizes) -> list[ColumnDrift]:
        """Return the PSI of each column and its limit.

        Rows of a unit resemble each other: the limit by chance is that of as many units, not rows.
        """
        columns = []
        for column, new, outside in zip(self._training.columns, self._counts, self._outside, strict=True):
            bins = int((column.counts > 0).sum())
            limit = max(PSI_SHIFTED, psi_by_chance(bins, units.training, units.new, len(self._counts)))
            value = psi(column.counts, new)
            missing = Shares(*(float(counts[-1] / counts.sum()) for counts in (column.counts, new)))
            outside_share = int(outside) / self._rows
            columns.append(ColumnDrift(column.name, value, limit, value > limit, missing, outside_share))
        return columns

    def _adversarial(self, units: Sizes) -> AdversarialAuc:
        """Measure how well a small model distinguishes new from training rows, on units that it was not fitted on."""
        new = np.concatenate(self._sample)
        both = np.concatenate([self._training.sample, new]).astype(new.dtype)
        side = np.concatenate([np.zeros(len(self._training.sample)), np.ones(len(new))]).astype(np.int8)
        groups = np.concatenate([self._training.sample_unit, self._sample_unit()]).astype(str)
        features = FeatureMatrix(both, self._names, self._categorical)
        auc = adversarial_auc(features, side, groups, np.random.default_rng(_SEED))
        limit = max(SHIFTED, auc_by_chance(units.new, units.training, 1))
        return AdversarialAuc(auc, limit, Sizes(len(self._training.sample), len(new)), units, auc > limit)

    def _sample_unit(self) -> npt.NDArray[Any]:
        """Return the unit of each sampled row."""
        if self._unit is None:
            return np.array([f"row {i}" for i in self._chosen], object)
        chosen = self._unit.take(pa.array(self._chosen)).dictionary_decode()
        return np.asarray(chosen.to_numpy(zero_copy_only=False))


def psi(training: npt.NDArray[np.int64], new: npt.NDArray[np.int64]) -> float:
    """Return the population stability index of two counts over the same bins, shape (b,), with 0.5 added to each.

    The sum of (p - q) ln(p / q) over the shares p and q of the bins with a row (Siddiqi 2006).
    """
    used = (training > 0) | (new > 0)
    p, q = ((counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (training, new))
    return float(((p - q) * np.log(p / q)).sum())


def psi_by_chance(bins: int, training: int, new: int, columns: int) -> float:
    """Return the value that the largest PSI of ``columns`` columns exceeds in 1 % of tables without any shift.

    Without a shift the PSI is distributed as chi-squared with bins - 1 degrees of freedom times 1/n + 1/m (Yurdakul
    and Naranjo 2020, Statistical properties of the population stability index).
    """
    return float(chi2.isf(FALSE_ALARMS / columns, max(bins - 1, 1)) * (1 / training + 1 / new))


def _reasons(columns: Sequence[ColumnDrift], outside: OutsideRange, adversarial: AdversarialAuc) -> list[str]:
    reasons = []
    shifted = [column.name for column in sorted(columns, key=lambda column: -column.psi) if column.shifted]
    if shifted:
        reasons.append(f"{len(shifted)} of {len(columns)} columns have shifted ({listed(shifted)})")
    if adversarial.shifted:
        reasons.append(f"a small model distinguishes its rows from the training rows with AUC {adversarial.auc:.3f}")
    if outside.in_many_columns > MANY_ROWS:
        share = f"{outside.in_many_columns:.0%} of its rows"
        reasons.append(f"{share} are outside the training range in {outside.many} columns or more")
    return reasons


def _sentence(extent: str, reasons: Sequence[str], headline: str) -> str:
    if reasons:
        return (
            f"The evaluation ({headline}) does not apply to the new table ({extent}): {'; '.join(reasons)}. "
            "Label some of its units and evaluate them before relying on the predictions."
        )
    return (
        f"The columns of the new table ({extent}) show no reason against the evaluation ({headline}); whether its "
        "labels depend on them as in training cannot be determined without labels."
    )
