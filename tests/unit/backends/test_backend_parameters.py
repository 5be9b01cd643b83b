"""Every parameter of a search space is accepted by its library and means what it means to the library's classifier."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from fixtures import wrappers
from fixtures.tables import Grouped, grouped
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.stats.metrics import log_loss

OPTIONS = FitOptions(7)
TREES = 8
BASE: Mapping[str, Mapping[str, Any]] = {
    "xgboost": {"learning_rate": 0.2, "max_depth": 3},
    "lightgbm": {"learning_rate": 0.2, "max_depth": 3},
    "catboost": {"learning_rate": 0.2, "depth": 3},
}
# The values to try by parameter; a mapping adds the parameters without which it has no effect.
TRIED: Mapping[str, Mapping[str, list[Any]]] = {
    "xgboost": {
        "learning_rate": [0.5],
        "max_depth": [2, 0],
        "max_leaves": [{"max_leaves": 4, "grow_policy": "lossguide"}],
        "max_bin": [8],
        "grow_policy": ["lossguide"],
        "gamma": [1],
        "min_child_weight": [5],
        "max_delta_step": [0.1],
        "subsample": [0.5],
        "sampling_method": [{"sampling_method": m, "subsample": 0.5} for m in ("uniform", "gradient_based")],
        "colsample_bytree": [0.5],
        "colsample_bylevel": [0.5],
        "colsample_bynode": [0.5],
        "reg_alpha": [2],
        "reg_lambda": [5],
        "scale_pos_weight": [2],
        "base_score": [0.3],
        "num_parallel_tree": [{"num_parallel_tree": 2, "subsample": 0.5}],
        "max_cat_to_onehot": [10],
        "max_cat_threshold": [2],
    },
    "lightgbm": {
        "learning_rate": [0.5],
        "max_depth": [2, -1],
        "num_leaves": [4],
        "max_bin": [8],
        "boosting_type": ["dart", "goss", {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}],
        "min_child_samples": [3],
        "min_child_weight": [5],
        "min_split_gain": [1],
        "min_data_in_bin": [20],
        "subsample": [0.5, {"subsample": 0.5, "subsample_freq": 1}],
        "subsample_freq": [{"subsample": 0.5, "subsample_freq": 2}],
        "subsample_for_bin": [50],
        "colsample_bytree": [0.5],
        "feature_fraction_bynode": [0.5],
        "reg_alpha": [2],
        "reg_lambda": [5],
        "max_delta_step": [0.1],
        "path_smooth": [5],
        "extra_trees": [True],
        "cat_l2": [1],
        "cat_smooth": [1],
        "max_cat_threshold": [1],
        "max_cat_to_onehot": [10],
    },
    "catboost": {
        "learning_rate": [0.5],
        "depth": [2],
        "l2_leaf_reg": [9],
        "border_count": [8],
        "feature_border_type": ["Uniform", "Median"],
        "nan_mode": ["Max"],
        "random_strength": [5],
        "bagging_temperature": [{"bagging_temperature": 3, "bootstrap_type": "Bayesian"}],
        "bootstrap_type": ["Bernoulli", "Bayesian", "No"],
        "subsample": [0.5],
        "sampling_frequency": ["PerTreeLevel"],
        "mvs_reg": [5],
        "rsm": [0.5],
        "grow_policy": ["Lossguide", "Depthwise"],
        "min_data_in_leaf": [{"min_data_in_leaf": 20, "grow_policy": "Lossguide"}],
        "max_leaves": [{"max_leaves": 3, "grow_policy": "Lossguide"}],
        "score_function": ["L2"],
        "boosting_type": ["Ordered"],
        "boost_from_average": [True],
        "leaf_estimation_iterations": [1],
        "leaf_estimation_method": ["Gradient"],
        "leaf_estimation_backtracking": ["No"],
        "one_hot_max_size": [10],
        "max_ctr_complexity": [1],
        "model_size_reg": [9],
        "langevin": [True],
        "diffusion_temperature": [100, {"diffusion_temperature": 100, "langevin": True}],
    },
}
# CatBoost's SHAP values of non-symmetric trees do not add up (catboost/catboost issue 2136).
NOT_ADDITIVE = {"Lossguide", "Depthwise"}


def _points() -> list[Any]:
    points = []
    for backend, tried in TRIED.items():
        for parameter, values in tried.items():
            for value in values:
                changed = value if isinstance(value, dict) else {parameter: value}
                label = "-".join(f"{k}={v}" for k, v in changed.items())
                points.append(pytest.param(backend, {**BASE[backend], **changed}, id=f"{backend}-{label}"))
    return points


every_point = pytest.mark.parametrize(("name", "params"), _points())


@pytest.fixture(scope="module", params=[0, 2], ids=["numbers", "categories"])
def data(request: pytest.FixtureRequest) -> tuple[Grouped, Grouped]:
    whole = grouped(groups=60, columns=6, categories=request.param, missing=0.1)
    first = np.arange(300) < 200
    return whole.rows(first), whole.rows(~first)


def _accepted(backend: str) -> set[str]:
    if backend == "xgboost":
        from xgboost import XGBClassifier

        return set(XGBClassifier().get_params())
    if backend == "lightgbm":
        from lightgbm import LGBMClassifier
        from lightgbm.basic import _ConfigAliases

        aliases = {alias for names in _ConfigAliases._get_all_param_aliases().values() for alias in names}
        return set(LGBMClassifier().get_params()) | aliases | set(_ConfigAliases._get_all_param_aliases())
    from catboost import CatBoostClassifier

    return set(inspect.signature(CatBoostClassifier.__init__).parameters)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_the_library_knows_every_parameter(name: str) -> None:
    assert SPECIFICATIONS[name].parameters - _accepted(name) == set()


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_the_number_of_trees_is_a_parameter(name: str) -> None:
    assert SPECIFICATIONS[name].trees in SPECIFICATIONS[name].parameters


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_parameter_is_tried_in_this_module(name: str) -> None:
    assert {*TRIED[name], SPECIFICATIONS[name].trees} == SPECIFICATIONS[name].parameters


@every_point
def test_a_parameter_means_what_it_means_to_the_scikit_learn_classifier(
    name: str, params: dict[str, Any], data: tuple[Grouped, Grouped]
) -> None:
    train, test = data
    whole = {**params, SPECIFICATIONS[name].trees: TREES}
    expected = wrappers.fit_and_score(name, whole, OPTIONS.seed, train.matrix, train.label, test.matrix)
    np.testing.assert_array_equal(_predictions(name, params, params, data), expected)


@every_point
def test_points_with_equal_bin_keys_can_share_binned_data(
    name: str, params: dict[str, Any], data: tuple[Grouped, Grouped]
) -> None:
    backend, base = get_backend(name), dict(BASE[name])
    canonical = dict(backend.canonical(params))
    if backend.bin_key(canonical) == backend.bin_key(base):
        shared = _predictions(name, canonical, base, data)
        np.testing.assert_array_equal(shared, _predictions(name, params, params, data))


@every_point
def test_trees_that_are_called_nested_are_nested(
    name: str, params: dict[str, Any], data: tuple[Grouped, Grouped]
) -> None:
    backend = get_backend(name)
    if backend.trees_are_nested(params):
        np.testing.assert_array_equal(
            _predictions(name, params, params, data, grown=TREES, used=3),
            _predictions(name, params, params, data, grown=3),
        )


@every_point
def test_the_curve_ends_at_the_metric_of_the_model(
    name: str, params: dict[str, Any], data: tuple[Grouped, Grouped]
) -> None:
    train, test = data
    backend = get_backend(name)
    binned = backend.bin_train(train.matrix, train.label, None, params, OPTIONS)
    rows = backend.bin_validation(test.matrix, test.label, binned, OPTIONS)
    fitted = backend.fit(binned, params, TREES, OPTIONS, eval_sets=[("rows", rows)])
    expected = log_loss(test.label, backend.predict(fitted.model, rows))
    assert fitted.curves["rows", "log_loss"][-1] == pytest.approx(expected, rel=1e-5)


@every_point
def test_contributions_add_up_to_the_log_odds(name: str, params: dict[str, Any], data: tuple[Grouped, Grouped]) -> None:
    train, test = data
    backend = get_backend(name)
    model = backend.fit(backend.bin_train(train.matrix, train.label, None, params, OPTIONS), params, TREES, OPTIONS)
    shap = backend.contributions(model.model, test.matrix)
    probability = backend.predict_matrix(model.model, test.matrix).astype(np.float64)
    base_range = np.ptp(np.log(probability / (1 - probability)) - shap.sum(axis=1))
    assert base_range < (1.0 if params.get("grow_policy") in NOT_ADDITIVE else 1e-5)


def test_lightgbm_ignores_a_subsample_without_a_frequency() -> None:
    canonical = get_backend("lightgbm").canonical
    assert canonical({"subsample": 0.8}) == canonical({"subsample": 0.5, "subsample_freq": 0}) == {}
    assert canonical({"subsample": 0.8, "subsample_freq": 1}) == {"subsample": 0.8, "subsample_freq": 1}


def test_trees_of_catboost_without_a_learning_rate_are_not_nested() -> None:
    assert not get_backend("catboost").trees_are_nested({"depth": 3})


def _predictions(
    name: str,
    params: Mapping[str, Any],
    binned_for: Mapping[str, Any],
    data: tuple[Grouped, Grouped],
    grown: int = TREES,
    used: int | None = None,
) -> Any:
    """Fit ``grown`` trees on data binned for ``binned_for``, and predict the test rows with ``used`` of them."""
    train, test = data
    backend = get_backend(name)
    binned = backend.bin_train(train.matrix, train.label, None, binned_for, OPTIONS)
    rows = backend.bin_validation(test.matrix, test.label, binned, OPTIONS)
    return backend.predict(backend.fit(binned, params, grown, OPTIONS).model, rows, used)
