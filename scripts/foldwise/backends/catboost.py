"""CatBoost behind the backend contract."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.backends.contract import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.matrix import FeatureMatrix, Matrix, StoredMatrix, blocks, safe_names
from foldwise.memory import release_memory

Refusal = catboost.CatBoostError
REFUSED_CHARACTERS = "\t\n"
_MISSING_CATEGORY = -1
_BINNING = ("border_count", "feature_border_type", "nan_mode")
_NATIVE_NAMES = {"log_loss": "Logloss", "auc": "AUC:hints=skip_train~false"}
# The time and the identity of a fit are written into the file: fixed, two equal fits give the same bytes.
_FIXED_METADATA = {"train_finish_time": "1970-01-01T00:00:00Z", "model_guid": "foldwise"}
_LABEL_TYPES = ('"class_label_type":"Float"', '"class_label_type":"Integer"')


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
    release_memory()
    pool = _pool(matrix, label, weight, options.threads)
    if matrix.categorical or options.device != "cpu":
        return pool
    pool.quantize(**{name: params[name] for name in _BINNING if params.get(name) is not None})
    return _without_raw_rows(pool, matrix, weight, options.threads)


def bin_validation(
    matrix: Matrix, label: npt.NDArray[np.int8], train: catboost.Pool, options: FitOptions
) -> catboost.Pool:
    """Prepare rows to be scored or watched; many rows are binned at the cuts of ``train``, and score alike."""
    pool = _pool(matrix, label, None, options.threads)
    if not train.is_quantized() or not isinstance(matrix, StoredMatrix):
        return pool
    with TemporaryDirectory(dir=matrix.scratch.folder) as folder:
        cuts = str(Path(folder) / "cuts")
        train.save_quantization_borders(cuts)
        try:
            pool.quantize(input_borders=cuts)
        except catboost.CatBoostError:
            # A column lacks values here and nowhere in ``train``, for which there is no bin: raw rows it takes.
            return _pool(matrix, label, None, options.threads)
    return _without_raw_rows(pool, matrix, None, options.threads)


def _without_raw_rows(
    pool: catboost.Pool, matrix: Matrix, weight: npt.NDArray[np.float64] | None, threads: int
) -> catboost.Pool:
    """Return a quantized pool that does not hold the array it was made of: one that was written and read back.

    A pool with a column that has one bin stays as it is: read back, it would lack the column, and with other
    columns the draws of a fit go to others.
    """
    if not isinstance(matrix, StoredMatrix):
        return pool
    with TemporaryDirectory(dir=matrix.scratch.folder) as folder:
        cuts, path = (str(Path(folder) / name) for name in ("cuts", "pool"))
        pool.save_quantization_borders(cuts)
        with Path(cuts).open(encoding="ascii") as lines:
            cut = {line.split("\t", 1)[0] for line in lines}
        if len(cut) < len(matrix.names):
            return pool
        pool.save(path)
        found = catboost.Pool(f"quantized://{path}", thread_count=threads)
    found.set_feature_names(_names(matrix))
    if weight is not None:
        found.set_weight(weight)
    return found


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
    model = catboost.CatBoost(native)
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
    pools = (_pool(FeatureMatrix(b, matrix.names, matrix.categorical), None, None, threads) for b in blocks(matrix))
    return np.concatenate([_probability(model, pool, threads) for pool in pools])


def gain(model: catboost.CatBoost) -> npt.NDArray[np.float64]:
    """Return how much the prediction changes with every column, shape (p,): CatBoost reports no gain."""
    return np.asarray(model.get_feature_importance(type="PredictionValuesChange"), np.float64)


def contributions(model: catboost.CatBoost, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    pool = _pool(matrix, None, None, threads)
    found = model.get_feature_importance(pool, type="ShapValues", thread_count=threads)
    return np.asarray(found, np.float64)[:, :-1]


def save(model: catboost.CatBoost, path: Path) -> None:
    """Write the model as cbm, without the time of the fit."""
    metadata = model.get_metadata()
    for key, value in _FIXED_METADATA.items():
        metadata[key] = value
    # A pool that was written and read back has forgotten that its labels are whole numbers.
    metadata["class_params"] = metadata["class_params"].replace(*_LABEL_TYPES)
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
    label: npt.NDArray[np.int8] | None,
    weight: npt.NDArray[np.float64] | None,
    threads: int,
) -> catboost.Pool:
    names = _names(matrix)
    # CatBoost computes in single precision, and takes an array in column order without a copy.
    values = np.empty((len(matrix), len(names)), np.float32, order="F")
    ends = np.cumsum(matrix.block_sizes)
    for end, block in zip(ends, blocks(matrix), strict=True):
        values[end - len(block) : end] = block
    data: Any = values
    if matrix.categorical:
        data = pd.DataFrame({j: _column(values[:, j], j in matrix.categorical) for j in range(len(names))}, copy=False)
    return catboost.Pool(
        data,
        label,
        weight=weight,
        cat_features=list(matrix.categorical) or None,
        feature_names=names,
        thread_count=threads,
    )


def _names(matrix: Matrix) -> list[str]:
    return safe_names(matrix.names, REFUSED_CHARACTERS)


def _column(values: npt.NDArray[np.float32], categorical: bool) -> npt.NDArray[Any]:
    if not categorical:
        return values
    return np.where(np.isnan(values), _MISSING_CATEGORY, values).astype(np.int32)
