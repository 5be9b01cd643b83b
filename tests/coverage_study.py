"""How often the intervals of an AUC cover the true value, on simulated tables: ``make coverage``.

Each table is the demo with another seed: 298 videos with 11 near copies each. The true value comes from new videos of
the same pattern: the mean AUC on them of the models fitted on the outer train parts. Averaged over all tables, that is
the AUC of the procedure, with which the intervals are compared; coverage of the AUC of a table's own models is written
as well.
"""

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from fixtures.simulated import as_arrays, simulated_rows
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.io.files import write_json
from foldwise.stats.bootstrap import group_bootstrap
from foldwise.stats.corrected_t import corrected_t
from foldwise.stats.delong import clustered_delong
from foldwise.stats.metrics import auc
from foldwise.training.logistic_regression import fit_and_predict
from scipy import stats

CONFIDENCE = 0.95
SPLITS, REPEATS = 5, 5
FIRST_SEED = 1000
NEW_VIDEOS, ROWS_OF_A_NEW_VIDEO = 8000, 3
TREES = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "deterministic": True, "verbosity": -1}
METHODS = {
    "corrected_t 5x5": "corrected t over 5 folds x 5 repeats",
    "corrected_t 5x1": "corrected t over 5 folds",
    "clustered_delong": "clustered DeLong, pooled predictions",
    "group_bootstrap": "bootstrap of whole groups, pooled predictions",
    "plain t 5x1": "t over 5 folds, not corrected",
    "plain t 5x5": "t over 5 folds x 5 repeats, not corrected",
    "delong by rows": "DeLong by rows",
    "bootstrap of rows": "bootstrap of rows",
    "row-wise split": "split row by row: mean ± sd over 5 folds",
}

Floats = npt.NDArray[np.float64]


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
    models = {model: summary([study[model] for study in studies]) for model in studies[0]}
    about = {"tables": given.tables, "first_seed": FIRST_SEED, "confidence": CONFIDENCE, "metric": "auc"}
    write_json(given.output, {**about, "models": models})
    for model, measured in models.items():
        print_summary(model, measured, given.tables)
    print(f"{given.output}: {given.tables} tables in {monotonic() - started:.0f} s")


def one_table(seed: int) -> dict[str, dict[str, Any]]:
    """Return for each model the intervals on the table of a seed, and what its models reach on new videos."""
    values, label, video = simulated(seed, None)
    new_values, new_label, _ = simulated(seed, NEW_VIDEOS)
    matrix = FeatureMatrix(np.concatenate([values, new_values]), tuple(f"f{j}" for j in range(values.shape[1])), ())
    folds = [fold == 0 for fold in split(label, video, Plan(SPLITS, REPEATS, 2, seed))]
    leaky = np.random.default_rng(seed).permutation(len(label)) % SPLITS
    of_models = {}
    for name, model in MODELS.items():
        predict = partial(predictions_of, model, matrix, np.concatenate([label, new_label]), seed)
        of_models[name] = intervals(predict, folds, [leaky == part for part in range(SPLITS)], label, new_label, video)
    return of_models


