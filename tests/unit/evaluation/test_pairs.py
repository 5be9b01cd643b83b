"""A pair is judged by the folds; the words follow from the figures."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.evaluation.compare import compare_backends
from foldwise.evaluation.pairs import all_pairs, cross_check, pair_verdict, verdict
from foldwise.io.files import read_json
from foldwise.stats.corrected_t import correlated_t
from foldwise.stats.delong import clustered_delong_difference
from scored import Scored, evaluate, write_scored

OVER = {"n_folds": 5, "n_groups": 40}
FOLDS = {
    "a": np.array([0.90, 0.92, 0.91, 0.93, 0.90]),
    "b": np.array([0.60, 0.63, 0.60, 0.64, 0.61]),
    "same": np.array([0.901, 0.919, 0.911, 0.929, 0.901]),
    "unsteady": np.array([0.50, 0.99, 0.80, 0.95, 0.97]),
    "constant": np.full(5, 0.5),
}
Pair = dict[str, Any]


def _pairs(*names: str, metric: str = "auc", rope: float = 0.01) -> dict[tuple[str, str], Pair]:
    values = {name: FOLDS[name] for name in names}
    found = all_pairs(values, dict.fromkeys(names), metric, 0.25, 0.95, rope)
    return {(p["a"], p["b"]): p for p in found}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("a", "b", "a better than b"),
        ("b", "a", "a better than b"),
        ("a", "same", "practically equal"),
        ("a", "unsteady", "not distinguishable"),
        ("a", "constant", "a better than constant"),
    ],
)
def test_the_verdict_of_a_pair_is_in_words(a: str, b: str, expected: str) -> None:
    assert _pairs(a, b)[a, b]["verdict"] == expected


def test_the_probabilities_are_those_of_the_bayesian_correlated_t() -> None:
    found = _pairs("a", "unsteady", rope=0.05)["a", "unsteady"]
    expected = correlated_t(FOLDS["a"] - FOLDS["unsteady"], 0.25, 0.05)
    assert (found["p_a_better"], found["p_b_better"]) == (expected.above, expected.below)
    assert (found["p_equivalent"], found["rope"]) == (expected.inside, 0.05)


def test_of_a_score_that_is_better_when_lower_the_lower_wins() -> None:
    more, less = _pairs("a", "b")["a", "b"], _pairs("a", "b", metric="log_loss")["a", "b"]
    assert more["difference"] == less["difference"] > 0
    assert (more["p_a_better"], more["p_b_better"]) == (less["p_b_better"], less["p_a_better"])
    assert less["verdict"] == "b better than a"


def test_steady_but_too_small_a_difference_is_no_victory() -> None:
    figures = {"a": "a", "b": "b", "difference": 0.003, "p_holm": 0.001}
    assert pair_verdict({**figures, "p_equivalent": 0.99}, "auc", 0.95) == "practically equal"
    assert pair_verdict({**figures, "p_equivalent": 0.90}, "auc", 0.95) == "a better than b"


def test_an_entrant_that_is_the_same_everywhere_leaves_no_doubt() -> None:
    found = _pairs("constant", "a")["constant", "a"]
    assert found["verdict"] == "a better than constant"
    alike = all_pairs({"x": FOLDS["constant"], "y": FOLDS["constant"]}, {"x": None, "y": None}, "auc", 0.25, 0.95, 0.01)
    assert (alike[0]["p"], alike[0]["p_equivalent"], alike[0]["verdict"]) == (1.0, 1.0, "practically equal")
    assert (alike[0]["low"], alike[0]["high"]) == (0, 0)


def test_a_refused_entrant_is_in_no_comparison_and_in_no_adjustment() -> None:
    values = {name: FOLDS[name] for name in ("a", "unsteady", "b")}
    refused = {"a": None, "unsteady": None, "b": "one fold only"}
    first, *others = all_pairs(values, refused, "auc", 0.25, 0.95, 0.01)
    assert first["p_holm"] == first["p"]
    assert [set(p) for p in others] == [{"a", "b", "difference", "refused"}] * 2


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            ["practically equal"] * 3,
            "The 3 backends are practically equal by AUC over 5 folds of 40 groups: within 0.01 of each other "
            "(Bayesian correlated t).",
        ),
        (
            ["practically equal", "not distinguishable", "not distinguishable"],
            "The 3 backends are not distinguishable by AUC over 5 folds of 40 groups (corrected t, Holm).",
        ),
        (
            ["practically equal", "x better than z", "not distinguishable"],
            "Told apart by AUC over 5 folds of 40 groups (corrected t, Holm): x better than z.",
        ),
    ],
)
def test_the_verdict_is_one_sentence(said: list[str], expected: str) -> None:
    names = [("x", "y"), ("x", "z"), ("y", "z")]
    pairs = [{"a": a, "b": b, "rope": 0.01, "verdict": v} for (a, b), v in zip(names, said, strict=True)]
    assert verdict(pairs, ["x", "y", "z"], "auc", OVER) == expected


def test_the_ensemble_is_one_entrant_among_the_others() -> None:
    names = ["x", "y", "ensemble"]
    pairs = [{"a": a, "b": b, "verdict": "not distinguishable"} for a, b in combinations(names, 2)]
    said = verdict(pairs, names, "auc", OVER)
    assert said.startswith("The 2 backends and their ensemble are not distinguishable by AUC")
    pairs[1]["verdict"] = "ensemble better than x"
    assert verdict(pairs, names, "auc", OVER).endswith(": ensemble better than x.")


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return write_scored(tmp_path_factory.mktemp("scored"))


def _first_repeat(scored: Scored, entrant: str) -> Any:
    fold = (scored.folds[:3] == 0).argmax(axis=0)
    return scored.scores[entrant][fold, np.arange(len(fold))]


def _compared(scored: Scored, folder: Path) -> dict[tuple[str, str], Pair]:
    evaluated = evaluate(scored, "strong", folder)
    inputs: dict[str, Any] = {k: scored.paths[k] for k in ("table", "contract", "folds")}
    inputs |= {"reference": scored.paths["logistic_regression"]}
    inputs |= {key: [evaluated[key]] for key in ("tidy", "out_of_fold")}
    outputs = {key: str(folder / key) for key in ("predictions", "tidy", "comparison")}
    compare_backends(inputs, ["strong"], [0.05], 0.95, 0.02, outputs)
    found = read_json(outputs["comparison"])
    assert found["rope"] == 0.02
    return {(p["a"], p["b"]): p for p in found["pairs"]}


@pytest.fixture(scope="module")
def compared(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Pair]:
    return _compared(scored, tmp_path_factory.mktemp("compared"))


def test_the_cross_check_is_the_clustered_difference_of_repeat_one(
    scored: Scored, compared: dict[tuple[str, str], Pair]
) -> None:
    first, second = (_first_repeat(scored, e) for e in ("strong", "logistic_regression"))
    expected, p = clustered_delong_difference(scored.data.label, first, second, scored.data.group, 0.95)
    found = compared["strong", "logistic_regression"]["delong"]
    assert found == pytest.approx({"difference": expected.estimate, "low": expected.low, "high": expected.high, "p": p})


def test_the_constant_answer_is_held_against_as_one_score_for_all(
    scored: Scored, compared: dict[tuple[str, str], Pair]
) -> None:
    one_score = np.zeros(len(scored.data.label))
    expected, p = clustered_delong_difference(
        scored.data.label, _first_repeat(scored, "strong"), one_score, scored.data.group, 0.95
    )
    found = compared["strong", "constant"]["delong"]
    assert (found["difference"], found["p"]) == pytest.approx((expected.estimate, p))


def test_a_pair_says_what_it_is_over_and_by_which_region(compared: dict[tuple[str, str], Pair]) -> None:
    for pair in compared.values():
        assert (pair["rope"], pair["n_folds"], pair["n_groups"], pair["n_rows"]) == (0.02, 6, 30, 120)
        assert pair["p_a_better"] + pair["p_equivalent"] + pair["p_b_better"] == pytest.approx(1)


def test_too_few_groups_have_no_cross_check_either(tmp_path: Path) -> None:
    for pair in _compared(write_scored(tmp_path, groups=18), tmp_path).values():
        assert "9 groups in the rarer class" in pair["refused"]
        assert "delong" not in pair


def test_rows_are_matched_by_their_name() -> None:
    random = np.random.default_rng(1)
    label = np.tile([0, 1], 20).astype(np.int8)
    rows = pd.DataFrame({"repeat": 1, "sample_id": [f"s{i}" for i in range(40)], "group": np.arange(40)})
    first, second = (rows.assign(label=label, score=random.normal(size=40) + s * label) for s in (1, 0))
    assert cross_check(first, second.sample(frac=1, random_state=0), 0.95) == cross_check(first, second, 0.95)
