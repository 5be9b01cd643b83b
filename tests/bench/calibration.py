"""Log-loss before and after calibration on simulated tables, with and without signal, of 20 to 300 groups.

A LightGBM of 60 trees of 7 leaves is fitted on every outer and inner train part; the calibrator of an outer fold is
fitted on its inner out-of-fold predictions, as in the workflow. Differences are means over the 5 outer folds of a
table; the lines show their mean and their largest value over the tables.
"""

from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.stats.calibration import fit_calibrator
from foldwise.stats.metrics import log_loss

from bench.printing import table

TABLES_A_REPEAT = 40
METHODS = ("auto", "sigmoid", "isotonic")
_FEATURES, _ROWS_OF_A_GROUP, _TREES = 12, 6, 60
_PARAMS = {"objective": "binary", "num_leaves": 7, "min_child_samples": 10, "num_threads": 1, "verbosity": -1}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return one row a table and method: its groups, its signal, and the differences of log-losses."""
    return [row for number in range(TABLES_A_REPEAT * repeats) for row in _of_table(number)]


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return by signal and method the mean and the largest differences from the raw and the constant prediction."""
    keys = sorted({(row["signal"], row["method"]) for row in rows}, key=str)
    summaries = []
    for signal, method in keys:
        chosen = [row for row in rows if (row["signal"], row["method"]) == (signal, method)]
        means: dict[str, Any] = {"signal": signal, "method": method, "tables": len(chosen)}
        for name in ("less_raw", "less_constant"):
            values = [row[name] for row in chosen]
            means |= {name: float(np.mean(values)), f"{name}_largest": float(np.max(values))}
        summaries.append(means)
    return summaries


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text."""
    head = ["signal", "method", "log-loss less that before (largest)", "less that of the constant (largest)", "tables"]
    shown = [
        [
            "yes" if means["signal"] else "no",
            means["method"],
            *(f"{means[name]:+.4f} ({means[f'{name}_largest']:+.4f})" for name in ("less_raw", "less_constant")),
            means["tables"],
        ]
        for means in summary(rows)
    ]
    return table(head, shown)


def _of_table(number: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(number)
    groups, signal = int(random.integers(20, 301)), bool(number % 2)
    of_group = (random.permutation(groups) < groups * random.uniform(0.25, 0.5)).astype(np.int8)
    group = np.repeat(np.arange(groups, dtype=np.int32), _ROWS_OF_A_GROUP)
    label = of_group[group]
    values = random.normal(size=(groups, _FEATURES))[group] + 0.3 * random.normal(size=(len(group), _FEATURES))
    values[:, :3] += signal * random.uniform(0.3, 1.5) * (label - 0.5)[:, np.newaxis]
    losses: dict[str, list[float]] = {name: [] for name in ("raw", "constant", *METHODS)}
    for part in split(label, group, Plan(5, 1, 3, number)):
        test, train = part == 0, part > 0
        inner = np.empty(len(label))
        for fold in range(1, 4):
            inner[part == fold] = _fitted(values, label, train & (part != fold), part == fold)
        raw = _fitted(values, label, train, test)
        losses["raw"].append(log_loss(label[test], raw))
        losses["constant"].append(log_loss(label[test], np.full(int(test.sum()), label[train].mean())))
        for method in METHODS:
            calibrate = fit_calibrator(method, inner[train], label[train], group[train])
            losses[method].append(log_loss(label[test], calibrate(raw)))
    means = {name: float(np.mean(values)) for name, values in losses.items()}
    return [
        {
            "table": number,
            "groups": groups,
            "signal": signal,
            "method": method,
            "less_raw": means[method] - means["raw"],
            "less_constant": means[method] - means["constant"],
        }
        for method in METHODS
    ]


def _fitted(
    values: npt.NDArray[np.float64],
    label: npt.NDArray[np.int8],
    fit: npt.NDArray[np.bool_],
    predicted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    model = lightgbm.train(_PARAMS, lightgbm.Dataset(values[fit], label[fit]), _TREES)
    return np.asarray(model.predict(values[predicted]), np.float64)
