"""The logistic regression, a baseline that every model is compared with."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.folds.assignment import read_folds
from foldwise.io.files import read_table, write_table

_LARGEST_TRAIN_PART = 50_000
_COMMON_CATEGORIES = 50


def train_reference(
    *, table: str, contract: str, folds: str, seed: int, predictions: str, inner_predictions: str
) -> None:
    """Fit a logistic regression on every outer train part and write its predictions of the test rows.

    Everything that it learns, medians, scales and categories included, comes from the train part. Above 50,000 train
    rows it is fitted on a random 50,000 of them. Each inner fold of a train part is predicted by a fit on the others.

    Args:
        table: path of ``table.parquet``.
        contract: path of ``table.json``.
        folds: path of ``folds.parquet``.
        seed: random seed of the choice of rows.
        predictions: path of a table of the test rows with the columns fold, sample_id, label and score.
        inner_predictions: path of a table of the train rows with the columns fold, sample_id, label, inner_fold and
            score, the prediction of a fit on the other inner folds.
    """
    matrix = read_matrix(table, read_contract(contract).features)
    label = read_table(table, columns=["label"]).column("label").to_numpy().astype(np.int8)
    assigned = read_folds(folds)
    sample_id = assigned.sample_id.combine_chunks()
    tested: list[pa.Table] = []
    trained: list[pa.Table] = []
    for fold in assigned.numbers:
        inner_fold = assigned.assignments[fold]
        for tables, kept, score in (
            (tested, inner_fold == 0, fit_and_predict(matrix, label, inner_fold, seed)),
            (trained, inner_fold > 0, predict_inner_folds(matrix, label, inner_fold, seed)),
        ):
            columns: dict[str, Any] = {
                "fold": np.full(len(score), fold, np.int16),
                "sample_id": sample_id.filter(pa.array(kept)),
                "label": label[kept],
                "inner_fold": inner_fold[kept],
                "score": score,
            }
            tables.append(pa.table(columns))
    write_table(predictions, pa.concat_tables(tested).drop_columns(["inner_fold"]))
    write_table(inner_predictions, pa.concat_tables(trained))


def predict_inner_folds(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], inner_fold: npt.NDArray[np.int16], seed: int
) -> npt.NDArray[np.float64]:
    """Predict each inner fold by a fit on the others, and return one prediction a train row, in their order.

    Args:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        inner_fold: shape (n,): the inner fold of a train row, from 1; other rows take no part.
        seed: random seed of the choice of rows above 50,000.
    """
    score = np.full(len(label), np.nan)
    for number in np.unique(inner_fold[inner_fold > 0]).tolist():
        part = np.where(inner_fold > 0, inner_fold, -1).astype(np.int16)
        part[inner_fold == number] = 0
        score[inner_fold == number] = fit_and_predict(matrix, label, part, seed)
    return score[inner_fold > 0]


def fit_and_predict(
    matrix: FeatureMatrix, label: npt.NDArray[np.int8], part: npt.NDArray[np.int16], seed: int
) -> npt.NDArray[np.float64]:
    """Fit on the train rows and return the probability of class 1 of the test rows, shape (number of test rows,).

    Where the train rows have one class, that class is predicted.

    Args:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        part: shape (n,): 0 = test row, above 0 = train row, -1 = neither.
        seed: random seed of the choice of rows above 50,000.
    """
    train = np.flatnonzero(part > 0)
    if len(train) > _LARGEST_TRAIN_PART:
        train = np.sort(np.random.default_rng(seed).choice(train, _LARGEST_TRAIN_PART, replace=False))
    if label[train].min() == label[train].max():
        return np.full(int((part == 0).sum()), float(label[train][0]))
    model = _pipeline(matrix)
    model.fit(matrix.values[train], label[train])
    return np.asarray(model.predict_proba(matrix.values[part == 0])[:, 1], np.float64)


def _pipeline(matrix: FeatureMatrix) -> Any:
    """Return an unfitted scikit-learn pipeline: imputed and scaled numbers, one-hot categories, the regression."""
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
