"""Parameters without effect are removed from a space; every rule is fitted with the installed libraries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import grouped
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.errors import UserError
from foldwise.search.effects import EFFECTS, normalize
from foldwise.search.space import CheckedSpace, grid, read_space

SPACES = Path(__file__).parents[3] / "config" / "search"
OPTIONS = FitOptions(7)
DATA = grouped(groups=80, columns=6, missing=0.1)
BASE: Mapping[str, Mapping[str, Any]] = {
    "xgboost": {"learning_rate": 0.2, "max_depth": 3},
    "lightgbm": {"learning_rate": 0.2, "max_depth": 3},
    "catboost": {"learning_rate": 0.2, "depth": 3},
}
# Two values by parameter, and values of the parameter that decides: one with effect, one without.
TRIED: Mapping[tuple[str, str, str], tuple[tuple[Any, Any], Any, Any]] = {
    ("xgboost", "sampling_method", "subsample"): (("uniform", "gradient_based"), 0.5, 1.0),
    ("lightgbm", "subsample", "subsample_freq"): ((0.5, 0.9), 1, 0),
    ("lightgbm", "subsample", "boosting_type"): ((0.5, 0.9), "gbdt", "goss"),
    ("lightgbm", "learning_rate", "boosting_type"): ((0.1, 0.5), "gbdt", "rf"),
    ("catboost", "subsample", "bootstrap_type"): ((0.5, 0.9), "Bernoulli", "Bayesian"),
    ("catboost", "bagging_temperature", "bootstrap_type"): ((1.0, 3.0), "Bayesian", "MVS"),
    ("catboost", "mvs_reg", "bootstrap_type"): ((1.0, 9.0), "MVS", "Bernoulli"),
    ("catboost", "sampling_frequency", "bootstrap_type"): (("PerTree", "PerTreeLevel"), "MVS", "No"),
    ("catboost", "min_data_in_leaf", "grow_policy"): ((1, 30), "Depthwise", "SymmetricTree"),
    ("catboost", "max_leaves", "grow_policy"): ((3, 6), "Lossguide", "SymmetricTree"),
    ("catboost", "diffusion_temperature", "langevin"): ((1.0, 1000.0), True, False),
}
BAGGING: Mapping[str, Any] = {"subsample": [0.8, 1.0], "subsample_freq": 1}
# The other parameters that a value of the deciding parameter needs.
COMPANY: Mapping[tuple[str, Any], Mapping[str, Any]] = {
    ("learning_rate", "rf"): {"subsample": 0.5, "subsample_freq": 1},
    ("subsample", "gbdt"): {"subsample_freq": 1},
}


def read(given: Mapping[str, Any], backend: str, device: str = "cpu") -> CheckedSpace:
    return read_space(SPACES / f"{backend}.yaml", backend, given, "random", device)


def predictions(backend: str, params: Mapping[str, Any]) -> Any:
    module = get_backend(backend)
    params = {**BASE[backend], **params}
    binned = module.bin_train(DATA.matrix, DATA.label, None, params, OPTIONS)
    return module.predict_matrix(module.fit(binned, params, 10, OPTIONS).model, DATA.matrix)


def differ(backend: str, name: str, values: tuple[Any, Any], others: Mapping[str, Any]) -> bool:
    first, second = (predictions(backend, {**others, name: value}) for value in values)
    return not np.array_equal(first, second)


def test_every_rule_is_fitted_in_this_module() -> None:
    assert {(b, e.parameter, e.decider) for b, effects in EFFECTS.items() for e in effects} == set(TRIED)


@pytest.mark.parametrize(("backend", "name", "decider"), TRIED, ids="-".join)
def test_a_rule_holds_in_the_installed_library(backend: str, name: str, decider: str) -> None:
    values, effective, without = TRIED[backend, name, decider]
    effect = next(e for e in EFFECTS[backend] if (e.parameter, e.decider) == (name, decider))
    assert effect.effective(effective)
    assert not effect.effective(without)
    assert differ(backend, name, values, {decider: effective, **COMPANY.get((name, effective), {})})
    others = {decider: without, **COMPANY.get((name, without), {})}
    if effect.refused:
        with pytest.raises(get_backend(backend).LibraryError):
            predictions(backend, {name: values[0], **others})
    else:
        assert not differ(backend, name, values, others)


@pytest.mark.parametrize(("backend", "name", "decider"), TRIED, ids="-".join)
def test_the_default_of_the_deciding_parameter_is_that_of_the_library(backend: str, name: str, decider: str) -> None:
    values, _, _ = TRIED[backend, name, decider]
    effect = next(e for e in EFFECTS[backend] if (e.parameter, e.decider) == (name, decider))
    if effect.effective(effect.default):
        others = COMPANY.get((name, effect.default), {})
        assert differ(backend, name, values, others)
    elif effect.refused:
        with pytest.raises(get_backend(backend).LibraryError):
            predictions(backend, {name: values[0]})
    else:
        assert not differ(backend, name, values, {})


def test_bagging_of_goss_is_refused_by_the_library() -> None:
    with pytest.raises(get_backend("lightgbm").LibraryError):
        predictions("lightgbm", {"subsample": 0.5, "subsample_freq": 1, "boosting_type": "goss"})


@pytest.mark.parametrize("policy", ["depthwise", "lossguide"])
def test_the_leaves_of_xgboost_have_an_effect_in_both_policies(policy: str) -> None:
    assert differ("xgboost", "max_leaves", (3, 8), {"grow_policy": policy})


def test_leaves_beyond_the_depth_are_the_same_trees() -> None:
    deep = {"max_depth": 3, "min_child_samples": 1}
    assert not differ("lightgbm", "num_leaves", (8, 31), deep)
    assert differ("lightgbm", "num_leaves", (7, 8), deep)
    canonical = get_backend("lightgbm").canonical
    assert canonical({"num_leaves": 31, "max_depth": 3}) == {"num_leaves": 8, "max_depth": 3}
    for unlimited in ({"num_leaves": 31, "max_depth": -1}, {"num_leaves": 31}, {"num_leaves": 7, "max_depth": 3}):
        assert canonical(unlimited) == unlimited


@pytest.mark.parametrize(
    ("depth", "leaves", "noted"),
    [(1, [2, 3], True), (1, 2, False), ([3, 5], [8, 9], True), (3, 8, False), ([-1, 3], 9, True), (-1, 31, False)],
)
def test_leaves_beyond_the_depth_are_noted(depth: Any, leaves: Any, noted: bool) -> None:
    notes = read({"max_depth": depth, "num_leaves": leaves}, "lightgbm").notes
    assert any("num_leaves above 2**max_depth has no effect" in note for note in notes) is noted


@pytest.fixture
def own_file(tmp_path: Path) -> str:
    """Return a space of LightGBM that names a subsample alone."""
    path = tmp_path / "mine.yaml"
    path.write_text("n_estimators: [50]\nmax_depth: [3, 5]\nsubsample: [0.8, 1.0]\n")
    return str(path)


def test_a_subsample_without_a_frequency_gets_one(own_file: str) -> None:
    space = read({"file": own_file}, "lightgbm")
    assert space.dimensions["subsample_freq"] == [1]
    assert space.notes == (
        "search.space.lightgbm.subsample has no effect without subsample_freq: subsample_freq: 1 is set",
    )


def test_a_subsample_of_one_gets_no_frequency(own_file: str) -> None:
    space = read({"file": own_file, "subsample": 1.0}, "lightgbm")
    assert set(space.dimensions) == {"max_depth", "n_estimators"}


def test_the_frequency_follows_the_condition_of_the_subsample(own_file: str) -> None:
    subsample = {"low": 0.5, "high": 1.0, "when": {"max_depth": 5}}
    space = read({"file": own_file, "subsample": subsample}, "lightgbm")
    assert space.dimensions["subsample_freq"] == {"values": [1], "when": {"max_depth": [5]}}


@pytest.mark.parametrize(
    ("backend", "given", "name", "left"),
    [
        ("xgboost", {"sampling_method": ["uniform", "gradient_based"], "subsample": 1.0}, "sampling_method", None),
        (
            "xgboost",
            {"sampling_method": ["uniform", "gradient_based"], "subsample": [0.8, 1.0]},
            "sampling_method",
            {"values": ["uniform", "gradient_based"], "when": {"subsample": [0.8]}},
        ),
        ("lightgbm", {"boosting_type": "goss", **BAGGING}, "subsample", None),
        (
            "lightgbm",
            {"boosting_type": ["gbdt", "goss"], **BAGGING},
            "subsample",
            {"values": [0.8, 1.0], "when": {"boosting_type": ["gbdt"]}},
        ),
        ("lightgbm", {"boosting_type": "rf"}, "learning_rate", None),
        ("catboost", {"bagging_temperature": [0, 1]}, "bagging_temperature", None),
        ("catboost", {"mvs_reg": [0, 1], "bootstrap_type": "Bernoulli"}, "mvs_reg", None),
        ("catboost", {"min_data_in_leaf": [1, 9]}, "min_data_in_leaf", None),
        (
            "catboost",
            {"subsample": {"low": 0.5, "high": 1.0}, "bootstrap_type": ["Bernoulli", "Bayesian"]},
            "subsample",
            {"low": 0.5, "high": 1.0, "when": {"bootstrap_type": ["Bernoulli"]}},
        ),
        ("catboost", {"diffusion_temperature": [1, 9], "langevin": False}, "diffusion_temperature", None),
    ],
)
def test_a_parameter_is_removed_from_the_points_in_which_it_has_no_effect(
    backend: str, given: dict[str, Any], name: str, left: Any
) -> None:
    space = read(given, backend)
    assert space.dimensions.get(name) == left
    [note] = [n for n in space.notes if n.startswith(f"search.space.{backend}.{name} ")]
    assert note.endswith("left out" if left is None else "left out of the other points")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_leaves": [8, 16]}, "search.space.catboost.max_leaves is accepted only where grow_policy is Lossguide"),
        (
            {"subsample": 0.5, "bootstrap_type": "Bayesian"},
            "catboost.subsample is accepted only where bootstrap_type is",
        ),
    ],
)
def test_a_parameter_that_the_library_would_refuse_in_every_point_is_an_error(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        read(given, "catboost")


def test_a_condition_of_the_user_needs_no_note() -> None:
    given = {
        "bootstrap_type": ["MVS", "Bayesian"],
        "bagging_temperature": {"values": [0, 1], "when": {"bootstrap_type": "Bayesian"}},
    }
    space = read(given, "catboost")
    assert space.notes == ()
    assert space.dimensions["bagging_temperature"] == {"values": [0, 1], "when": {"bootstrap_type": ["Bayesian"]}}


def test_a_parameter_that_depends_on_a_default_of_catboost_on_a_gpu_stays() -> None:
    assert read({"bagging_temperature": [0, 1]}, "catboost", "cuda").dimensions["bagging_temperature"] == [0, 1]


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_the_library_accepts_every_point_of_a_normalized_space(backend: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "xgboost": {
            "sampling_method": ["uniform", "gradient_based"],
            "subsample": [0.8, 1.0],
            "colsample_bytree": [0.8, 1.0],
            "reg_alpha": [0.0, 0.1],
            "min_child_weight": 1,
            "reg_lambda": 1,
            "max_depth": 2,
        },
        "lightgbm": {
            "boosting_type": ["gbdt", "dart", "goss"],
            "num_leaves": [3, 31],
            "colsample_bytree": [0.8, 1.0],
            "extra_trees": False,
            "reg_lambda": 1,
            "max_depth": 2,
            **BAGGING,
        },
        "catboost": {
            "bootstrap_type": ["Bayesian", "Bernoulli", "MVS", "No"],
            "grow_policy": ["SymmetricTree", "Lossguide"],
            "subsample": [0.5, 0.8],
            "bagging_temperature": [0, 1],
            "max_leaves": [3, 4],
            "mvs_reg": [1, 2],
            "depth": 2,
            "l2_leaf_reg": 3,
            "border_count": 32,
        },
    }
    trees = SPECIFICATIONS[backend].trees
    space = read({trees: 5, "learning_rate": 0.1, **given[backend]}, backend)
    for point in grid(space.dimensions):
        predictions(backend, {k: v for k, v in point.items() if k != trees})


def test_catboost_has_no_share_of_columns_on_a_gpu() -> None:
    space: dict[str, Any] = {"depth": [3], "rsm": [0.6]}
    assert normalize("space", "catboost", space, "cpu") == (space, [])
    left, [note] = normalize("space", "catboost", space, "cuda")
    assert left == {"depth": [3]}
    assert note == "space.rsm: CatBoost has no share of columns on a GPU: left out"
