"""CatBoost behind the backend contract."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.backends.contract import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.matrix import FeatureMatrix, safe_names

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
    matrix: FeatureMatrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> catboost.Pool:
    """Bin train rows once for many fits; a pool with categories is binned by each fit itself."""
    pool = _pool(matrix, label, weight, options.threads)
    if not matrix.categorical and options.device == "cpu":
        pool.quantize(**{name: params[name] for name in _BINNING if params.get(name) is not None})
    return pool


def bin_validation(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], train: catboost.Pool, options: FitOptions
) -> catboost.Pool:
    """Prepare rows to be scored or watched."""
    return _pool(matrix, label, None, options.threads)


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
    found = model.predict(data, prediction_type="Probability", ntree_end=trees or 0, thread_count=1)
    return np.asarray(found, np.float64)[:, 1]


def predict_matrix(model: catboost.CatBoost, matrix: FeatureMatrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    pool = _pool(matrix, None, None, threads)
    return np.asarray(model.predict(pool, prediction_type="Probability", thread_count=threads), np.float64)[:, 1]


def gain(model: catboost.CatBoost) -> npt.NDArray[np.float64]:
    """Return how much the prediction changes with every column, shape (p,): CatBoost reports no gain."""
    return np.asarray(model.get_feature_importance(type="PredictionValuesChange"), np.float64)


def contributions(model: catboost.CatBoost, matrix: FeatureMatrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    pool = _pool(matrix, None, None, threads)
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


def _pool(
    matrix: FeatureMatrix,
    label: npt.NDArray[np.int8] | None,
    weight: npt.NDArray[np.float64] | None,
    threads: int,
) -> catboost.Pool:
    names = safe_names(matrix.names, REFUSED_CHARACTERS)
    data: Any = np.ascontiguousarray(matrix.values)
    if matrix.categorical:
        data = pd.DataFrame({j: _column(matrix, j) for j in range(len(names))})
    return catboost.Pool(
        data,
        label,
        weight=weight,
        cat_features=list(matrix.categorical) or None,
        feature_names=names,
        thread_count=threads,
    )


def _column(matrix: FeatureMatrix, j: int) -> npt.NDArray[Any]:
    values = matrix.values[:, j]
    if j not in matrix.categorical:
        return values
    return np.where(np.isnan(values), _MISSING_CATEGORY, values).astype(np.int32)
