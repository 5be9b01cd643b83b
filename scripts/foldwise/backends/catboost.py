"""CatBoost behind the backend contract."""

from collections.abc import Hashable, Sequence
from mmap import MADV_DONTNEED, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.backends.base import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.backends.feature_names import safe_names
from foldwise.data.feature_matrix import Matrix, StoredMatrix, blocks

Refusal = catboost.CatBoostError
REFUSED_CHARACTERS = "\t\n"
_MISSING_CATEGORY = -1
_BINNING = ("border_count", "feature_border_type", "nan_mode")
_NATIVE_NAMES = {"log_loss": "Logloss", "auc": "AUC:hints=skip_train~false"}

# The time and the identity of a fit are written into the file: fixed, two equal fits give the same bytes.
_FIXED_METADATA = {"train_finish_time": "1970-01-01T00:00:00Z", "model_guid": "foldwise"}


def canonical(params: Parameters) -> Parameters:
    """Return the parameters: none of CatBoost's is without effect."""
    return dict(params)


def bin_key(params: Parameters) -> Hashable:
    """Return what the binned data depend on."""
    return tuple(params.get(name) for name in _BINNING)


def trees_are_nested(params: Parameters) -> bool:
    """Tell whether the first k of n trees are the trees of a fit with k.

    Without a learning rate CatBoost picks one from the number of trees; Langevin noise depends on it too, and
    a diffusion temperature switches it on.
    """
    noise = params.get("langevin", "diffusion_temperature" in params)
    return params.get("learning_rate") is not None and not noise


def bin_train(
    matrix: Matrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> catboost.Pool:
    """Bin train rows once for many fits; a pool with categories is binned by each fit itself."""
    values, pages = _column_order(matrix)
    pool = _pool(matrix, values, label, weight, options.threads)
    if not matrix.categorical and options.device == "cpu":
        pool.quantize(**{name: params[name] for name in _BINNING if params.get(name) is not None})
        pages.madvise(MADV_DONTNEED)
    return pool


def bin_validation(
    matrix: Matrix, label: npt.NDArray[np.int8], train: catboost.Pool, options: FitOptions
) -> catboost.Pool:
    """Prepare rows to be scored or watched; many rows are binned at the cuts of ``train``, and score alike."""
    values, pages = _column_order(matrix)
    pool = _pool(matrix, values, label, None, options.threads)
    if not train.is_quantized() or not isinstance(matrix, StoredMatrix):
        return pool
    with TemporaryDirectory(dir=matrix.scratch.folder) as folder:
        cuts = str(Path(folder) / "cuts")
        train.save_quantization_borders(cuts)
        try:
            pool.quantize(input_borders=cuts)
        except catboost.CatBoostError:
            # A column lacks values here and nowhere in ``train``, for which there is no bin: raw rows it takes.
            return _pool(matrix, values, label, None, options.threads)
    pages.madvise(MADV_DONTNEED)
    return pool


def _column_order(matrix: Matrix) -> tuple[npt.NDArray[np.float32], mmap]:
    """Return all rows in column order, shape (n, p), which CatBoost takes without a copy, and the pages they lie in.

    A pool keeps the array when it is quantized, and reads it no more: the pages can then go back to the system.
    """
    size = len(matrix) * len(matrix.names)
    pages = mmap(-1, max(1, size * np.dtype(np.float32).itemsize))
    values: npt.NDArray[np.float32] = np.frombuffer(pages, np.float32, size).reshape(len(matrix), -1, order="F")
    ends = np.cumsum(matrix.block_sizes)
    for end, block in zip(ends, blocks(matrix), strict=True):
        values[end - len(block) : end] = block
    return values, pages


def fit(
    train: catboost.Pool,
    params: Parameters,
    trees: int,
    options: FitOptions,
    watch: Sequence[tuple[str, Any]] = (),
    metrics: Sequence[str] = CURVE_METRICS,
) -> Fitted:
    """Grow ``trees`` trees; with ``watch``, score each named data set after every tree."""
    native = {
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
    if watch:
        native["custom_metric"] = [_NATIVE_NAMES[m] for m in metrics]
    elif not options.kept:
        # The loss of the train rows after each tree, which nobody reads, takes 1 to 2 % of a fit of 1,745 x 26.
        native["metric_period"] = trees
    model = catboost.CatBoost(native)
    if not options.kept:
        # The importances, which CatBoost works out after every fit, take another 1 %.
        model.get_feature_importance = lambda *_, **__: None
    model.fit(train, eval_set=[data for _, data in watch] or None)
    history = model.get_evals_result()
    sets = ["validation"] if len(watch) == 1 else [f"validation_{i}" for i in range(len(watch))]
    curves = {
        (name, metric): np.array(history[key][_NATIVE_NAMES[metric].split(":")[0]])
        for key, (name, _) in zip(sets, watch, strict=True)
        for metric in metrics
    }
    return Fitted(model, curves)


def predict(model: catboost.CatBoost, data: catboost.Pool, trees: int | None = None) -> Scores:
    """Return the probability of class 1, shape (n,), from the first ``trees`` trees."""
    return _probability(model, data, 1, trees)


def predict_matrix(model: catboost.CatBoost, matrix: Matrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    # Not copied where they are in column order already, as the parts of a table to score are.
    parts = (np.asfortranarray(block, np.float32) for block in blocks(matrix))
    pools = (_pool(matrix, values, None, None, threads) for values in parts)
    return np.concatenate([_probability(model, pool, threads) for pool in pools])


def gain(model: catboost.CatBoost) -> npt.NDArray[np.float64]:
    """Return how much the prediction changes with every column, shape (p,): CatBoost reports no gain."""
    return np.asarray(model.get_feature_importance(type="PredictionValuesChange"), np.float64)


def contributions(model: catboost.CatBoost, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    pool = _pool(matrix, _column_order(matrix)[0], None, None, threads)
    found = model.get_feature_importance(pool, type="ShapValues", thread_count=threads)
    return np.asarray(found, np.float64)[:, :-1]


def save(model: catboost.CatBoost, path: Path) -> None:
    """Write the model as cbm, without the time of the fit."""
    metadata = model.get_metadata()
    for key, value in _FIXED_METADATA.items():
        metadata[key] = value
    model.save_model(str(path), format="cbm")


def load(path: Path) -> catboost.CatBoost:
    """Read a model that :func:`save` wrote."""
    return catboost.CatBoost().load_model(str(path), format="cbm")


def version() -> str:
    """Return the library's version."""
    return str(catboost.__version__)


def _probability(model: catboost.CatBoost, pool: catboost.Pool, threads: int, trees: int | None = None) -> Scores:
    found = model.predict(pool, prediction_type="Probability", ntree_end=trees or 0, thread_count=threads)
    return np.asarray(found, np.float64)[:, 1]


def _pool(
    matrix: Matrix,
    values: npt.NDArray[np.float32],
    label: npt.NDArray[np.int8] | None,
    weight: npt.NDArray[np.float64] | None,
    threads: int,
) -> catboost.Pool:
    """Return the rows of a matrix as a pool; ``values`` are all of them, in single precision and column order."""
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
