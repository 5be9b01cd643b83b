"""LightGBM as a backend."""

import string
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

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
from foldwise.data.feature_matrix import FeatureMatrix, Matrix, Values, blocks
from foldwise.io.files import write_text
from foldwise.io.job_memory import release_memory

LibraryError = lgb.basic.LightGBMError
REFUSED_CHARACTERS = '",:[]{}'

# Parameters that the binned data depend on: min_child_samples decides which columns they leave out.
_BINNING = ("max_bin", "min_data_in_bin", "subsample_for_bin", "min_child_samples")
_ALWAYS = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_col_wise": True}
_NATIVE_NAMES = {"log_loss": "binary_logloss", "auc": "auc"}


@dataclass(frozen=True)
class _Rows:
    """Validation rows: LightGBM predicts from raw values only, and evaluates curves on binned ones only."""

    matrix: Matrix
    label: Labels
    weight: Weights | None
    train: lgb.Dataset
    threads: int


def canonical(params: Parameters) -> Parameters:
    """Return the parameters without those that have no effect.

    These are ``subsample`` without ``subsample_freq``, and leaves beyond the 2**``max_depth`` that a tree can have.
    """
    effective = dict(params)
    depth = int(effective.get("max_depth") or 0)
    if depth > 0 and "num_leaves" in effective:
        effective["num_leaves"] = min(int(effective["num_leaves"]), 2**depth)
    if not effective.get("subsample_freq"):
        effective.pop("subsample", None)
        effective.pop("subsample_freq", None)
    return effective


def bin_key(params: Parameters) -> Hashable:
    """Return the parameters that the binned data depend on."""
    return tuple(params.get(name) for name in _BINNING)


def trees_are_nested(params: Parameters) -> bool:
    """Return whether the first k trees of a fit with n > k trees are the trees of a fit with k."""
    return params.get("boosting_type") != "dart"


def bin_train(
    matrix: Matrix, label: Labels, weight: Weights | None, params: Parameters, options: FitOptions
) -> lgb.Dataset:
    """Bin train rows for many fits."""
    extra = {name: params[name] for name in _BINNING if params.get(name) is not None}
    data = lgb.Dataset(
        _source(matrix),
        label,
        weight=weight,
        feature_name=_names(matrix),
        categorical_feature=list(matrix.categorical),
        # Above `subsample_for_bin` rows the cuts are computed on a sample, which the seed draws.
        params={
            **_ALWAYS,
            "num_threads": options.threads,
            "seed": options.seed,
            **_sampling_seed(options.seed),
            **extra,
        },
        free_raw_data=True,
    )
    return data.construct()


def bin_validation(
    matrix: Matrix, label: Labels, train: lgb.Dataset, options: FitOptions, weight: Weights | None = None
) -> _Rows:
    """Keep the rows raw for predictions; as an evaluation set they are binned at the cuts of ``train``."""
    return _Rows(matrix, label, weight, train, options.threads)


def fit(
    train: lgb.Dataset,
    params: Parameters,
    trees: int,
    options: FitOptions,
    eval_sets: Sequence[tuple[str, Any]] = (),
    metrics: Sequence[str] = CURVE_METRICS,
    patience: int | None = None,
) -> Fitted:
    """Fit trees, and evaluate ``metrics`` on every named evaluation set after each tree."""
    native = {
        **_ALWAYS,
        **params,
        "num_threads": options.threads,
        "seed": options.seed,
        "metric": [_NATIVE_NAMES[m] for m in metrics] if eval_sets else "none",
    }
    # Booster.update, because lgb.train changes the data set, which other threads use at the same time.
    model = lgb.Booster(native, train)
    for name, data in eval_sets:
        model.add_valid(_evaluation_set(data, train, options.threads), name)
    curves: dict[tuple[str, str], list[float]] = {(name, metric): [] for name, _ in eval_sets for metric in metrics}
    best, sign = 0, -1 if metrics[0] == "auc" else 1
    for tree in range(trees):
        model.update()
        if eval_sets:
            for name, native_name, value, *_ in model.eval_valid():
                metric = next(m for m in metrics if _NATIVE_NAMES[m] == native_name)
                curves[name, metric].append(value)
        if patience is not None:
            watched = curves[eval_sets[0][0], metrics[0]]
            if sign * watched[tree] < sign * watched[best]:
                best = tree
            elif tree - best >= patience:
                break
    return Fitted(model, {key: np.array(values) for key, values in curves.items()})


def predict(model: lgb.Booster, data: _Rows, trees: int | None = None) -> Predictions:
    """Return the probability of class 1, shape (n,), from the first ``trees`` trees."""
    return _predicted(model, data.matrix, num_iteration=trees or -1, num_threads=data.threads)


def predict_matrix(model: lgb.Booster, matrix: Matrix, threads: int = 1, trees: int | None = None) -> Predictions:
    """Return the probability of class 1 for raw rows, shape (n,), from the first ``trees`` trees."""
    return _predicted(model, matrix, num_iteration=trees or -1, num_threads=threads)