def simulated(seed: int, new_videos: int | None) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return features, label and video of the rows of a table, or of some rows of each of many new videos."""
    if new_videos is None:
        return as_arrays(simulated_rows(seed))
    rows = simulated_rows(seed + 1_000_000, new_videos)
    return as_arrays(rows.sample(frac=1, random_state=seed).groupby("original_video").head(ROWS_OF_A_NEW_VIDEO))


def boosted(matrix: FeatureMatrix, label: npt.NDArray[Any], part: npt.NDArray[np.int16], seed: int) -> Floats:
    """Return the predictions of the test rows, where ``part`` is 0, of 50 small trees fitted on the others."""
    data = lightgbm.Dataset(matrix.values[part > 0], label[part > 0])
    model = lightgbm.train({**TREES, "seed": seed}, data, num_boost_round=50)
    return np.asarray(model.predict(matrix.values[part == 0]), np.float64)


MODELS = {"LightGBM": boosted, "logistic regression": fit_and_predict}


def predictions_of(
    model: Any,
    matrix: FeatureMatrix,
    label: npt.NDArray[Any],
    seed: int,
    test: npt.NDArray[np.bool_],
    with_new: bool = False,
) -> tuple[Floats, Floats]:
    """Return the predictions of the test rows and, if ``with_new``, of all new rows, from a fit on the other rows."""
    kept = np.arange(len(label) if with_new else len(test))
    part = np.zeros(len(kept), np.int16)
    part[: len(test)] = ~test
    predictions = model(matrix.rows(kept), label[kept], part, seed)
    return predictions[: test.sum()], predictions[test.sum() :]


def intervals(
    predict: Any,
    folds: list[npt.NDArray[np.bool_]],
    leaky: list[npt.NDArray[np.bool_]],
    label: npt.NDArray[Any],
    new_label: npt.NDArray[Any],
    video: npt.NDArray[Any],
) -> dict[str, Any]:
    """Return ``truth`` and method -> (low, high)."""
    pooled, by_fold, truths = np.empty(len(label)), [], []
    for number, test in enumerate(folds):
        predictions, new = predict(test, with_new=number < SPLITS)
        by_fold.append(auc(label[test], predictions))
        if number < SPLITS:
            pooled[test] = predictions
            truths.append(auc(new_label, new))
    by_part = [auc(label[test], predict(test)[0]) for test in leaky]
    rows, once, all_folds = np.arange(len(label)), np.array(by_fold[:SPLITS]), np.array(by_fold)
    share, mean, sd = 1 / (SPLITS - 1), float(np.mean(by_part)), float(np.std(by_part, ddof=1))
    return {
        "truth": float(np.mean(truths)),
        "corrected_t 5x5": _ends(corrected_t(all_folds, share, CONFIDENCE)[0]),
        "corrected_t 5x1": _ends(corrected_t(once, share, CONFIDENCE)[0]),
        "clustered_delong": _ends(clustered_delong(label, pooled, video, CONFIDENCE)),
        "group_bootstrap": _ends(group_bootstrap(label, pooled, video, CONFIDENCE)["auc"]),
        "plain t 5x1": _ends(corrected_t(once, 0.0, CONFIDENCE)[0]),
        "plain t 5x5": _ends(corrected_t(all_folds, 0.0, CONFIDENCE)[0]),
        "delong by rows": _ends(clustered_delong(label, pooled, rows, CONFIDENCE)),
        "bootstrap of rows": _ends(group_bootstrap(label, pooled, rows, CONFIDENCE)["auc"]),
        "row-wise split": (mean - sd, mean + sd),
    }


def _ends(interval: Any) -> tuple[float, float]:
    return interval.low, interval.high


def summary(tables: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the truth, and for each method how many of its intervals cover it and how wide they are."""
    own = np.array([table["truth"] for table in tables])
    truth = float(own.mean())
    methods = {}
    for method in METHODS:
        low, high = np.array([table[method] for table in tables]).T
        methods[method] = {
            **_coverage((low <= truth) & (truth <= high)),
            "own_models": _coverage((low <= own) & (own <= high)),
            "mean_width": float((high - low).mean()),
            "sd_width": float((high - low).std(ddof=1)),
        }
    return {"truth": truth, "sd_of_own_models": float(own.std(ddof=1)), "methods": methods}


def _coverage(covered: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the share of intervals that cover the true value, with a Wilson interval for that share."""
    share = stats.binomtest(int(covered.sum()), len(covered)).proportion_ci(CONFIDENCE, method="wilson")
    return {"covers": float(covered.mean()), "low": float(share.low), "high": float(share.high)}


def print_summary(model: str, measured: Mapping[str, Any], tables: int) -> None:
    """Print a line for each method."""
    print(
        f"\n{model}, AUC: true value {measured['truth']:.4f}, mean over {tables} tables of models fitted "
        "on 4/5 of the videos"
    )
    print(f"{'95 % interval':<48}{'covers':>8}{'(95 % of that)':>18}{'own models':>12}{'mean width':>12}")
    for method, its in measured["methods"].items():
        spread = f"({its['low']:.0%} to {its['high']:.0%})"
        print(
            f"{METHODS[method]:<48}{its['covers']:>8.0%}{spread:>18}"
            f"{its['own_models']['covers']:>12.0%}{its['mean_width']:>12.3f}"
        )


def _announced(number: int, study: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if number % 10 == 0:
        print(f"{number} tables", flush=True)
    return study


if __name__ == "__main__":
    main()
