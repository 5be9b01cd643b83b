"""XGBoost behind the backend contract."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from foldwise.backends.contract import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.matrix import FeatureMatrix, safe_names

Refusal = xgb.core.XGBoostError
REFUSED_CHARACTERS = "[]<"
_BINNING = ("max_bin",)
_NATIVE_NAMES = {"log_loss": "logloss", "auc": "auc"}


def canonical(params: Parameters) -> Parameters:
    """Return the parameters: none of XGBoost's is without effect."""
    return dict(params)


def bin_key(params: Parameters) -> Hashable:
    """Return what the binned data depend on."""
    return tuple(params.get(name) for name in _BINNING)


def trees_are_nested(params: Parameters) -> bool:
    """Tell whether the first k of n trees are the trees of a fit with k."""
    return params.get("num_parallel_tree") in (None, 1)


def bin_train(
    matrix: FeatureMatrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> xgb.QuantileDMatrix:
    """Bin train rows once for many fits."""
    extra = {name: params[name] for name in _BINNING if params.get(name) is not None}
    return xgb.QuantileDMatrix(
        matrix.values, label, weight=weight, nthread=options.threads, **_described(matrix), **extra
    )


def bin_validation(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], train: xgb.QuantileDMatrix, options: FitOptions
) -> xgb.DMatrix:
    """Bin rows at the cuts of ``train``; scores from them equal those from the raw rows.

    Rows with categories stay raw: binned, a category that ``train`` does not hold counts as another one.
    """
    described = _described(matrix)
    if matrix.categorical:
        return xgb.DMatrix(matrix.values, label, nthread=options.threads, **described)
    cuts = {"ref": train, "max_bin": train.max_bin}
    return xgb.QuantileDMatrix(matrix.values, label, nthread=options.threads, **described, **cuts)


def fit(
    train: xgb.QuantileDMatrix,
    params: Parameters,
    trees: int,
    options: FitOptions,
    watch: Sequence[tuple[str, Any]] = (),
    metrics: Sequence[str] = CURVE_METRICS,
) -> Fitted:
    """Grow ``trees`` trees; with ``watch``, score each named data set after every tree."""
    native = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        **params,
        "device": options.device,
        "nthread": options.threads,
        "seed": options.seed,
        "eval_metric": [_NATIVE_NAMES[m] for m in metrics],
    }
    history: dict[str, dict[str, list[float]]] = {}
    model = xgb.train(
        native,
        train,
        num_boost_round=trees,
        evals=[(data, name) for name, data in watch],
        evals_result=history,
        verbose_eval=False,
    )
    curves = {(name, metric): np.array(history[name][_NATIVE_NAMES[metric]]) for name, _ in watch for metric in metrics}
    return Fitted(model, curves)


def predict(model: xgb.Booster, data: xgb.DMatrix, trees: int | None = None) -> Scores:
    """Return the probability of class 1, shape (n,), from the first ``trees`` trees."""
    scores: Scores = model.predict(data, iteration_range=(0, trees or 0))
    return scores


def predict_matrix(model: xgb.Booster, matrix: FeatureMatrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    return predict(model, xgb.DMatrix(matrix.values, nthread=threads, **_described(matrix)))


def gain(model: xgb.Booster) -> npt.NDArray[np.float64]:
    """Return the total gain of every column's splits, shape (p,)."""
    found = model.get_score(importance_type="total_gain")
    return np.array([found.get(name, 0.0) for name in model.feature_names or []], dtype=np.float64)


def contributions(model: xgb.Booster, matrix: FeatureMatrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    data = xgb.DMatrix(matrix.values, nthread=threads, **_described(matrix))
    return np.asarray(model.predict(data, pred_contribs=True), np.float64)[:, :-1]


def save(model: xgb.Booster, path: Path) -> None:
    """Write the model as JSON."""
    model.save_model(path)


def load(path: Path) -> xgb.Booster:
    """Read a model that :func:`save` wrote."""
    return xgb.Booster(model_file=path)


def version() -> str:
    """Return the library's version."""
    return str(xgb.__version__)


def _described(matrix: FeatureMatrix) -> dict[str, Any]:
    categorical = set(matrix.categorical)
    return {
        "feature_names": safe_names(matrix.names, REFUSED_CHARACTERS),
        "feature_types": ["c" if j in categorical else "q" for j in range(len(matrix.names))],
        "enable_categorical": bool(categorical),
    }
