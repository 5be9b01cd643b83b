"""Tune and train one backend on one outer train part, and write what came of it."""

import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.backends.base import CURVE_METRICS, Backend, FitOptions
from foldwise.backends.devices import check_device
from foldwise.backends.registry import get_backend
from foldwise.data.feature_matrix import Matrix
from foldwise.io.files import replacing, write_json, write_table
from foldwise.io.job_memory import release_memory
from foldwise.search.fits import Binned, Fit, InnerFold, TrainPart
from foldwise.search.result import Choice, gather_shards
from foldwise.search.run_search import points_of, search_points, trial_log
from foldwise.search.settings import Settings
from foldwise.stats.metrics import LOWER_IS_BETTER
from foldwise.training.refit import chosen_fit, refit
from foldwise.training.train_data import read_data, read_sample_ids

_EXPLAINED_ROWS = 2000


def train(inputs: Mapping[str, Any], column: str, settings: Settings, outputs: Mapping[str, str]) -> None:
    """Search on the inner folds, fit the chosen point on the whole train part, and write the results.

    Nothing that scores a row has seen its group: the search reads inner folds of train rows
    only, the number of trees comes from it, and test rows are scored once, at the end.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``, and of the ``shards`` of the search, if it has any.
        column: the column of ``folds.parquet`` to use; ``final`` has no test rows.
        settings: what the configuration says.
        outputs: paths of ``search``, ``params``, ``curve``, ``importance``, ``inner_predictions``,
            of ``predictions`` unless the column is ``final``, and of ``model`` (and ``joblib``).

    Raises:
        UserError: for a missing device, before anything is fitted.
    """
    started = time.perf_counter()
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    after_imports = _peak_memory()
    data = read_data(inputs, column, Path(outputs["params"]).parent)
    train_rows, test_rows = data.part > 0, data.part == 0
    part_to_search = data.searched(settings)
    trials = Path(outputs["search"]).with_name("trials.jsonl")
    if inputs.get("shards"):
        choice = gather_shards(inputs["shards"], points_of(settings), settings.metric not in LOWER_IS_BETTER)
    else:
        with trial_log(trials, settings, inputs, column, backend.version()) as log:
            choice = search_points(part_to_search, backend, settings, log)
    searched = time.perf_counter()
    _write_search(choice, settings.metric, outputs["search"])
    fit = chosen_fit(choice, settings, backend)
    train_part = data.train_part(settings.class_weight)
    _write_inner(train_part, lambda: read_sample_ids(inputs, train_rows), fit, backend, settings, outputs)

    release_memory()
    model = refit(train_part, fit, backend, settings)
    refitted = time.perf_counter()

    _write_model(model, backend, outputs)
    scored = data.matrix.rows(test_rows) if "predictions" in outputs else train_part.matrix
    if "predictions" in outputs:
        score = backend.predict_matrix(model, scored, settings.threads).astype(np.float64)
        columns = {"sample_id": read_sample_ids(inputs, test_rows), "label": data.label[test_rows], "score": score}
        write_table(outputs["predictions"], pa.table(columns))
    _write_importance(model, backend, scored, settings.threads, outputs["importance"])
    seconds = {
        "search": searched - started,
        "refit": refitted - searched,
        "total": time.perf_counter() - started,
    }
    summary = {
        "backend": settings.backend,
        "fold": int(column.removeprefix("fold_")) if column != "final" else column,
        "chosen": choice.points[choice.chosen],
        "trees": fit.trees,
        "metric": settings.metric,
        "score": choice.scores[choice.chosen].mean(),
        "points": len(choice.points),
        "fits": choice.fits,
        "seconds": {k: round(v, 3) for k, v in seconds.items()},
        "peak_memory_mb": _peak_memory(),
        "imports_memory_mb": after_imports,
        "searched_rows": len(part_to_search.label),
        "rows": {"train": int(train_rows.sum()), "test": int(test_rows.sum())},
        "groups": {name: len(np.unique(data.group[m])) for name, m in (("train", train_rows), ("test", test_rows))},
        "features": len(data.matrix.names),
        "versions": {settings.backend: backend.version(), "numpy": np.__version__},
    }
    write_json(outputs["params"], summary)
    # Not before: an interruption after the search would cost all of its trials.
    trials.unlink(missing_ok=True)
    print(f"chose {summary['chosen']} with {fit.trees} trees, {settings.metric} {summary['score']:.4f}")


