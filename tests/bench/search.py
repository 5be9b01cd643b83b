"""Time of the hyperparameter search, compared with scikit-learn's on the same points, splits and cores.

The table has the shape of the study's: 3,278 simulated rows of 298 videos, 26 float32 features. Every search
is nested: five outer folds, three inner folds each, split by video. On each outer fold one search runs after the
other; the plain loop, the slowest, runs on the first one only. What a search chooses is judged by the log-loss of its
model on the outer test rows, less that of the choice of GridSearchCV.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from fixtures.simulated import as_arrays, simulated_rows
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from foldwise.search.fits import Fit, TrainPart
from foldwise.search.parameters import values_of
from foldwise.search.space import read_space
from foldwise.stats.metrics import log_loss

from bench.contestants import SEED, Contestant, grid_search_cv, ours, plain_loop, trees_alone
from bench.printing import spread, table

FEATURES = 26
SPACES = Path(__file__).with_name("first_version")
CONTESTANTS: dict[str, Contestant] = {
    "grid": ours("grid"),
    "race": ours("race"),
    "screen": ours("screen"),
    "GridSearchCV": grid_search_cv,
    "plain loop": plain_loop,
}
ON_THE_FIRST_FOLD_ONLY = {"plain loop"}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return one row a search: repeat, backend, outer fold, contestant, seconds, pick and equality of scores."""
    parts = list(outer_folds())
    rows = []
    for repeat in range(1, repeats + 1):
        for backend in SPECIFICATIONS:
            space = study_space(backend)
            grid_search_cv(backend, parts[0][0], {name: values[:1] for name, values in space.items()})
            for fold, (part, test) in enumerate(parts, start=1):
                rows += _one_fold({"repeat": repeat, "backend": backend, "outer_fold": fold}, part, test, space)
    return rows


def _one_fold(
    which: dict[str, Any], part: TrainPart, test: TrainPart, space: dict[str, list[Any]]
) -> list[dict[str, Any]]:
    """Run every search on one train part, and print its seconds."""
    backend = which["backend"]
    left_out = ON_THE_FIRST_FOLD_ONLY if which["outer_fold"] > 1 else set()
    timed = {n: _timed(run, backend, part, space) for n, run in CONTESTANTS.items() if n not in left_out}
    exact_pick, exact_losses = timed["GridSearchCV"][1]
    exact_loss = outer_loss(backend, part, test, exact_pick)
    worse = {n: outer_loss(backend, part, test, pick) - exact_loss for n, (_, (pick, _)) in timed.items()}
    rows = [
        {**which, "contestant": name, **seconds}
        | {
            "same_pick": pick == exact_pick,
            "same_scores": _equal(losses, exact_losses),
            "outer_difference": worse[name],
        }
        for name, (seconds, (pick, losses)) in timed.items()
    ]
    rows.append({**which, "contestant": "trees alone", "cpu_seconds": trees_alone(backend, part, space)})
    print(", ".join(f"{name} {value}" for name, value in which.items()), end=": ")
    took = [f"{name} {seconds['seconds']:.2f} s" for name, (seconds, _) in timed.items()]
    print(", ".join(took), flush=True)
    return rows


def study_space(backend: str) -> dict[str, list[Any]]:
    """Return the grid of the study: 64 points, 72 for CatBoost.

    The study did not set LightGBM's subsample_freq, so that subsample had no effect and half of its grid repeats the
    other half; the shipped space sets it.
    """
    dimensions = read_space(SPACES / f"{backend}.yaml", backend, {}).dimensions
    return {name: values_of(dimension) or [] for name, dimension in dimensions.items() if name != "subsample_freq"}


