"""How far a new table is from the training table, and whether the evaluation's headline still applies to it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import chi2

from foldwise.audit.model_checks import SHIFTED, adversarial_auc
from foldwise.audit.sampling import FALSE_ALARMS, auc_by_chance
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import listed
from foldwise.predict.training_profile import TrainingTable, sample_of

# Siddiqi 2006, Credit Risk Scorecards: below 0.1 no change, from 0.25 on a shift.
PSI_SHIFTED = 0.25

# Ours: a row outside the training range in a tenth of its columns lies where no training row did.
MANY_COLUMNS = 0.1

# Ours: so many such rows put the mean over all rows in doubt.
MANY_ROWS = 0.05
SAMPLED_ROWS = 10_000
_SEED = 0


class Drift:
    """Compares rows that go by, a part at a time, with the training table."""

    def __init__(self, training: TrainingTable, unit: pa.DictionaryArray | None, rows: int) -> None:
        """Take the training table, and the units, shape (rows,), of the new one; None where every row is a unit."""
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

    def add(self, first: int, matrix: FeatureMatrix) -> None:
        """Count the rows from ``first`` on."""
        columns_outside = np.zeros(len(matrix), np.int32)
        for j, column in enumerate(self._training.columns):
            values = matrix.values[:, j]
            self._counts[j] += column.count(values)
            outside = column.outside(values)
            self._outside[j] += np.count_nonzero(outside)
            columns_outside += outside
        self._rows_outside += [np.count_nonzero(columns_outside), np.count_nonzero(columns_outside >= self._many)]
        start, end = np.searchsorted(self._chosen, [first, first + len(matrix)])
        self._sample.append(matrix.values[self._chosen[start:end] - first])

    def report(self, headline: str) -> dict[str, Any]:
        """Return what was found, and a sentence on ``headline``, the evaluation's score in words."""
        units = {
            "training": self._training.units,
            "new": self._rows if self._unit is None else len(self._unit.dictionary) + (self._unit.null_count > 0),
        }
        columns = self._columns(units)
        any_column, many_columns = (int(n) / self._rows for n in self._rows_outside)
        found: dict[str, Any] = {
            "rows": {"training": self._training.rows, "new": self._rows},
            "units": units,
            "columns": columns,
            "outside_training_range": {
                "in_any_column": any_column,
                "in_many_columns": many_columns,
                "many": self._many,
            },
            "adversarial": self._adversarial(units),
        }
        reasons = _reasons(found)
        found |= {"headline_applies": not reasons, "sentence": _sentence(found, reasons, headline)}
        return found

    def _columns(self, units: dict[str, int]) -> list[dict[str, Any]]:
        """Return for each column its PSI and what chance alone would reach with as many units.

        Rows of a unit resemble each other: chance counts units.
        """
        found = []
        for column, new, outside in zip(self._training.columns, self._counts, self._outside, strict=True):
            chance = psi_by_chance(int((column.counts > 0).sum()), units["training"], units["new"], len(self._counts))
            limit, value = max(PSI_SHIFTED, chance), psi(column.counts, new)
            found.append(
                {
                    "name": column.name,
                    "psi": value,
                    "limit": limit,
                    "shifted": value > limit,
                    "missing": {"training": _share(column.counts[-1], column.counts), "new": _share(new[-1], new)},
                    "outside_training_range": int(outside) / self._rows,
                }
            )
        return found

    def _adversarial(self, units: dict[str, int]) -> dict[str, Any]:
        """Let a small model tell new rows from training rows, judged on units that it has not seen."""
        new = np.concatenate(self._sample)
        both = np.concatenate([self._training.sample, new]).astype(new.dtype)
        side = np.concatenate([np.zeros(len(self._training.sample)), np.ones(len(new))]).astype(np.int8)
        groups = np.concatenate([self._training.sample_unit, self._sample_unit()]).astype(str)
        matrix = FeatureMatrix(both, self._names, self._categorical)
        auc = adversarial_auc(matrix, side, groups, np.random.default_rng(_SEED))
        limit = max(SHIFTED, auc_by_chance(units["new"], units["training"], 1))
        rows = {"training": len(self._training.sample), "new": len(new)}
        return {"auc": auc, "limit": limit, "rows": rows, "units": units, "shifted": auc > limit}

    def _sample_unit(self) -> npt.NDArray[Any]:
        """Return the unit of each sampled row."""
        if self._unit is None:
            return np.array([f"row {i}" for i in self._chosen], object)
        chosen = self._unit.take(pa.array(self._chosen)).dictionary_decode()
        return np.asarray(chosen.to_numpy(zero_copy_only=False))


def psi(training: npt.NDArray[np.int64], new: npt.NDArray[np.int64]) -> float:
    """Return the population stability index of two counts over the same bins, shape (b,); half a row more in each.

    The sum of (p - q) ln(p / q) over the shares p and q of the bins that hold a row (Siddiqi 2006).
    """
    used = (training > 0) | (new > 0)
    p, q = ((counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (training, new))
    return float(((p - q) * np.log(p / q)).sum())


def psi_by_chance(bins: int, training: int, new: int, looks: int) -> float:
    """Return what the largest of ``looks`` indices without any shift passes in one table of a hundred.

    Without a shift it is spread as chi-squared with bins - 1 degrees of freedom times 1/n + 1/m (Yurdakul and
    Naranjo 2020, Statistical properties of the population stability index).
    """
    return float(chi2.isf(FALSE_ALARMS / looks, max(bins - 1, 1)) * (1 / training + 1 / new))


def _share(part: np.int64, counts: npt.NDArray[np.int64]) -> float:
    return float(part / counts.sum())


def _reasons(found: dict[str, Any]) -> list[str]:
    reasons = []
    shifted = [c["name"] for c in sorted(found["columns"], key=lambda c: -c["psi"]) if c["shifted"]]
    if shifted:
        reasons.append(f"{len(shifted)} of {len(found['columns'])} columns have shifted ({listed(shifted)})")
    adversarial = found["adversarial"]
    if adversarial["shifted"]:
        reasons.append(f"a small model tells its rows from the training rows with AUC {adversarial['auc']:.3f}")
    outside = found["outside_training_range"]
    if outside["in_many_columns"] > MANY_ROWS:
        share = f"{outside['in_many_columns']:.0%} of its rows"
        reasons.append(f"{share} lie outside the training range in {outside['many']} columns or more")
    return reasons


def _sentence(found: dict[str, Any], reasons: Sequence[str], headline: str) -> str:
    over = f"{found['rows']['new']} rows of {found['units']['new']} units"
    if reasons:
        return (
            f"The headline ({headline}) must not be taken for the new table ({over}): {'; '.join(reasons)}. "
            "Label some of its units and score them before the verdicts are relied on."
        )
    return (
        f"Nothing in the columns of the new table ({over}) speaks against the headline ({headline}); whether its "
        "labels depend on them as they did in training cannot be seen without labels."
    )
