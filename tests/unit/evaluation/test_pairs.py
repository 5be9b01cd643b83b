"""Two models are compared by their differences over folds; the words follow from the figures."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from foldwise.evaluation.comparison_records import CorrectedT, DifferenceTest, Pair
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.pairs import compare_pairs, cross_check, family_of, pair_verdict, verdict, verdict_baselines
from foldwise.stats.corrected_t import corrected_t, holm, posterior
from foldwise.stats.influence_interval import Influences, influence_difference
from foldwise.stats.training_variance import SplitShares

OVER = Means("row", n_folds=5, n_rows=400, n_groups=40)
FOLDS = {
    "a": np.array([0.90, 0.92, 0.91, 0.93, 0.90]),
    "b": np.array([0.60, 0.63, 0.60, 0.64, 0.61]),
    "same": np.array([0.901, 0.919, 0.911, 0.929, 0.901]),
    "unsteady": np.array([0.50, 0.99, 0.80, 0.95, 0.97]),
    "logistic_regression": np.array([0.61, 0.64, 0.61, 0.65, 0.62]),
    "constant": np.full(5, 0.5),
    "like the constant": np.full(5, 0.5),
    "slightly better": np.full(5, 0.5005),
}
# How far the groups' contributions to the mean of a model spread, and how far apart two models are by them.
SPREAD = {"a": 0.01, "b": 0.02, "same": 0.011, "unsteady": 0.15, "logistic_regression": 0.02}
SETTINGS = {"over": OVER, "test_share": 0.25, "confidence": 0.95}


def _measured(name: str, metric: str = "auc") -> Influences:
    direction = np.random.default_rng(0).normal(size=40)
    tested = SPREAD.get(name, 0.0001 * (name == "slightly better")) * direction / np.sqrt((direction**2).sum())
    trained = np.zeros((5, 40))
    return Influences(
        metric, FOLDS[name], tested, tested[None], trained, np.ones(5, np.int64), 20, SplitShares.equal(5, 3)
    )


def _pair(a: str, b: str, metric: str = "auc", rope: float = 0.01) -> tuple[float, DifferenceTest]:
    measured = {name: _measured(name, metric) for name in (a, b)}
    [pair] = compare_pairs(measured, dict.fromkeys(measured), rope=rope, **SETTINGS)
    assert (pair.a, pair.b) == (a, b)
    assert pair.difference is not None
    assert pair.test is not None
    return pair.difference, pair.test


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("a", "b", "a better than b"),
        ("b", "a", "a better than b"),
        ("a", "same", "practically equal"),
        ("a", "unsteady", "not distinguishable"),
        ("a", "constant", "a better than constant"),
        ("constant", "a", "a better than constant"),
    ],
)
def test_the_verdict_of_a_pair_is_in_words(a: str, b: str, expected: str) -> None:
    assert _pair(a, b)[1].verdict == expected


def test_interval_p_value_and_probabilities_are_those_of_the_subtracted_influences() -> None:
    difference, test = _pair("a", "unsteady", rope=0.05)
    interval, t, p = influence_difference(_measured("a"), _measured("unsteady"), 0.95)
    assert (difference, test.low, test.high) == (interval.estimate, interval.low, interval.high)
    assert (test.t, test.df, test.p) == (t, interval.df, p)
    expected = posterior(interval.estimate, interval.se, interval.df, 0.05)
    assert (test.p_a_better, test.p_b_better) == (expected.above, expected.below)
    assert (test.p_equivalent, test.rope) == (expected.inside, 0.05)


def test_the_corrected_t_is_a_cross_check() -> None:
    _, test = _pair("a", "unsteady")
    interval, t, p = corrected_t(FOLDS["a"] - FOLDS["unsteady"], 0.25, 0.95)
    assert test.corrected_t == CorrectedT(interval.low, interval.high, t, interval.df, p)


def test_the_lower_wins_where_lower_is_better() -> None:
    (more, higher), (less, lower) = _pair("a", "b"), _pair("a", "b", metric="log_loss")
    assert more == less > 0
    assert (higher.p_a_better, higher.p_b_better) == (lower.p_b_better, lower.p_a_better)
    assert lower.verdict == "b better than a"


@pytest.mark.parametrize(
    ("p_equivalent", "p_holm", "expected"),
    [
        (0.99, 0.001, "practically equal"),
        (0.95, 0.001, "practically equal"),
        (0.90, 0.001, "a better than b"),
        (0.90, 0.05, "not distinguishable"),
    ],
)
def test_steady_but_too_small_a_difference_makes_no_model_better(
    p_equivalent: float, p_holm: float, expected: str
) -> None:
    # The level of the test is 1 - confidence, and 1 - 0.95 is a little more than 0.05.
    holm = p_holm if p_holm != 0.05 else 1 - 0.95
    assert pair_verdict("a", "b", 0.003, p_equivalent, holm, "auc", 0.95) == expected


def test_two_models_that_are_the_same_on_every_fold_are_practically_equal() -> None:
    [pair] = compare_pairs({name: _measured("a") for name in ("a", "b")}, {"a": None, "b": None}, rope=0.01, **SETTINGS)
    assert (test := pair.test) is not None
    assert (test.p, test.p_equivalent, test.verdict) == (1.0, 1.0, "practically equal")
    assert (test.low, test.high) == (0, 0)


def test_a_refused_model_is_in_no_comparison_and_in_no_adjustment() -> None:
    measured = {name: _measured(name) for name in ("a", "unsteady", "b")}
    refused = {"a": None, "unsteady": None, "b": "one fold only"}
    first, *others = compare_pairs(measured, refused, rope=0.01, **SETTINGS)
    assert first.test is not None
    assert first.test.p_holm == first.test.p
    assert [(pair.difference, pair.test, pair.refused) for pair in others] == [(None, None, "one fold only")] * 2


def test_each_family_has_its_own_adjustment_and_the_two_baselines_are_not_compared() -> None:
    names = ("a", "unsteady", "b", "logistic_regression", "constant")
    pairs = compare_pairs({n: _measured(n) for n in names}, dict.fromkeys(names), rope=0.01, **SETTINGS)
    families = {"baselines": [], "models": []}  # type: dict[str, list[Pair]]
    for pair in pairs:
        assert pair.family == ("baselines" if {pair.a, pair.b} & {"logistic_regression", "constant"} else "models")
        families[pair.family].append(pair)
    assert {family: len(of_family) for family, of_family in families.items()} == {"baselines": 6, "models": 3}
    for of_family in families.values():
        tests = [pair.test for pair in of_family if pair.test]
        assert [test.p_holm for test in tests] == holm([test.p for test in tests])
        assert any(test.p_holm != test.p for test in tests)


def test_a_tiny_but_significant_difference_from_the_constant_prediction_is_a_signal() -> None:
    _, test = _pair("slightly better", "constant")
    assert test.p_equivalent > 0.95
    assert test.p_holm < 0.05
    assert test.verdict == "slightly better better than constant"
    assert _pair("like the constant", "constant")[1].verdict == "not distinguishable"


def _pairs(names: list[str], verdicts: list[str]) -> list[Pair]:
    _, test = _pair("a", "b")
    return [
        Pair(
            a=a,
            b=b,
            family=family_of(a, b),
            difference=0.1,
            test=replace(test, verdict=words),
            metric="auc",
            level="row",
            n_folds=5,
            n_groups=40,
            n_rows=400,
        )
        for (a, b), words in zip(combinations(names, 2), verdicts, strict=True)
    ]


EQUAL, SIMILAR, BETTER = "practically equal", "not distinguishable", "x better than z"


@pytest.mark.parametrize(
    ("names", "verdicts", "expected"),
    [
        (
            ["x", "y", "z"],
            [EQUAL] * 3,
            "The 3 backends are practically equal by AUC over 5 folds of 40 groups: within 0.01 of each other "
            "(posterior probability).",
        ),
        (
            ["x", "y", "z"],
            [EQUAL, SIMILAR, SIMILAR],
            "The 3 backends are not distinguishable by AUC over 5 folds of 40 groups (influence functions, Holm).",
        ),
        (
            ["x", "y", "z"],
            [EQUAL, BETTER, SIMILAR],
            "Differences by AUC over 5 folds of 40 groups (influence functions, Holm): x better than z.",
        ),
        (
            ["x", "y", "ensemble"],
            [SIMILAR] * 3,
            "The 2 backends and their ensemble are not distinguishable by AUC over 5 folds of 40 groups "
            "(influence functions, Holm).",
        ),
        (
            ["x", "constant"],
            ["x better than constant"],
            "One backend only: nothing to compare by AUC over 5 folds of 40 groups.",
        ),
        (
            ["x", "y", "constant"],
            [SIMILAR, "x better than constant", "y better than constant"],
            "The 2 backends are not distinguishable by AUC over 5 folds of 40 groups (influence functions, Holm).",
        ),
    ],
)
def test_the_verdict_is_one_sentence_on_the_models(names: list[str], verdicts: list[str], expected: str) -> None:
    assert verdict(_pairs(names, verdicts), [name for name in names if name != "constant"]) == expected


ON = "by AUC over 5 folds of 40 groups"
SHOWN = f"Shown to be better {ON} (influence functions, Holm) than the constant prediction:"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["x better than z", SIMILAR, SIMILAR, SIMILAR, SIMILAR], f"{SHOWN} none; than the logistic regression: none."),
        (
            [SIMILAR, EQUAL, "x better than constant", "y better than logistic_regression", "y better than constant"],
            f"{SHOWN} x, y; than the logistic regression: y.",
        ),
        (
            [SIMILAR, "logistic_regression better than x", "constant better than x", EQUAL, "y better than constant"],
            f"{SHOWN} y; than the logistic regression: none; worse than the constant prediction: x; worse than the "
            "logistic regression: x.",
        ),
    ],
)
def test_the_verdict_on_the_baselines_is_one_sentence_that_names_models(verdicts: list[str], expected: str) -> None:
    pairs = _pairs(["x", "y", "logistic_regression", "constant"], [*verdicts, SIMILAR])[:-1]
    assert verdict_baselines(pairs, ["x", "y"]) == expected


def test_baselines_that_were_not_compared_have_the_reason_in_the_verdict() -> None:
    pairs = [replace(pair, test=None, refused="one fold only") for pair in _pairs(["x", "constant"], [SIMILAR])]
    assert verdict_baselines(pairs, ["x"]) == f"No model was compared with the baselines {ON}: one fold only."


def test_models_that_were_not_compared_have_the_reason_in_the_verdict() -> None:
    first, *others = _pairs(["x", "y", "z"], [SIMILAR] * 3)
    pairs = [replace(first, difference=None, test=None, refused="one fold only"), *others]
    expected = "The backends were not compared by AUC over 5 folds of 40 groups: one fold only."
    assert verdict(pairs, ["x", "y", "z"]) == expected


def test_the_rows_of_a_cross_check_are_matched_by_their_sample() -> None:
    random = np.random.default_rng(1)
    label = np.tile([0, 1], 20).astype(np.int8)
    rows = pd.DataFrame({"repeat": 1, "sample_id": [f"s{i}" for i in range(40)], "group": np.arange(40)})
    first, second = (rows.assign(label=label, score=random.normal(size=40) + s * label) for s in (1, 0))
    assert cross_check(first, second.sample(frac=1, random_state=0), 0.95) == cross_check(first, second, 0.95)
