"""CatBoost as a backend."""

from collections.abc import Hashable, Sequence
from mmap import MADV_DONTNEED, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.backends.base import (
    CURVE_METRICS,
    FitOptions,
    Fitted,
    Labels,
    Margins,
    Parameters,
    Predictions,
    Weights,
    safe_names,
)
from foldwise.data.feature_matrix import FeatureMatrix, Matrix, StoredMatrix, blocks

LibraryError = catboost.CatBoostError
REFUSED_CHARACTERS = "\t\n"
_MISSING_CATEGORY = -1
_BINNING = ("border_count", "feature_border_type", "nan_mode")
_NATIVE_NAMES = {"log_loss": "Logloss", "auc": "AUC:hints=skip_train~false"}

# CatBoost writes the time and a random id of the fit into the file: fixed, two equal fits give the same bytes.
_FIXED_METADATA = {"train_finish_time": "1970-01-01T00:00:00Z", "model_guid": "foldwise"}


def canonical(params: Parameters) -> Parameters:
    """Return the parameters unchanged: all of CatBoost's have an effect."""
    return dict(params)


def bin_key(params: Parameters) -> Hashable:
    """Return the parameters that the binned data depend on."""
    return tuple(params.get(name) for name in _BINNING)


def trees_are_nested(params: Parameters) -> bool:
    """Return whether the first k trees of a fit with n > k trees are the trees of a fit with k.

    Without a learning rate CatBoost derives one from the number of trees; Langevin noise depends on that number
    too, and a diffusion temperature switches it on.
    """
    noise = params.get("langevin", "diffusion_temperature" in params)
    return params.get("learning_rate") is not None and not noise


def bin_train(
    matrix: Matrix, label: Labels, weight: Weights | None, params: Parameters, options: FitOptions
) -> catboost.Pool:
    """Bin train rows for many fits; each fit bins a pool with categories itself."""
    values, pages = _column_order(matrix)
    pool = _pool(matrix, values, label, weight, options.threads)
    if not matrix.categorical and options.device == "cpu":
        pool.quantize(**{name: params[name] for name in _BINNING if params.get(name) is not None})
        _release(pages)
    return pool


def bin_validation(
    matrix: Matrix, label: Labels, train: catboost.Pool, options: FitOptions, weight: Weights | None = None
) -> catboost.Pool:
    """Prepare validation rows; those of a table on disk are binned at the cuts of ``train``, with equal predictions."""
    values, pages = _column_order(matrix)
    pool = _pool(matrix, values, label, weight, options.threads)
    if not train.is_quantized() or not isinstance(matrix, StoredMatrix):
        return pool
    with TemporaryDirectory(dir=matrix.scratch.folder) as folder:
        cuts = str(Path(folder) / "cuts")
        train.save_quantization_borders(cuts)
        try:
            pool.quantize(input_borders=cuts)
        except catboost.CatBoostError:
            # A column has missing values here but none in ``train``, so that they have no bin: keep the rows raw.
            return _pool(matrix, values, label, weight, options.threads)
    _release(pages)
    return pool


def _column_order(matrix: Matrix) -> tuple[npt.NDArray[np.float32], mmap | None]:
    """Return all rows in column order, shape (n, p), which CatBoost reads without a copy.

    Returns:
        The rows and, for a table on disk, the memory pages that contain them: see :func:`_release`.
    """
    if isinstance(matrix, FeatureMatrix):
        return np.asfortranarray(matrix.values, np.float32), None
    size = len(matrix) * len(matrix.names)
    pages = mmap(-1, max(1, size * np.dtype(np.float32).itemsize))
    values: npt.NDArray[np.float32] = np.frombuffer(pages, np.float32, size).reshape(len(matrix), -1, order="F")
    ends = np.cumsum(matrix.block_sizes)
    for end, block in zip(ends, blocks(matrix), strict=True):
        values[end - len(block) : end] = block
    return values, pages


def _release(pages: mmap | None) -> None:
    """Return the pages to the system: a quantized pool keeps a reference to its values, but never reads them again."""
    if pages is not None:
        pages.madvise(MADV_DONTNEED)


def fit(
    train: catboost.Pool,
    params: Parameters,
    trees: int,
    options: FitOptions,
    eval_sets: Sequence[tuple[str, Any]] = (),
    metrics: Sequence[str] = CURVE_METRICS,
    patience: int | None = None,
) -> Fitted:
    """Fit trees, and evaluate ``metrics`` on every named evaluation set after each tree."""
    native: dict[str, Any] = {
        "loss_function": "Logloss",
        **{k: v for k, v in params.items() if not (train.is_quantized() and k in _BINNING)},
        "iterations": trees,
        "random_seed": options.seed,
        "thread_count": options.threads,
        "task_type": "GPU" if options.device == "cuda" else "CPU",
        "allow_writing_files": False,
        "use_best_model": False,
        "logging_level": "Silent",
    }
    if eval_sets:
        native["custom_metric"] = [_NATIVE_NAMES[m] for m in metrics]
        if patience is not None:
            native |= {"eval_metric": _NATIVE_NAMES[metrics[0]], "od_type": "Iter", "od_wait": patience}
    elif not options.kept:
        # The train loss after each tree, which nobody reads, takes 1 to 2 % of a fit of 1,745 rows x 26 columns.
        native["metric_period"] = trees
    model = catboost.CatBoost(native)
    model.fit(train, eval_set=[data for _, data in eval_sets] or None)
    history = model.get_evals_result()
    sets = ["validation"] if len(eval_sets) == 1 else [f"validation_{i}" for i in range(len(eval_sets))]
    curves = {
        (name, metric): np.array(history[key][_NATIVE_NAMES[metric].split(":")[0]])
        for key, (name, _) in zip(sets, eval_sets, strict=True)
        for metric in metrics
    }
    return Fitted(model, curves)