def outer_loss(backend: str, part: TrainPart, test: TrainPart, point: dict[str, Any]) -> float:
    """Return the log-loss on the test rows of a model with one point's parameters, fitted on the train part."""
    module, trees = get_backend(backend), SPECIFICATIONS[backend].trees
    params = module.canonical({name: value for name, value in point.items() if name != trees})
    fit = Fit(params, {int(point[trees]): [0]}, module.bin_key(params))
    options = FitOptions(SEED)
    binned = module.bin_train(part.matrix, part.label, part.weight, fit.params, options)
    model = module.fit(binned, fit.params, fit.trees, options).model
    return log_loss(test.label, module.predict_matrix(model, test.matrix, 1, fit.trees))


def outer_folds() -> Iterator[tuple[TrainPart, TrainPart]]:
    """Yield the train part and the test rows of each of the five outer folds."""
    values, label, video = as_arrays(simulated_rows(42))
    matrix = FeatureMatrix(np.ascontiguousarray(values[:, :FEATURES]), tuple(f"feature_{j}" for j in range(FEATURES)))
    for assignment in split(label, video, Plan(5, 1, 3, 42)):
        whole = TrainPart(matrix, label, None, assignment)
        yield whole.rows(assignment > 0), whole.rows(assignment == 0)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, by backend and contestant, the seconds of a search and how much faster it is than GridSearchCV.

    Each search of an outer fold is compared with GridSearchCV on that fold in that repeat; medians over these, with
    their smallest and largest value and their number. The outer log-loss: mean and largest difference.
    """
    summaries = []
    for backend in SPECIFICATIONS:
        own = [r for r in rows if r["backend"] == backend]
        of = {name: {(r["repeat"], r["outer_fold"]): r for r in own if r["contestant"] == name} for name in CONTESTANTS}
        for name, searches in of.items():
            ratios = [of["GridSearchCV"][key]["seconds"] / r["seconds"] for key, r in searches.items()]
            row: dict[str, Any] = {"backend": backend, "contestant": name, "searches": len(searches)}
            row["seconds"] = spread([r["seconds"] for r in searches.values()])
            row["speed_up"] = spread(ratios)
            row["same_picks"] = sum(r["same_pick"] for r in searches.values())
            differences = [r["outer_difference"] for r in searches.values()]
            row["outer_mean"], row["outer_worst"] = sum(differences) / len(differences), max(differences)
            row["same_scores"] = all(r["same_scores"] for r in searches.values())
            summaries.append(row)
        trees = [r for r in own if r["contestant"] == "trees alone"]
        over = [of["grid"][r["repeat"], r["outer_fold"]]["cpu_seconds"] / r["cpu_seconds"] for r in trees]
        summaries.append({"backend": backend, "contestant": "grid", "cpu_over_trees": spread(over)})
    return summaries


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text."""
    timed = [r for r in summary(rows) if "speed_up" in r]
    shown = [
        [
            r["backend"],
            r["contestant"],
            r["seconds"],
            r["speed_up"],
            f"{r['same_picks']} of {r['searches']}",
            f"{r['outer_mean']:+.4f} ({r['outer_worst']:+.4f})",
        ]
        for r in timed
    ]
    floor = "; ".join(f"{r['backend']} {r['cpu_over_trees']}" for r in summary(rows) if "cpu_over_trees" in r)
    head = ["backend", "search", "seconds an outer fold", "times as fast as GridSearchCV", "same pick as it"]
    head.append("outer log-loss less its (worst)")
    return f"{table(head, shown)}\nCPU of grid over CPU of its trees alone: {floor}"


def _timed(run: Contestant, backend: str, part: TrainPart, space: dict[str, list[Any]]) -> tuple[dict[str, float], Any]:
    wall, cpu = perf_counter(), process_time()
    outcome = run(backend, part, space)
    return {"seconds": perf_counter() - wall, "cpu_seconds": process_time() - cpu}, outcome


def _equal(losses: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> bool:
    """Return whether all values are equal bit for bit, but for those that a race or a screen leaves out."""
    evaluated = np.isfinite(losses)
    return bool(np.array_equal(losses[evaluated], expected[evaluated]))
