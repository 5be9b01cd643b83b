"""Tune and train one backend on one outer train part, and write the results."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.backends.base import Backend
from foldwise.backends.registry import check_device, get_backend
from foldwise.data.feature_matrix import Matrix
from foldwise.folds.assignment import Fold
from foldwise.io.files import replacing, write_json, write_table
from foldwise.io.job_memory import release_memory
from foldwise.results.training_records import FoldParams, Seconds, TrainTest
from foldwise.search.edges import edges_of
from foldwise.search.result import write_search
from foldwise.search.run_search import search_points, trial_log
from foldwise.search.settings import TrainingSettings
from foldwise.training.refit import Chosen, chosen_point, predict_out_of_fold, refit
from foldwise.training.shards import collect_shards
from foldwise.training.train_data import read_data, read_sample_ids

# SHAP values take time by rows x leaves: with this product they take at most a few seconds.
_MOST_EXPLAINED_ROWS, _FEWEST_EXPLAINED_ROWS, _EXPLAINED_LEAVES = 2000, 200, 10_000_000


@dataclass(frozen=True)
class TrainOutputs:
    """Paths that a training job writes; the attributes are the outputs of its rule.

    Attributes:
        model: the model in the library's own format.
        search: one row a point of the search.
        curve: the metrics of the chosen point after every tree, by inner fold.
        importance: gain and SHAP values by feature.
        inner_predictions: out-of-fold predictions of the train rows.
        params: the summary, :class:`~foldwise.results.training_records.FoldParams`.
        predictions: predictions of the test rows; None for the final model, which has none.
        joblib: a second format of the model, None where the backend has one format.
    """

    model: str
    search: str
    curve: str
    importance: str
    inner_predictions: str
    params: str
    predictions: str | None = None
    joblib: str | None = None


def train(
    *,
    table: str,
    contract: str,
    folds: str,
    fold: Fold,
    settings: TrainingSettings,
    outputs: TrainOutputs,
    shards: Sequence[str] = (),
) -> None:
    """Search on the inner folds, fit the chosen point on the whole train part, and write the results.

    A row is only predicted by models that were not fitted on its group: the search uses inner folds of train rows
    alone, the number of trees comes from it, and test rows are predicted once, at the end.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        fold: number of the outer fold; ``final`` has no test rows.
        settings: what the configuration says.
        outputs: paths of the results.
        shards: results of the shards of the search; empty where this job searches itself.

    Raises:
        UserError: for a missing device, before anything is read, or a parameter value that the library refuses.
    """
    started = time.perf_counter()
    check_device(settings.device, settings.backend)
    backend = get_backend(settings.backend)
    imports_memory = _peak_memory()
    data = read_data(table=table, contract=contract, folds=folds, fold=fold, folder=Path(outputs.params).parent)
    train_rows, test_rows = data.part > 0, data.part == 0
    settings = settings.for_rows(int(train_rows.sum()))
    part_to_search = data.searched(settings)
    trials = Path(outputs.search).with_name("trials.jsonl")
    if shards:
        result = collect_shards(shards, settings.points(), settings.greater_is_better)
    else:
        with trial_log(trials, settings, (table, contract, folds), fold, backend.version()) as log:
            result = search_points(part_to_search, backend, settings, log)
    searched = time.perf_counter()
    write_search(outputs.search, result, settings.metric, settings.greater_is_better)
    train_part = data.train_part(settings.class_weight)
    chosen = chosen_point(result, settings, backend)
    if len(part_to_search.label) < len(train_part.label):
        chosen = replace(chosen, models=None)
    out_of_fold = predict_out_of_fold(train_part, chosen, backend, settings)
    write_table(outputs.curve, out_of_fold.curve)
    inner = {"sample_id": read_sample_ids(table, train_rows), "unit": data.unit[train_rows]}
    inner |= {"group": data.group[train_rows], "label": train_part.label}
    inner |= {"inner_fold": train_part.inner, "score": out_of_fold.predictions}
    write_table(outputs.inner_predictions, pa.table(inner))
    stopping = settings.early_stopping_rounds is not None
    limit_met = stopping and max(out_of_fold.grown) >= chosen.fit.trees
    del out_of_fold, inner
    chosen = replace(chosen, models=None)

    release_memory()
    model = refit(train_part, chosen, backend, settings)
    refitted = time.perf_counter()

    _write_model(model, backend, outputs)
    explained, explained_rows = train_part.matrix, train_rows
    if outputs.predictions is not None:
        explained, explained_rows = data.matrix.rows(test_rows), test_rows
        score = backend.predict_matrix(model, explained, settings.threads).astype(np.float64)
        columns = {"sample_id": read_sample_ids(table, test_rows), "label": data.label[test_rows], "score": score}
        write_table(outputs.predictions, pa.table(columns))
    count = _explained_rows(chosen)
    some = _rows_of_all_groups(data.group[explained_rows], count, settings.seed)
    _write_importance(model, backend, explained.rows(some), settings.threads, outputs.importance)
    point = result.points[result.chosen]
    params = FoldParams(
        backend=settings.backend,
        fold=fold,
        chosen=point,
        trees=chosen.trees,
        trees_limit_met=limit_met,
        at_edge=edges_of(point, settings.space, without=settings.trees_name if stopping else None),
        metric=settings.metric,
        score=float(result.metric[result.chosen].mean()),
        points=len(result.points),
        fits=result.fits,
        seconds=Seconds(
            search=round(searched - started, 3),
            refit=round(refitted - searched, 3),
            total=round(time.perf_counter() - started, 3),
        ),
        peak_memory_mb=_peak_memory(),
        imports_memory_mb=imports_memory,
        inner_folds=len(np.unique(train_part.inner)),
        searched_rows=len(part_to_search.label),
        rows=TrainTest(int(train_rows.sum()), int(test_rows.sum())),
        groups=TrainTest(len(np.unique(data.group[train_rows])), len(np.unique(data.group[test_rows]))),
        features=len(data.matrix.names),
        versions={settings.backend: backend.version(), "numpy": np.__version__},
    )
    write_json(outputs.params, params.as_json())
    # Only now: an interruption after the search would otherwise lose all of its trials.
    trials.unlink(missing_ok=True)
    print(f"chose {params.chosen} with {params.trees} trees, {params.metric} {params.score:.4f}")


def _write_model(model: Any, backend: Backend, outputs: TrainOutputs) -> None:
    with replacing(outputs.model) as temporary:
        backend.save(model, Path(temporary))
    if outputs.joblib is not None:
        import joblib

        with replacing(outputs.joblib) as temporary:
            joblib.dump(backend.load(Path(outputs.model)), temporary)


def _write_importance(model: Any, backend: Backend, matrix: Matrix, threads: int, path: str) -> None:
    """Write the share of the total gain, and the mean absolute SHAP value over the rows, by feature."""
    shap = np.abs(backend.contributions(model, matrix, threads)).mean(axis=0)
    gain = backend.gain(model)
    columns = {
        "feature": list(matrix.names),
        "gain": gain / gain.sum() if gain.sum() else gain,
        "shap": shap,
        "n_rows": np.full(len(shap), len(matrix), np.int32),
    }
    write_table(path, pa.table(columns))


def _explained_rows(chosen: Chosen) -> int:
    """Return of how many rows SHAP values are computed: fewer for models with many leaves."""
    params = chosen.fit.params
    depth = int(params.get("max_depth") or params.get("depth") or 6)
    leaves = chosen.trees * int(params.get("num_leaves") or 2 ** max(1, min(depth, 10)))
    return max(_FEWEST_EXPLAINED_ROWS, min(_MOST_EXPLAINED_ROWS, _EXPLAINED_LEAVES // leaves))


def _rows_of_all_groups(group: npt.NDArray[np.int32], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw rows from all groups in turn, and return their positions in order.

    Args:
        group: shape (n,).
        count: how many rows; all where there are no more.
        seed: random seed.
    """
    order = np.random.default_rng(seed).permutation(len(group))
    by_group = order[np.argsort(group[order], kind="stable")]
    _, first, sizes = np.unique(group[by_group], return_index=True, return_counts=True)
    turn = np.arange(len(group)) - np.repeat(first, sizes)
    return np.sort(by_group[np.argsort(turn, kind="stable")][:count])


def _peak_memory() -> int:
    """Return the process's peak resident memory in MiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    # Not ru_maxrss where there is this: it starts at the size of the process that started this one.
    peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) // 1024
