"""How often the intervals cover the true value, on simulated tables: ``make coverage``.

Three kinds of tables: the demo with another seed, 298 videos with 11 near copies each; 60 groups of unequal size, 12
of them positive; 150 groups with rows of both labels. The true value of a table comes from many new groups of the same
pattern: the mean metric on them of the very models that were fitted on the outer train parts.
"""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from fixtures.coverage_tables import KINDS, Rows
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.io.files import write_json
from foldwise.stats.corrected_t import corrected_t
from foldwise.stats.delong import clustered_delong
from foldwise.stats.influence import PredictedRows, contributions
from foldwise.stats.influence_interval import CrossValidation, influence_interval, influences
from foldwise.stats.training_variance import SplitShares
from foldwise.training.logistic_regression import fit_and_predict
from scipy import stats

CONFIDENCE = 0.95
SPLITS, INNER_SPLITS, REPEATS = 5, 3, 5
FIRST_SEED = 1000
TREES = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "deterministic": True, "verbosity": -1}
METRICS = ("auc", "ap", "f1", "accuracy", "log_loss", "brier")
METHODS = {
    "influence 5x1": "influence functions over 5 folds",
    "corrected_t 5x1": "corrected t over 5 folds",
    "influence 5x5": "influence functions over 5 folds x 5 repeats",
    "corrected_t 5x5": "corrected t over 5 folds x 5 repeats",
    "plain t 5x1": "t over 5 folds, not corrected",
    "clustered_delong 5x1": "clustered DeLong, pooled predictions",
    "delong by rows 5x1": "DeLong by rows",
}

Floats = npt.NDArray[np.float64]
Ends = tuple[float, float]


