"""XGBoost behind the backend contract."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from foldwise.backends.base import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.backends.feature_names import safe_names
from foldwise.data.feature_matrix import Matrix, Values, blocks

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
    matrix: Matrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> xgb.QuantileDMatrix:
    """Bin train rows once for many fits."""
    extra = {name: params[name] for name in _BINNING if params.get(name) is not None}
    return _binned(matrix, label, weight, options, **extra)


def bin_validation(
    matrix: Matrix, label: npt.NDArray[np.int8], train: xgb.QuantileDMatrix, options: FitOptions
) -> xgb.DMatrix:
    """Bin rows at the cuts of ``train``; scores from them equal those from the raw rows.

    Rows with categories stay raw: binned, a category that ``train`` does not hold counts as another one.
    """
    if matrix.categorical:
        return _raw(matrix.loaded().values, matrix, options.threads, label, options.kept)
    return _binned(matrix, label, None, options, ref=train, max_bin=train.max_bin)


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
    if not watch:
        # What xgb.train does besides, every round, took 4 % of a fit of 1,745 x 26.
        model = xgb.Booster(native, cache=[train])
        for i in range(trees):
            model.update(train, i)
        return Fitted(model.reset(), {})
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


def predict_matrix(model: xgb.Booster, matrix: Matrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    model.set_param({"nthread": threads})
    # In place: a DMatrix of the rows would take half as long again to be made; the scores are the same bit for bit.
    return np.concatenate([np.asarray(model.inplace_predict(block)) for block in blocks(matrix)])


def gain(model: xgb.Booster) -> npt.NDArray[np.float64]:
    """Return the total gain of every column's splits, shape (p,)."""
    found = model.get_score(importance_type="total_gain")
    return np.array([found.get(name, 0.0) for name in model.feature_names or []], dtype=np.float64)


def contributions(model: xgb.Booster, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    found = [model.predict(_raw(block, matrix, threads), pred_contribs=True) for block in blocks(matrix)]
    return np.concatenate(found).astype(np.float64)[:, :-1]


def save(model: xgb.Booster, path: Path) -> None:
    """Write the model as JSON."""
    model.save_model(path)


def load(path: Path) -> xgb.Booster:
    """Read a model that :func:`save` wrote."""
    return xgb.Booster(model_file=path)


def version() -> str:
    """Return the library's version."""
    return str(xgb.__version__)


class _Blocks(xgb.DataIter):
    """The blocks of a matrix, as XGBoost goes through them: the cuts are those of the rows in one piece."""

    def __init__(
        self, matrix: Matrix, label: npt.NDArray[np.int8], weight: npt.NDArray[np.float64] | None, named: bool
    ) -> None:
        super().__init__()
        self._matrix, self._label, self._weight = matrix, label, weight
        self._ends = np.cumsum(matrix.block_sizes).tolist()
        self._described = _described(matrix, named)
        self._number = 0

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over one block; tell whether there was one."""
        if self._number == len(self._ends):
            return False
        rows = slice(self._ends[self._number - 1] if self._number else 0, self._ends[self._number])
        weight = None if self._weight is None else self._weight[rows]
        input_data(data=self._matrix.block(self._number), label=self._label[rows], weight=weight, **self._described)
        self._number += 1
        return True

    def reset(self) -> None:
        """Begin again."""
        self._number = 0


def _binned(
    matrix: Matrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    options: FitOptions,
    **extra: Any,
) -> xgb.QuantileDMatrix:
    rows = _Blocks(matrix, label, weight, options.kept)
    return xgb.QuantileDMatrix(rows, nthread=options.threads, enable_categorical=bool(matrix.categorical), **extra)


def _raw(
    values: Values, matrix: Matrix, threads: int, label: npt.NDArray[np.int8] | None = None, named: bool = True
) -> xgb.DMatrix:
    """Return rows of a matrix, shape (n, p), unbinned."""
    categorical = bool(matrix.categorical)
    return xgb.DMatrix(values, label, nthread=threads, enable_categorical=categorical, **_described(matrix, named))


def _described(matrix: Matrix, named: bool) -> dict[str, Any]:
    categorical = set(matrix.categorical)
    types = ["c" if j in categorical else "q" for j in range(len(matrix.names))]
    if not named:
        # With names XGBoost copies them several times a tree, 2 % of a fit of 1,745 x 26.
        return {"feature_names": None, "feature_types": types if categorical else None}
    return {"feature_names": safe_names(matrix.names, REFUSED_CHARACTERS), "feature_types": types}
