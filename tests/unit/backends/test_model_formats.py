"""The files of a final model can be used with the library alone, without this workflow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import joblib
import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import xgboost as xgb
from fixtures.tables import grouped
from fixtures.trained import settings_of, train_in, write_inputs
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.folds.assignment import FINAL, Plan
from foldwise.io.files import read_table

Bare = Callable[[Path, FeatureMatrix], npt.NDArray[Any]]


def _xgboost(path: Path, matrix: FeatureMatrix) -> npt.NDArray[Any]:
    model = xgb.Booster(model_file=path)
    names, kinds = model.feature_names, model.feature_types
    rows = xgb.DMatrix(matrix.values, feature_names=names, feature_types=kinds, enable_categorical=True)
    return np.asarray(model.predict(rows))


def _lightgbm(path: Path, matrix: FeatureMatrix) -> npt.NDArray[Any]:
    return np.asarray(lgb.Booster(model_file=path).predict(matrix.values))


def _joblib(path: Path, matrix: FeatureMatrix) -> npt.NDArray[Any]:
    return np.asarray(joblib.load(path).predict(matrix.values))


def _catboost(path: Path, matrix: FeatureMatrix) -> npt.NDArray[Any]:
    model = catboost.CatBoostClassifier().load_model(str(path))
    rows = pd.DataFrame(matrix.values, columns=model.feature_names_)
    for j in matrix.categorical:
        name = rows.columns[j]
        rows[name] = rows[name].fillna(-1).astype(int)
    return np.asarray(model.predict_proba(rows))[:, 1]


BARE: dict[str, tuple[str, Bare]] = {
    "model.json": ("xgboost", _xgboost),
    "model.txt": ("lightgbm", _lightgbm),
    "model.joblib": ("lightgbm", _joblib),
    "model.cbm": ("catboost", _catboost),
}


def test_every_format_is_tried() -> None:
    assert set(BARE) == {name for s in SPECIFICATIONS.values() for name in s.final_files}


@pytest.mark.parametrize("name", BARE)
def test_the_bare_library_gives_the_same_predictions_bit_for_bit(name: str, tmp_path: Path) -> None:
    backend, bare = BARE[name]
    inputs = write_inputs(tmp_path, grouped(groups=24, categories=2, missing=0.1), Plan(4, 1, 2, 42))
    space = {SPECIFICATIONS[backend].trees: [6], "learning_rate": [0.3]}
    outputs = train_in(tmp_path, inputs, settings_of(backend, space), fold=FINAL)
    matrix = read_matrix(inputs["table"], read_contract(inputs["contract"]).features)
    module = get_backend(backend)
    expected = module.predict_matrix(module.load(Path(outputs.model)), matrix)
    assert len(np.unique(expected)) > 10
    assert np.isnan(matrix.values).any()
    assert bare(tmp_path / name, matrix).astype(np.float64).tobytes() == expected.astype(np.float64).tobytes()
    assert read_table(outputs.inner_predictions).num_rows == len(matrix)
