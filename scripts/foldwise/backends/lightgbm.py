"""LightGBM behind the backend contract."""

import string
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from foldwise.artifacts import write_text
from foldwise.backends.contract import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.matrix import FeatureMatrix, safe_names

Refusal = lgb.basic.LightGBMError
REFUSED_CHARACTERS = '",:[]{}'
# Parameters that are built into the binned data; min_child_samples decides which columns are dropped from them.
_BINNING = ("max_bin", "min_data_in_bin", "subsample_for_bin", "min_child_samples")
_ALWAYS = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_col_wise": True}
_NATIVE_NAMES = {"log_loss": "binary_logloss", "auc": "auc"}


@dataclass(frozen=True)
class _Rows:
    """Rows to score: LightGBM predicts from raw values only, and watches only binned ones."""

    matrix: FeatureMatrix
    label: npt.NDArray[np.int8]
    train: lgb.Dataset
    threads: int


def canonical(params: Parameters) -> Parameters:
    """Return the parameters without what has no effect.

    That is `subsample` without `subsample_freq`, and leaves beyond those that `max_depth` leaves room for.
    """
    kept = dict(params)
    depth = kept.get("max_depth") or 0
    if depth > 0 and "num_leaves" in kept:
        kept["num_leaves"] = min(kept["num_leaves"], 2**depth)
    if not kept.get("subsample_freq"):
        kept.pop("subsample", None)
        kept.pop("subsample_freq", None)
    return kept


def bin_key(params: Parameters) -> Hashable:
    """Return what the binned data depend on."""
    return tuple(params.get(name) for name in _BINNING)


def trees_are_nested(params: Parameters) -> bool:
    """Tell whether the first k of n trees are the trees of a fit with k."""
    return params.get("boosting_type") != "dart"


def bin_train(
    matrix: FeatureMatrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> lgb.Dataset:
    """Bin train rows once for many fits."""
    extra = {name: params[name] for name in _BINNING if params.get(name) is not None}
    data = lgb.Dataset(
        matrix.values,
        label,
        weight=weight,
        feature_name=_names(matrix),
        categorical_feature=list(matrix.categorical),
        # The seed draws the rows that the cuts rest on where there are more rows than `subsample_for_bin`.
        params={**_ALWAYS, "num_threads": options.threads, "seed": options.seed, **extra},
        free_raw_data=True,
    )
    return data.construct()


def bin_validation(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], train: lgb.Dataset, options: FitOptions
) -> _Rows:
    """Keep raw rows to be scored, and binned at the cuts of ``train`` if they are watched."""
    return _Rows(matrix, label, train, options.threads)


def fit(
    train: lgb.Dataset,
    params: Parameters,
    trees: int,
    options: FitOptions,
    watch: Sequence[tuple[str, Any]] = (),
    metrics: Sequence[str] = CURVE_METRICS,
) -> Fitted:
    """Grow ``trees`` trees; with ``watch``, score each named data set after every tree."""
    native = {
        **_ALWAYS,
        **params,
        "num_threads": options.threads,
        "seed": options.seed,
        "metric": [_NATIVE_NAMES[m] for m in metrics] if watch else "none",
    }
    # Booster.update instead of lgb.train: it leaves the data set alone, which other threads fit on meanwhile.
    model = lgb.Booster(native, train)
    for name, data in watch:
        model.add_valid(_watched(data, train, options.threads), name)
    curves: dict[tuple[str, str], list[float]] = {(name, metric): [] for name, _ in watch for metric in metrics}
    for _ in range(trees):
        model.update()
        if watch:
            for name, native_name, value, *_ in model.eval_valid():
                metric = next(m for m in metrics if _NATIVE_NAMES[m] == native_name)
                curves[name, metric].append(value)
    return Fitted(model, {key: np.array(values) for key, values in curves.items()})


def predict(model: lgb.Booster, data: _Rows, trees: int | None = None) -> Scores:
    """Return the probability of class 1, shape (n,), from the first ``trees`` trees."""
    return np.asarray(model.predict(data.matrix.values, num_iteration=trees or -1, num_threads=data.threads))


def predict_matrix(model: lgb.Booster, matrix: FeatureMatrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    return np.asarray(model.predict(matrix.values, num_threads=threads))


def gain(model: lgb.Booster) -> npt.NDArray[np.float64]:
    """Return the total gain of every column's splits, shape (p,)."""
    return np.asarray(model.feature_importance("gain"), np.float64)


def contributions(model: lgb.Booster, matrix: FeatureMatrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    found = np.asarray(model.predict(matrix.values, pred_contrib=True, num_threads=threads), np.float64)[:, :-1]
    # A random forest scores by the mean of its trees, but its contributions come summed over them.
    averaged = "\naverage_output\n" in model.model_to_string(num_iteration=1)
    return found / model.current_iteration() if averaged else found


def save(model: lgb.Booster, path: Path) -> None:
    """Write the model as LightGBM's text."""
    write_text(path, model.model_to_string(num_iteration=-1))


def load(path: Path) -> lgb.Booster:
    """Read a model that :func:`save` wrote."""
    return lgb.Booster(model_str=path.read_text(encoding="utf-8"))


def version() -> str:
    """Return the library's version."""
    return str(lgb.__version__)


def _watched(data: _Rows, train: lgb.Dataset, threads: int) -> lgb.Dataset:
    return lgb.Dataset(
        data.matrix.values,
        data.label,
        reference=train,
        feature_name=_names(data.matrix),
        categorical_feature=list(data.matrix.categorical),
        params={**train.get_params(), "num_threads": threads},
    )


def _names(matrix: FeatureMatrix) -> list[str]:
    # LightGBM writes its model as lines of words: white space in a name becomes an underscore there.
    return safe_names(matrix.names, REFUSED_CHARACTERS + string.whitespace)
