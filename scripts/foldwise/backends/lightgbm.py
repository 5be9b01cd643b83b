"""LightGBM behind the backend contract."""

import string
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from foldwise.backends.base import CURVE_METRICS, FitOptions, Fitted, Parameters, Scores
from foldwise.backends.feature_names import safe_names
from foldwise.data.feature_matrix import FeatureMatrix, Matrix, Values, blocks
from foldwise.io.files import write_text
from foldwise.io.job_memory import release_memory

Refusal = lgb.basic.LightGBMError
REFUSED_CHARACTERS = '",:[]{}'

# Parameters that are built into the binned data; min_child_samples decides which columns are dropped from them.
_BINNING = ("max_bin", "min_data_in_bin", "subsample_for_bin", "min_child_samples")
_ALWAYS = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_col_wise": True}
_NATIVE_NAMES = {"log_loss": "binary_logloss", "auc": "auc"}


@dataclass(frozen=True)
class _Rows:
    """Rows to score: LightGBM predicts from raw values only, and watches only binned ones."""

    matrix: Matrix
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
    matrix: Matrix,
    label: npt.NDArray[np.int8],
    weight: npt.NDArray[np.float64] | None,
    params: Parameters,
    options: FitOptions,
) -> lgb.Dataset:
    """Bin train rows once for many fits."""
    extra = {name: params[name] for name in _BINNING if params.get(name) is not None}
    data = lgb.Dataset(
        _source(matrix),
        label,
        weight=weight,
        feature_name=_names(matrix),
        categorical_feature=list(matrix.categorical),
        # The seed draws the rows that the cuts rest on where there are more rows than `subsample_for_bin`.
        params={**_ALWAYS, "num_threads": options.threads, "seed": options.seed, **_draw(options.seed), **extra},
        free_raw_data=True,
    )
    return data.construct()


def bin_validation(matrix: Matrix, label: npt.NDArray[np.int8], train: lgb.Dataset, options: FitOptions) -> _Rows:
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
    return _predicted(model, data.matrix, num_iteration=trees or -1, num_threads=data.threads)


def predict_matrix(model: lgb.Booster, matrix: Matrix, threads: int = 1) -> Scores:
    """Return the probability of class 1 for raw rows, shape (n,)."""
    return _predicted(model, matrix, num_threads=threads)


def gain(model: lgb.Booster) -> npt.NDArray[np.float64]:
    """Return the total gain of every column's splits, shape (p,)."""
    return np.asarray(model.feature_importance("gain"), np.float64)


def contributions(model: lgb.Booster, matrix: Matrix, threads: int = 1) -> npt.NDArray[np.float64]:
    """Return SHAP values in log-odds, shape (n, p)."""
    found = _predicted(model, matrix, pred_contrib=True, num_threads=threads).astype(np.float64)[:, :-1]
    # A random forest scores by the mean of its trees, but its contributions come summed over them.
    averaged = "\naverage_output\n" in model.model_to_string(num_iteration=1)
    return found / model.current_iteration() if averaged else found


def save(model: lgb.Booster, path: Path) -> None:
    """Write the model as LightGBM's text."""
    write_text(path, model.model_to_string(num_iteration=-1))


def load(path: Path) -> lgb.Booster:
    """Read a model that :func:`save` wrote.

    Raises:
        ValueError: when the file is no whole model; LightGBM would end the process.
    """
    text = path.read_text(encoding="utf-8")
    if not (text.startswith("tree\n") and "\nend of trees\n" in text and "\nend of parameters\n" in text):
        raise ValueError("no whole LightGBM model")
    return lgb.Booster(model_str=text)


def version() -> str:
    """Return the library's version."""
    return str(lgb.__version__)


def _watched(data: _Rows, train: lgb.Dataset, threads: int) -> lgb.Dataset:
    watched = lgb.Dataset(
        _source(data.matrix),
        data.label,
        reference=train,
        feature_name=_names(data.matrix),
        categorical_feature=list(data.matrix.categorical),
        params={**train.get_params(), "num_threads": threads},
    ).construct()
    # Binned from a sequence, it would count its rows with weights, all 0, where ``train`` has weights.
    return watched.set_field("weight", None)


def _predicted(model: lgb.Booster, matrix: Matrix, **how: Any) -> Scores:
    return np.concatenate([np.asarray(model.predict(block, **how)) for block in blocks(matrix)])


def _source(matrix: Matrix) -> Values | list[lgb.Sequence]:
    """Return what a data set is binned from; LightGBM draws the same rows for its cuts from both."""
    if isinstance(matrix, FeatureMatrix):
        return matrix.values
    # What earlier data sets have left in the C library's hands would come on top of the rows that are drawn now.
    release_memory()
    reader = _Reader(matrix)
    return [_Block(reader, number, size) for number, size in enumerate(matrix.block_sizes)]


def _draw(seed: int) -> dict[str, int]:
    """Return the seed of the draw of rows that LightGBM derives from ``seed``, which it forgets for a sequence.

    From its ``Config::Set`` and ``Random::NextShort``: the first number below 2**15 - 1.
    """
    state = (214013 * seed + 2531011) % 2**32
    return {"data_random_seed": (state >> 16 & 0x7FFF) % 0x7FFF}


class _Reader:
    """Reads the blocks of a matrix, of which it keeps the last."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._number = -1
        self._values: Values | None = None

    def block(self, number: int) -> Values:
        """Return a block, read unless it is the last one again."""
        if self._values is None or number != self._number:
            self._values = None
            self._values, self._number = self._matrix.block(number), number
        return self._values


class _Block(lgb.Sequence):
    """One block of a matrix: LightGBM asks first for single rows, in double precision, then for all of them."""

    def __init__(self, reader: _Reader, number: int, size: int) -> None:
        self._reader, self._number, self._size = reader, number, size
        self.batch_size = size

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._size

    def __getitem__(self, chosen: int | slice | list[int]) -> Values:
        """Return one row as float64, or some as they are."""
        rows = self._reader.block(self._number)[chosen]
        return rows if isinstance(chosen, slice) else rows.astype(np.float64)


def _names(matrix: Matrix) -> list[str]:
    # LightGBM writes its model as lines of words: white space in a name becomes an underscore there.
    return safe_names(matrix.names, REFUSED_CHARACTERS + string.whitespace)