def predict(model: catboost.CatBoost, data: catboost.Pool, trees: int | None = None) -> Predictions:
    """Return the probability of class 1, shape (n,), from the first ``trees`` trees."""
    return _probability(model, data, 1, trees)


def predict_matrix(model: catboost.CatBoost, matrix: Matrix, threads: int = 1, trees: int | None = None) -> Predictions:
    """Return the probability of class 1 for raw rows, shape (n,), from the first ``trees`` trees."""
    # No copy where the block is in column order already, as are those of a new table to predict.
    parts = (np.asfortranarray(block, np.float32) for block in blocks(matrix))
    pools = (_pool(matrix, values, None, None, threads) for values in parts)
    return np.concatenate([_probability(model, pool, threads, trees) for pool in pools])


def staged_margins(model: catboost.CatBoost, matrix: Matrix, counts: Sequence[int], threads: int = 1) -> Margins:
    """Return the log-odds of class 1 from the first ``counts`` trees, shape (len(counts), n)."""
    pool = _pool(matrix, _column_order(matrix)[0], None, None, threads)
    added, start = [], 0
    for count in counts:
        part = {"ntree_start": start, "ntree_end": count, "thread_count": threads}
        added.append(np.asarray(model.predict(pool, prediction_type="RawFormulaVal", **part), np.float64))
        start = count
    return np.cumsum(added, axis=0)


def shift(model: catboost.CatBoost, offset: float) -> catboost.CatBoost:
    """Return the model with ``offset`` added to its log-odds."""
    scale, bias = model.get_scale_and_bias()
    model.set_scale_and_bias(scale, bias + offset)
    return model


def detached(model: catboost.CatBoost) -> catboost.CatBoost:
    """Return the model: CatBoost's keeps no rows."""
    return model


def trees(model: catboost.CatBoost) -> int:
    """Return the number of trees."""
    return int(model.tree_count_)


def gain(model: catboost.CatBoost) -> npt.NDArray[np.float64]:
    """Return CatBoost's PredictionValuesChange of every column, shape (p,): it reports no gain."""
    return np.asarray(model.get_feature_importance(type="PredictionValuesChange"), np.float64)


def contributions(model: catboost.CatBoost, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    pool = _pool(matrix, _column_order(matrix)[0], None, None, threads)
    shap = model.get_feature_importance(pool, type="ShapValues", thread_count=threads)
    return np.asarray(shap, np.float64)[:, :-1]


def save(model: catboost.CatBoost, path: Path) -> None:
    """Write the model in CatBoost's cbm format, with a fixed time and id of the fit."""
    metadata = model.get_metadata()
    for key, value in _FIXED_METADATA.items():
        metadata[key] = value
    model.save_model(str(path), format="cbm")


def load(path: Path) -> catboost.CatBoost:
    """Read a model that :func:`save` wrote."""
    return catboost.CatBoost().load_model(str(path), format="cbm")


def version() -> str:
    """Return the version of the library."""
    return str(catboost.__version__)


def _probability(model: catboost.CatBoost, pool: catboost.Pool, threads: int, trees: int | None = None) -> Predictions:
    by_class = model.predict(pool, prediction_type="Probability", ntree_end=trees or 0, thread_count=threads)
    return np.asarray(by_class, np.float64)[:, 1]


def _pool(
    matrix: Matrix,
    values: npt.NDArray[np.float32],
    label: Labels | None,
    weight: Weights | None,
    threads: int,
) -> catboost.Pool:
    """Return the rows of a matrix as a pool.

    Args:
        matrix: its column names and categories.
        values: all rows in column order, shape (n, p), float32.
        label: shape (n,), or None for rows to predict.
        weight: shape (n,), or None when all rows have the same weight.
        threads: threads that build the pool.
    """
    data: Any = values
    if matrix.categorical:
        columns = {j: _column(values[:, j], j in matrix.categorical) for j in range(values.shape[1])}
        data = pd.DataFrame(columns, copy=False)
    return catboost.Pool(
        data,
        label,
        weight=weight,
        cat_features=list(matrix.categorical) or None,
        feature_names=safe_names(matrix.names, REFUSED_CHARACTERS),
        thread_count=threads,
    )


def _column(values: npt.NDArray[np.float32], categorical: bool) -> npt.NDArray[Any]:
    if not categorical:
        return values
    return np.where(np.isnan(values), _MISSING_CATEGORY, values).astype(np.int32)
