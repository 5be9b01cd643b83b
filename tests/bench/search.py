"""Time of the hyperparameter search, beside scikit-learn's on the same points, splits and cores.

The table has the shape of the study's: 3,278 simulated rows of 298 videos, 26 float32 features. Every search
is nested: five outer folds, three inner folds each, split by video. Contestants take turns on each outer fold.
"""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from foldwise.backends import SPECIFICATIONS
from foldwise.folds import Plan, split
from foldwise.matrix import FeatureMatrix
from foldwise.search.dimensions import values_of
from foldwise.search.space import read_space
from foldwise.search.train_part import TrainPart
from simulated import as_arrays, simulated_rows

from bench.contestants import Contestant, grid_search_cv, ours, plain_loop, trees_alone
from bench.printing import spread, table

FEATURES = 26
SPACES = Path(__file__).parents[2] / "config" / "search"
CONTESTANTS: dict[str, Contestant] = {
    "grid": ours("grid"),
    "race": ours("race"),
    "GridSearchCV": grid_search_cv,
    "plain loop": plain_loop,
}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return one row a search: repeat, backend, outer fold, contestant, seconds, pick and equality of scores."""
    parts = list(outer_folds())
    rows = []
    for repeat in range(1, repeats + 1):
        for backend in SPECIFICATIONS:
            space = study_space(backend)
            grid_search_cv(backend, parts[0], {name: values[:1] for name, values in space.items()})
            for fold, part in enumerate(parts, start=1):
                rows += _one_fold({"repeat": repeat, "backend": backend, "outer_fold": fold}, part, space)
    return rows


def _one_fold(which: dict[str, Any], part: TrainPart, space: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Let every contestant search one train part, and print what each took."""
    backend = which["backend"]
    found = {name: _timed(run, backend, part, space) for name, run in CONTESTANTS.items()}
    exact_pick, exact_scores = found["GridSearchCV"][1]
    rows = [
        {**which, "contestant": name, **seconds}
        | {"same_pick": pick == exact_pick, "same_scores": _equal(scores, exact_scores)}
        for name, (seconds, (pick, scores)) in found.items()
    ]
    rows.append({**which, "contestant": "trees alone", "cpu_seconds": trees_alone(backend, part, space)})
    print(", ".join(f"{name} {value}" for name, value in which.items()), end=": ")
    took = [f"{name} {seconds['seconds']:.2f} s" for name, (seconds, _) in found.items()]
    print(", ".join(took), flush=True)
    return rows


def study_space(backend: str) -> dict[str, list[Any]]:
    """Return the study's grid as it stood there: 64 points, 72 for CatBoost.

    The study left LightGBM's subsample_freq out, so that subsample had no effect and half of its grid repeats
    the other half; the space that is shipped sets it.
    """
    dimensions = read_space(SPACES / f"{backend}.yaml", backend, {}).dimensions
    return {name: values_of(dimension) or [] for name, dimension in dimensions.items() if name != "subsample_freq"}


def outer_folds() -> Iterator[TrainPart]:
    """Yield the train part of each of the five outer folds."""
    values, label, video = as_arrays(simulated_rows(42))
    matrix = FeatureMatrix(np.ascontiguousarray(values[:, :FEATURES]), tuple(f"feature_{j}" for j in range(FEATURES)))
    for assignment in split(label, video, Plan(5, 1, 3, 42)):
        yield TrainPart(matrix, label, None, assignment).rows(assignment > 0)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, by backend and contestant, seconds over five outer folds and the speed-up over GridSearchCV.

    Both are medians over the repeats, with their smallest and largest value.
    """
    found = []
    for backend in SPECIFICATIONS:
        own = [r for r in rows if r["backend"] == backend]
        repeats = sorted({r["repeat"] for r in own})
        exact = [_total(own, "GridSearchCV", "seconds", r) for r in repeats]
        for name in CONTESTANTS:
            seconds = [_total(own, name, "seconds", r) for r in repeats]
            searches = [r for r in own if r["contestant"] == name]
            row: dict[str, Any] = {"backend": backend, "contestant": name, "searches": len(searches)}
            row["seconds"] = spread(seconds)
            row["speed_up"] = spread([there / here for there, here in zip(exact, seconds, strict=True)])
            row["same_picks"] = sum(r["same_pick"] for r in searches)
            row["same_scores"] = all(r["same_scores"] for r in searches)
            found.append(row)
        over = [_total(own, "grid", "cpu_seconds", r) / _total(own, "trees alone", "cpu_seconds", r) for r in repeats]
        found.append({"backend": backend, "contestant": "grid", "cpu_over_trees": spread(over)})
    return found


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text."""
    timed = [r for r in summary(rows) if "speed_up" in r]
    shown = [
        [r["backend"], r["contestant"], r["seconds"], r["speed_up"], f"{r['same_picks']} of {r['searches']}"]
        for r in timed
    ]
    floor = "; ".join(f"{r['backend']} {r['cpu_over_trees']}" for r in summary(rows) if "cpu_over_trees" in r)
    head = ["backend", "search", "seconds over 5 outer folds", "times as fast as GridSearchCV", "same pick as it"]
    return f"{table(head, shown)}\nCPU of grid over CPU of its trees alone: {floor}"


def _timed(run: Contestant, backend: str, part: TrainPart, space: dict[str, list[Any]]) -> tuple[dict[str, float], Any]:
    wall, cpu = perf_counter(), process_time()
    found = run(backend, part, space)
    return {"seconds": perf_counter() - wall, "cpu_seconds": process_time() - cpu}, found


def _equal(scores: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> bool:
    """Tell whether all scores that were taken are equal bit for bit: racing leaves some out."""
    taken = np.isfinite(scores)
    return bool(np.array_equal(scores[taken], expected[taken]))


def _total(rows: list[dict[str, Any]], contestant: str, value: str, repeat: int) -> float:
    return sum(r[value] for r in rows if r["contestant"] == contestant and r["repeat"] == repeat)
