"""The logistic regression that every result is held against."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.io.files import read_table, write_table

_LARGEST_TRAIN_PART = 50_000
_COMMON_CATEGORIES = 50


def train_reference(inputs: Mapping[str, str], seed: int, output: str) -> None:
    """Fit a logistic regression on every outer train part and write its scores of the test rows.

    Everything it learns, medians, scales and categories too, comes from the train part. Above
    50,000 train rows it learns from a random 50,000 of them.

    Args:
        inputs: paths of ``table``, ``contract`` and ``folds``.
        seed: seed of the choice of rows.
        output: path of a table with fold, sample_id, label and score.
    """
    matrix = read_matrix(inputs["table"], read_contract(inputs["contract"]).features)
    label = read_table(inputs["table"], columns=["label"]).column("label").to_numpy().astype(np.int8)
    folds = read_table(inputs["folds"])
    names = [c for c in folds.column_names if c.startswith("fold_")]
    sample_id = folds.column("sample_id").combine_chunks()
    parts = []
    for fold, name in enumerate(names, start=1):
        part = folds.column(name).to_numpy()
        test = part == 0
        score = fit_and_score(matrix, label, part, seed)
        columns: dict[str, Any] = {
            "fold": np.full(len(score), fold, np.int16),
            "sample_id": sample_id.filter(pa.array(test)),
            "label": label[test],
            "score": score,
        }
        parts.append(pa.table(columns))
    write_table(output, pa.concat_tables(parts))


def fit_and_score(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], part: npt.NDArray[np.int16], seed: int
) -> npt.NDArray[np.float64]:
    """Return the probability of class 1 for the test rows, from a fit on the train rows.

    Args:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        part: shape (n,): 0 for a test row, above 0 for a train row.
        seed: seed of the choice of rows above 50,000.
    """
    train = np.flatnonzero(part > 0)
    if len(train) > _LARGEST_TRAIN_PART:
        train = np.sort(np.random.default_rng(seed).choice(train, _LARGEST_TRAIN_PART, replace=False))
    model = _pipeline(matrix)
    model.fit(matrix.values[train], label[train])
    return np.asarray(model.predict_proba(matrix.values[part == 0])[:, 1], np.float64)


def _pipeline(matrix: FeatureMatrix) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [j for j in range(len(matrix.names)) if j not in matrix.categorical]
    scaled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    encoded = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_COMMON_CATEGORIES)
    columns = ColumnTransformer([("numbers", scaled, numbers), ("categories", encoded, list(matrix.categorical))])
    return make_pipeline(columns, LogisticRegression(max_iter=1000))
