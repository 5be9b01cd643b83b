"""The libraries' own scikit-learn classifiers, set up as the backends are: the yardstick for both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from foldwise.data.feature_matrix import FeatureMatrix


def classifier(backend: str, params: Mapping[str, Any], seed: int, matrix: FeatureMatrix | None = None) -> Any:
    """Return an unfitted classifier with one thread; ``matrix`` tells which columns are categories."""
    categorical = matrix.categorical if matrix is not None else ()
    if backend == "xgboost":
        from xgboost import XGBClassifier

        described: dict[str, Any] = {}
        if matrix is not None and categorical:
            types = ["c" if j in categorical else "q" for j in range(len(matrix.names))]
            described = {"enable_categorical": True, "feature_types": types}
        return XGBClassifier(n_jobs=1, random_state=seed, **described, **params)
    if backend == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_jobs=1, random_state=seed, verbosity=-1, **params)
    from catboost import CatBoostClassifier

    quiet = {"logging_level": "Silent", "allow_writing_files": False}
    return CatBoostClassifier(
        thread_count=1, random_seed=seed, cat_features=list(categorical) or None, **quiet, **params
    )


def fit_and_score(
    backend: str, params: Mapping[str, Any], seed: int, train: FeatureMatrix, label: Any, test: FeatureMatrix
) -> Any:
    """Return ``predict_proba`` of class 1 for the test rows."""
    model = classifier(backend, params, seed, train)
    extra = {"categorical_feature": list(train.categorical)} if backend == "lightgbm" else {}
    model.fit(_input(backend, train), label, **extra)
    return model.predict_proba(_input(backend, test))[:, 1]


def _input(backend: str, matrix: FeatureMatrix) -> Any:
    if backend != "catboost" or not matrix.categorical:
        return matrix.values
    frame = pd.DataFrame(matrix.values)
    for j in matrix.categorical:
        frame[j] = np.nan_to_num(matrix.values[:, j], nan=-1).astype(np.int32)
    return frame
