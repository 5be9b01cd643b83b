"""The configuration: its defaults, and what it says about a wrong key or value."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures.small_study import JOINED, ROOT, SINGLE
from foldwise.config.datasets import Dataset
from foldwise.config.models import parse
from foldwise.errors import UserError


def mistake(**content: Any) -> str:
    """Return what is message about a configuration that is good but for ``content``."""
    with pytest.raises(UserError) as caught:
        parse({"datasets": {"mine": SINGLE}, **content})
    return str(caught.value)


def mistake_in_dataset(**keys: Any) -> str:
    return mistake(datasets={"mine": {**SINGLE, **keys}})


def test_the_shortest_dataset_gets_every_default() -> None:
    checked = parse({"datasets": {"mine": {"table": "t.csv", "label": "fake", "groups": ["video"]}}})
    assert checked.backends == ["xgboost", "lightgbm", "catboost"]
    assert (checked.folds.n_splits, checked.folds.n_repeats, checked.folds.inner_splits) == (5, 1, "auto")
    assert checked.datasets["mine"].positive == 1
    assert checked.audit.enabled


def test_the_number_of_outer_folds_counts_every_repeat() -> None:
    checked = parse({"datasets": {"mine": SINGLE}, "folds": {"n_splits": 4, "n_repeats": 3}})
    assert checked.folds.count == 12


def test_an_ensemble_takes_part_with_two_backends_unless_it_is_switched_off() -> None:
    def entrants(backends: list[str], **evaluation: bool) -> list[str]:
        return parse({"datasets": {"mine": SINGLE}, "backends": backends, "evaluation": evaluation}).entrants

    assert entrants(["catboost", "xgboost"]) == ["catboost", "xgboost", "ensemble"]
    assert entrants(["catboost"]) == ["catboost"]
    assert entrants(["catboost", "xgboost"], ensemble=False) == ["catboost", "xgboost"]


@pytest.mark.parametrize(
    ("backends", "evaluation", "recommended"),
    [
        (["catboost", "xgboost"], {}, "ensemble"),
        (["catboost", "xgboost"], {"ensemble": False}, "catboost"),
        (["lightgbm"], {}, "lightgbm"),
        (["catboost", "xgboost"], {"recommend": "xgboost"}, "xgboost"),
        (["catboost", "xgboost"], {"recommend": "ensemble"}, "ensemble"),
    ],
)
def test_the_recommended_model_is_known_before_the_results(
    backends: list[str], evaluation: dict[str, Any], recommended: str
) -> None:
    content = {"datasets": {"mine": SINGLE}, "backends": backends, "evaluation": evaluation}
    assert parse(content).recommended == recommended


@pytest.mark.parametrize(
    ("backends", "evaluation", "message"),
    [
        (
            ["catboost", "xgboost"],
            {"recommend": "xgbost"},
            "evaluation.recommend: 'xgbost' is not a model of this configuration: use 'auto', 'catboost', 'xgboost', "
            "'ensemble'; did you mean 'xgboost'?",
        ),
        (
            ["catboost", "xgboost"],
            {"recommend": "ensemble", "ensemble": False},
            "evaluation.recommend: 'ensemble' is not a model of this configuration (evaluation.ensemble is false, so "
            "there is no ensemble): use 'auto', 'catboost', 'xgboost'",
        ),
        (
            ["catboost"],
            {"recommend": "ensemble"},
            "(there is one backend, so there is no ensemble): use 'auto', 'catboost'",
        ),
        (
            ["catboost"],
            {"recommend": None},
            "evaluation.recommend: None is not a model of this configuration: use 'auto', ",
        ),
        (["catboost"], {"recommend": "lightgbm"}, "'lightgbm' is not a model of this configuration: use 'auto', "),
    ],
)
def test_a_recommended_model_that_does_not_exist_is_told_with_those_that_do(
    backends: list[str], evaluation: dict[str, Any], message: str
) -> None:
    told = mistake(backends=backends, evaluation=evaluation)
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize("path", [ROOT / "config/config.yaml", *sorted((ROOT / "config/examples").glob("*.yaml"))])
def test_a_shipped_configuration_is_right(path: Path) -> None:
    parse(yaml.safe_load(path.read_text()))


def test_a_checked_configuration_cannot_be_changed() -> None:
    checked = parse({"datasets": {"mine": SINGLE}})
    with pytest.raises(ValueError, match="frozen"):
        checked.folds.n_splits = 2  # type: ignore[misc]


def test_a_dataset_survives_the_way_through_a_rule_as_plain_values() -> None:
    dataset = parse({"datasets": {"mine": JOINED}}).datasets["mine"]
    assert type(dataset).model_validate(dataset.model_dump()) == dataset


def test_an_unknown_key_is_named_with_its_path_and_the_nearest_right_name() -> None:
    message = mistake(training={"class_weigth": "none"})
    assert "unknown key training.class_weigth; did you mean 'class_weight'?" in message
    assert "allowed here: threads, class_weight, device" in message


def test_an_unknown_key_that_is_near_nothing_gets_no_guess() -> None:
    message = mistake(zzz=1)
    assert "unknown key zzz; allowed here" in message


def test_an_unknown_key_comes_before_any_other_mistake() -> None:
    message = mistake(folds={"n_splits": "5", "sede": 1})
    assert "unknown key folds.sede" in message
    assert "(and 1 more)" in message


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("groups", "video", "a list"),
        ("id", 7, "a text in quotes"),
        ("positive", [1], "true or false or a whole number or a number or a text in quotes"),
        ("sentinels", {"frames": 0}, "a list"),
        ("max_unmatched", "5 %", "a number"),
        ("max_unmatched", 5, "1.0 or less"),
        ("max_unmatched", -0.1, "0.0 or more"),
    ],
)
def test_a_value_of_another_type_is_told_with_the_type_wanted(key: str, value: object, wanted: str) -> None:
    message = mistake_in_dataset(**{key: value})
    assert f"datasets.mine.{key}" in message
    assert wanted in message


@pytest.mark.parametrize(
    ("section", "value", "wanted"),
    [
        ("folds", {"n_splits": 1}, "folds.n_splits: 1 given, 2 or more expected"),
        ("folds", {"n_splits": 5.0}, "folds.n_splits: 5.0 given, a whole number expected"),
        ("folds", {"seed": True}, "folds.seed: True given, a whole number expected"),
        ("folds", 5, "folds: 5 given, a section of keys expected"),
        ("evaluation", {"confidence": 95}, "evaluation.confidence: 95 given, less than 1.0 expected"),
        ("evaluation", {"operating_fpr": 0.01}, "evaluation.operating_fpr: 0.01 given, a list such as [a, b] expected"),
        ("audit", {"enabled": "yes"}, "audit.enabled: 'yes' given, true or false expected"),
        ("training", {"threads": 0}, "training.threads: 0 given, 1 or more expected"),
        ("training", {"device": "gpu"}, "training.device: 'gpu' is not allowed: use 'cpu' or 'cuda'"),
        ("backends", ["xgboost", "xgboost"], "backends: 'xgboost' appears more than once"),
        ("search", {"space": {"xgb": {}}}, "search.space.xgb: 'xgb' is not allowed"),
    ],
)
def test_a_value_out_of_bounds_is_told_with_the_bounds(section: str, value: object, wanted: str) -> None:
    assert wanted in mistake(**{section: value})


def test_a_word_where_a_list_may_stand_is_told_of_both() -> None:
    message = mistake_in_dataset(categorical="all")
    assert "'all' is not allowed: use 'auto' or a list" in message


def test_a_mistyped_word_gets_the_nearest_right_one() -> None:
    assert "did you mean 'log_loss'?" in mistake(search={"metric": "logloss"})


def test_a_missing_key_is_told_with_what_it_means() -> None:
    message = mistake(datasets={"mine": {"table": "t.csv", "label": "fake"}})
    assert "datasets.mine.groups is missing" in message
    assert "rows that share a value" in message


def test_a_configuration_without_datasets_is_told_so() -> None:
    with pytest.raises(UserError, match="datasets is missing"):
        parse({})


@pytest.mark.parametrize("name", ["a b", "", ".hidden", "a/b", "../up"])
def test_a_name_that_is_no_safe_folder_is_refused(name: str) -> None:
    assert "is not a valid name" in mistake(datasets={name: SINGLE})


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"metadata": "m.csv"}, "give either table:"),
        ({"features": {"stage2": "s.csv"}}, "use metadata: with features:"),
        ({"table": None}, "give either table:"),
        ({"table": None, "metadata": "m.csv"}, "needs features:"),
        ({"table": None, "metadata": "m.csv", "features": {"s": "s.csv"}, "id": None}, "needs id:"),
    ],
)
def test_a_dataset_takes_one_of_two_forms(keys: dict[str, Any], wanted: str) -> None:
    assert wanted in mistake_in_dataset(**keys)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("(.*)", "needs a group (?P<id>...)"),
        ("[(?P<id>]", "needs a group (?P<id>...)"),
        ("(?P<id>.*", "not a regular expression"),
    ],
)
def test_an_id_pattern_is_tried_before_any_file_is_read(pattern: str, wanted: str) -> None:
    message = mistake_in_dataset(id_pattern=pattern)
    assert "datasets.mine.id_pattern" in message
    assert wanted in message


@pytest.mark.parametrize("method", ["race", "screen", "optuna"])
def test_a_search_that_needs_earlier_results_is_not_split(method: str) -> None:
    assert "cannot be split: set method: grid or random" in mistake(search={"method": method, "shards": 2})


@pytest.mark.parametrize("method", ["grid", "random"])
def test_a_search_with_points_known_beforehand_is_split(method: str) -> None:
    assert parse({"datasets": {"mine": SINGLE}, "search": {"method": method, "shards": 2}}).search.shards == 2


@pytest.mark.parametrize("metric", ["brier", "ap", "f1", "accuracy"])
def test_early_stopping_needs_a_metric_with_a_curve(metric: str) -> None:
    message = mistake(search={"early_stopping_rounds": 5, "metric": metric})
    assert f"{metric!r} has none: use log_loss or auc" in message


def test_other_paths_keep_the_names_of_the_feature_tables() -> None:
    dataset = Dataset(metadata="m.csv", features={"b": "b.csv", "a": "a.csv"}, id="i", label="l", groups=[])
    moved = dataset.with_files(["new/m.csv", "new/b.csv", "new/a.csv"])
    assert moved.files == ["new/m.csv", "new/b.csv", "new/a.csv"]
    assert moved.features == {"b": "new/b.csv", "a": "new/a.csv"}
    assert Dataset(table="t.csv", label="l", groups=[]).with_files(["new/t.csv"]).table == "new/t.csv"