def main() -> None:
    """Simulate, print coverage and width of each method, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("results/coverage.json"))
    given = parser.parse_args()
    started = monotonic()
    seeds = range(FIRST_SEED, FIRST_SEED + given.tables)
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        studies = [_announced(n, study) for n, study in enumerate(pool.map(one_table, seeds), start=1)]
    cells = {cell: summary([study[cell] for study in studies]) for cell in studies[0]}
    about = {"tables": given.tables, "first_seed": FIRST_SEED, "confidence": CONFIDENCE}
    write_json(given.output, {**about, "cells": cells})
    for cell, measured in cells.items():
        print_summary(cell, measured)
    print(f"{given.output}: {given.tables} tables of each kind in {monotonic() - started:.0f} s")


def one_table(seed: int) -> dict[str, dict[str, Any]]:
    """Return ``<kind>, <model>`` -> metric -> what :func:`intervals` returns, for the table of a seed of each kind."""
    cells = {}
    for kind, draw in KINDS.items():
        table, new = draw(seed, False), draw(seed, True)
        folds = split(table.label, table.group, Plan(SPLITS, REPEATS, INNER_SPLITS, seed))
        for name, model in MODELS.items():
            validation, truths = fitted(model, table, new, folds, seed)
            cells[f"{kind}, {name}"] = {metric: intervals(metric, validation, truths) for metric in METRICS}
    return cells


def boosted(matrix: FeatureMatrix, label: npt.NDArray[Any], part: npt.NDArray[np.int16], seed: int) -> Floats:
    """Return the predictions of the test rows, where ``part`` is 0, of 50 small trees fitted on the rows above 0."""
    data = lightgbm.Dataset(matrix.values[part > 0], label[part > 0])
    model = lightgbm.train({**TREES, "seed": seed}, data, num_boost_round=50)
    return np.asarray(model.predict(matrix.values[part == 0]), np.float64)


MODELS = {"LightGBM": boosted, "logistic regression": fit_and_predict}


def fitted(
    model: Any, table: Rows, new: Rows, folds: Sequence[npt.NDArray[np.int16]], seed: int
) -> tuple[CrossValidation, list[dict[str, float]]]:
    """Return the predictions of a model in the folds of a table, and each fold's metrics on the new rows.

    Args:
        model: from features, label, the part of each row and a seed to the predictions of the rows of part 0.
        table: n rows.
        new: rows of new groups.
        folds: J arrays of shape (n,): 0 for a test row, else the inner fold.
        seed: random seed of the model.
    """
    values, label = np.concatenate([table.values, new.values]), np.concatenate([table.label, new.label])
    matrix = FeatureMatrix(values, tuple(f"f{j}" for j in range(values.shape[1])), ())
    rows = len(table.label)
    test, inner, truths = [], [], []
    for fold in folds:
        predictions = model(matrix, label, np.concatenate([fold, np.zeros(len(new.label), np.int16)]), seed)
        tested, trained = fold == 0, fold > 0
        count = int(tested.sum())
        test.append(PredictedRows(table.label[tested], predictions[:count], table.group[tested]))
        on_new = PredictedRows(new.label, predictions[count:], new.group)
        groups = int(new.group.max()) + 1
        truths.append({metric: contributions(metric, on_new, groups).value for metric in METRICS})
        of_train = np.full(rows, np.nan)
        for number in range(1, INNER_SPLITS + 1):
            part = np.where(tested, -1, np.where(fold == number, 0, 1)).astype(np.int16)
            of_train[fold == number] = model(matrix.rows(np.arange(rows)), table.label, part, seed)
        inner.append(PredictedRows(table.label[trained], of_train[trained], table.group[trained]))
    groups = int(table.group.max()) + 1
    first_rows = np.unique(table.group, return_index=True)[1]
    shares = SplitShares.of_folds(np.stack(folds[:SPLITS])[:, first_rows])
    repeat = np.arange(len(folds)) // SPLITS
    return CrossValidation(test, inner, repeat, groups, shares), truths


def intervals(metric: str, validation: CrossValidation, truths: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return for each number of repeats ``truth <folds>``, and method -> (low, high)."""
    results: dict[str, Any] = {}
    for repeats in (1, len(validation.test) // SPLITS):
        folds, name = SPLITS * repeats, f"{SPLITS}x{repeats}"
        part = CrossValidation(
            validation.test[:folds],
            validation.inner[:folds],
            validation.repeat[:folds],
            validation.groups,
            validation.shares,
        )
        measured = influences(metric, part)
        results[f"truth {name}"] = float(np.mean([truth[metric] for truth in truths[:folds]]))
        results[f"influence {name}"] = _ends(influence_interval(measured, CONFIDENCE))
        results[f"corrected_t {name}"] = _ends(corrected_t(measured.by_fold, 1 / (SPLITS - 1), CONFIDENCE)[0])
        if repeats == 1:
            results[f"plain t {name}"] = _ends(corrected_t(measured.by_fold, 0.0, CONFIDENCE)[0])
            if metric == "auc":
                label, prediction, group = (
                    np.concatenate([getattr(rows, column) for rows in part.test])
                    for column in ("label", "prediction", "group")
                )
                by_group = clustered_delong(label, prediction, group, CONFIDENCE)
                by_row = clustered_delong(label, prediction, np.arange(len(label)), CONFIDENCE)
                results |= {f"clustered_delong {name}": _ends(by_group), f"delong by rows {name}": _ends(by_row)}
    return results


def _ends(interval: Any) -> Ends:
    return interval.low, interval.high


def summary(tables: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return for each metric the mean truth, and for each method how often it covers and how wide it is."""
    metrics = {}
    for metric in tables[0]:
        measured = [table[metric] for table in tables]
        truth = float(np.mean([table["truth 5x1"] for table in measured]))
        methods = {}
        for method in METHODS:
            # Not every method is one for every metric.
            if method in measured[0]:
                own = np.array([table[f"truth {method.split()[-1]}"] for table in measured])
                low, high = np.array([table[method] for table in measured]).T
                methods[method] = {
                    "own_models": _coverage((low <= own) & (own <= high)),
                    "mean_of_tables": _coverage((low <= truth) & (truth <= high)),
                    "mean_width": float((high - low).mean()),
                }
        metrics[metric] = {"truth": truth, "methods": methods}
    return metrics


def _coverage(covered: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the share of intervals that cover the true value, with a Wilson interval for that share."""
    share = stats.binomtest(int(covered.sum()), len(covered)).proportion_ci(CONFIDENCE, method="wilson")
    return {"covers": float(covered.mean()), "low": float(share.low), "high": float(share.high)}


def print_summary(cell: str, measured: Mapping[str, Any]) -> None:
    """Print a line for each metric and method."""
    print(f"\n{cell}")
    print(f"{'metric':<10}{'95 % interval':<46}{'own models':>12}{'(95 % of that)':>17}{'mean width':>12}")
    for metric, its in measured.items():
        for method, found in its["methods"].items():
            own = found["own_models"]
            spread = f"({own['low']:.0%} to {own['high']:.0%})"
            print(f"{metric:<10}{METHODS[method]:<46}{own['covers']:>12.0%}{spread:>17}{found['mean_width']:>12.3f}")


def _announced(number: int, study: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if number % 10 == 0:
        print(f"{number} tables", flush=True)
    return study


if __name__ == "__main__":
    main()