def staged_margins(model: lgb.Booster, matrix: Matrix, counts: Sequence[int], threads: int = 1) -> Margins:
    """Return the log-odds of class 1 from the first ``counts`` trees, shape (len(counts), n)."""
    added, start = [], 0
    for count in counts:
        part = {"start_iteration": start, "num_iteration": count - start, "num_threads": threads}
        added.append(_predicted(model, matrix, raw_score=True, **part).astype(np.float64))
        start = count
    totals = np.cumsum(added, axis=0)
    # Of a random forest too, LightGBM's raw score is the sum over its trees, though the prediction is the mean.
    return totals / np.array(counts)[:, None] if _is_forest(model) else totals


def shift(model: lgb.Booster, offset: float) -> lgb.Booster:
    """Return the model with ``offset`` added to its log-odds: to the leaves of the first tree, of a forest to all."""
    shifted = model.num_trees() if _is_forest(model) else 1
    for tree, about in enumerate(model.dump_model(num_iteration=shifted)["tree_info"]):
        for leaf in range(about["num_leaves"]):
            model.set_leaf_output(tree, leaf, model.get_leaf_output(tree, leaf) + offset)
    return model


def detached(model: lgb.Booster) -> lgb.Booster:
    """Return the model without the rows that it was fitted on."""
    return lgb.Booster(model_str=model.model_to_string(num_iteration=-1))


def trees(model: lgb.Booster) -> int:
    """Return the number of trees."""
    return int(model.current_iteration())


def _is_forest(model: lgb.Booster) -> bool:
    """Return whether the model predicts the mean of its trees, not their sum."""
    return "\naverage_output\n" in model.model_to_string(num_iteration=1)


def gain(model: lgb.Booster) -> npt.NDArray[np.float64]:
    """Return the total gain of the splits on every column, shape (p,)."""
    return np.asarray(model.feature_importance("gain"), np.float64)


def contributions(model: lgb.Booster, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    shap = _predicted(model, matrix, pred_contrib=True, num_threads=threads).astype(np.float64)[:, :-1]
    # A random forest predicts the mean of its trees, but LightGBM sums its contributions over them.
    return shap / model.current_iteration() if _is_forest(model) else shap


def save(model: lgb.Booster, path: Path) -> None:
    """Write the model in LightGBM's text format."""
    write_text(path, model.model_to_string(num_iteration=-1))


def load(path: Path) -> lgb.Booster:
    """Read a model that :func:`save` wrote.

    Raises:
        ValueError: when the file is incomplete; LightGBM itself would end the process.
    """
    text = path.read_text(encoding="utf-8")
    if not (text.startswith("tree\n") and "\nend of trees\n" in text and "\nend of parameters\n" in text):
        raise ValueError("not a complete LightGBM model")
    return lgb.Booster(model_str=text)


def version() -> str:
    """Return the version of the library."""
    return str(lgb.__version__)


def _evaluation_set(data: _Rows, train: lgb.Dataset, threads: int) -> lgb.Dataset:
    binned = lgb.Dataset(
        _source(data.matrix),
        data.label,
        reference=train,
        feature_name=_names(data.matrix),
        categorical_feature=list(data.matrix.categorical),
        params={**train.get_params(), "num_threads": threads},
    ).construct()
    # Binned from a sequence, the rows would all get the weight 0 where ``train`` has weights.
    return binned.set_field("weight", data.weight)


def _predicted(model: lgb.Booster, matrix: Matrix, **options: Any) -> Predictions:
    return np.concatenate([np.asarray(model.predict(block, **options)) for block in blocks(matrix)])


def _source(matrix: Matrix) -> Values | list[lgb.Sequence]:
    """Return the values, or their blocks, to bin; LightGBM samples the same rows for its cuts from both."""
    if isinstance(matrix, FeatureMatrix):
        return matrix.values
    # Memory that earlier data sets have freed would otherwise add to that of the rows that are sampled now.
    release_memory()
    reader = _Reader(matrix)
    return [_Block(reader, number, size) for number, size in enumerate(matrix.block_sizes)]


def _sampling_seed(seed: int) -> dict[str, int]:
    """Return the seed of the row sample that LightGBM derives from ``seed``, but not for a sequence.

    Source: LightGBM's ``Config::Set`` and ``Random::NextShort``, the first number below 2**15 - 1.
    """
    state = (214013 * seed + 2531011) % 2**32
    return {"data_random_seed": (state >> 16 & 0x7FFF) % 0x7FFF}


class _Reader:
    """Reads the blocks of a matrix and keeps the last one in memory."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._number = -1
        self._values: Values | None = None

    def block(self, number: int) -> Values:
        """Return a block, shape (rows of the block, p); read unless it is the one in memory."""
        if self._values is None or number != self._number:
            self._values = None
            self._values, self._number = self._matrix.block(number), number
        return self._values


class _Block(lgb.Sequence):
    """One block of a matrix: LightGBM first reads single rows, in double precision, then all of them."""

    def __init__(self, reader: _Reader, number: int, size: int) -> None:
        self._reader, self._number, self._size = reader, number, size
        self.batch_size = size

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._size

    def __getitem__(self, index: int | slice | list[int]) -> Values:
        """Return single rows as float64, a slice of rows in the block's own type."""
        rows = self._reader.block(self._number)[index]
        return rows if isinstance(index, slice) else rows.astype(np.float64)


def _names(matrix: Matrix) -> list[str]:
    # LightGBM's text format separates names by white space, and writes white space in a name as an underscore.
    return safe_names(matrix.names, REFUSED_CHARACTERS + string.whitespace)