def _write_search(choice: Choice, metric: str, path: str) -> None:
    """Write one row a point: its scores, its rank, and its parameters as columns ``param_<name>``.

    What a point has no value for is null: scores after it was given up, with its mean and rank, and parameters
    that other points have.
    """
    means, folds = choice.scores.mean(axis=1), choice.scores.shape[1]
    given_up = choice.dropped_after > 0
    columns: dict[str, Any] = {"point": np.arange(len(means), dtype=np.int32), "trees": choice.trees}
    columns |= {f"score_{i + 1}": _nullable(choice.scores[:, i]) for i in range(folds)}
    columns |= {"mean_score": _nullable(means), "std_score": _nullable(choice.scores.std(axis=1, ddof=1))}
    ordered = means if metric in LOWER_IS_BETTER else -means
    rank = np.array([1 + np.count_nonzero(ordered < value) for value in ordered], np.int32)
    columns["rank"] = pa.array(rank, mask=given_up)
    columns["chosen"] = np.arange(len(means)) == choice.chosen
    columns["shared"] = choice.shared
    columns["dropped_after"] = pa.array(choice.dropped_after, mask=~given_up)
    names = dict.fromkeys(name for point in choice.points for name in point)
    columns |= {f"param_{name}": [point.get(name) for point in choice.points] for name in names}
    greater = str(metric not in LOWER_IS_BETTER).lower()
    write_table(path, pa.table(columns), {"metric": metric, "greater_is_better": greater})


def _nullable(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _write_inner(
    part: TrainPart,
    sample_ids: Callable[[], pa.Array],
    fit: Fit,
    backend: Backend,
    settings: Settings,
    outputs: Mapping[str, str],
) -> None:
    """Fit the chosen point on every inner fold again: its curves and its inner out-of-fold scores."""
    options = FitOptions(settings.seed, 1, settings.device)
    scores = np.full(len(part.label), np.nan)
    curves: dict[str, list[Any]] = {"iteration": [], "inner_fold": [], "part": [], "metric": [], "value": []}
    for fold in np.unique(part.inner):
        [(found, held_out)] = InnerFold(part, int(fold), backend, options).run([fit], _curves_and_scores)
        scores[part.inner == fold] = held_out
        for (name, metric), values in found.items():
            curves["iteration"] += range(1, len(values) + 1)
            curves["value"] += values.tolist()
            for key, value in (("inner_fold", int(fold)), ("part", name), ("metric", metric)):
                curves[key] += [value] * len(values)
    kinds = [pa.int32(), pa.int16(), pa.string(), pa.string(), pa.float64()]
    write_table(outputs["curve"], pa.table(curves, pa.schema(list(zip(curves, kinds, strict=True)))))
    inner = {"sample_id": sample_ids(), "label": part.label, "inner_fold": part.inner, "score": scores}
    write_table(outputs["inner_predictions"], pa.table(inner))


def _curves_and_scores(fit: Fit, binned: Binned) -> tuple[dict[tuple[str, str], Any], npt.NDArray[Any]]:
    backend, fit_part = binned.backend, binned.fit_part
    watched = backend.bin_validation(fit_part.matrix, fit_part.label, binned.train, binned.options)
    watch = [("train", watched), ("validation", binned.validation)]
    fitted = backend.fit(binned.train, fit.params, fit.trees, binned.options, watch=watch, metrics=CURVE_METRICS)
    return fitted.curves, backend.predict(fitted.model, binned.validation)


def _write_model(model: Any, backend: Backend, outputs: Mapping[str, str]) -> None:
    with replacing(outputs["model"]) as beside:
        backend.save(model, Path(beside))
    if "joblib" in outputs:
        import joblib

        with replacing(outputs["joblib"]) as beside:
            joblib.dump(backend.load(Path(outputs["model"])), beside)


def _write_importance(model: Any, backend: Backend, matrix: Matrix, threads: int, path: str) -> None:
    """Write gain as a share of the whole, and mean absolute SHAP values over up to 2,000 rows."""
    rows = len(matrix)
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, _EXPLAINED_ROWS)).astype(np.int64))
    shap = np.abs(backend.contributions(model, matrix.rows(chosen), threads)).mean(axis=0)
    gain = backend.gain(model)
    columns = {
        "feature": list(matrix.names),
        "gain": gain / gain.sum() if gain.sum() else gain,
        "shap": shap,
        "n_rows": np.full(len(shap), len(chosen), np.int32),
    }
    write_table(path, pa.table(columns))


def _peak_memory() -> int:
    """Return the process's peak resident memory in MB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    # Not ru_maxrss where there is this: it starts at the size of the process that started this one.
    peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) // 1024
