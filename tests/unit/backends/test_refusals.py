"""A parameter value that a library refuses is reported in one line without a traceback."""

import pytest
from fixtures.tables import grouped, inner_folds
from foldwise.backends.registry import get_backend
from foldwise.errors import UserError
from foldwise.search.fits import TrainPart
from foldwise.search.run_search import search_points
from foldwise.search.settings import TrainingSettings


@pytest.mark.parametrize(
    ("backend", "space"),
    [
        ("xgboost", {"n_estimators": [5], "grow_policy": ["nope"]}),
        ("xgboost", {"n_estimators": [5], "subsample": [-1.0]}),
        ("lightgbm", {"n_estimators": [5], "boosting_type": ["nope"]}),
        ("lightgbm", {"n_estimators": [5], "max_bin": [1]}),
        ("catboost", {"iterations": [5], "learning_rate": [0.1], "score_function": ["NewtonL2"]}),
        ("catboost", {"iterations": [5], "learning_rate": [0.1], "border_count": [100_000]}),
    ],
)
def test_a_refused_value_is_reported_with_the_reason_of_the_library(
    backend: str, space: dict[str, list[object]]
) -> None:
    data = grouped()
    part = TrainPart(data.matrix, data.label, None, inner_folds(data))
    settings = TrainingSettings(backend, 1, 1, "cpu", "none", "log_loss", None, space)
    with pytest.raises(UserError, match=r"^search\.space: the library refuses .*: .+: change the value$"):
        search_points(part, get_backend(backend), settings)
