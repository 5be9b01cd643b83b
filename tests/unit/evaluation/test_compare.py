"""Backends are told apart only where the folds allow it, and in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.evaluation.compare import compare_backends, comparison, verdict
from foldwise.evaluation.evaluate import tidy_scores
from foldwise.evaluation.predictions import out_of_fold, read_fold_predictions
from foldwise.folds.assignment import read_rows
from foldwise.io.files import read_json, read_table
from foldwise.stats.corrected_t import corrected_t, holm
from foldwise.stats.metrics import auc
from scored import Scored, evaluate, write_scored

BACKENDS = ["strong", "weak", "other_weak"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return write_scored(tmp_path_factory.mktemp("scored"))


def _compared(scored: Scored, backends: list[str], folder: Path) -> dict[str, str]:
    evaluated = [evaluate(scored, backend, folder) for backend in backends]
    inputs: dict[str, Any] = {k: scored.paths[k] for k in ("table", "contract", "folds")}
    inputs |= {"reference": scored.paths["logistic_regression"]}
    inputs |= {key: [e[key] for e in evaluated] for key in ("tidy", "out_of_fold")}
    outputs = {key: str(folder / key) for key in ("predictions", "tidy", "comparison")}
    compare_backends(inputs, backends, [0.01, 0.05], 0.95, 0.01, outputs)
    return outputs


@pytest.fixture(scope="module")
def outputs(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("compared")
    return _compared(scored, BACKENDS, folder)


@pytest.fixture(scope="module")
def compared(outputs: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = read_json(outputs["comparison"])
    return found


def _by_fold(scored: Scored, entrant: str) -> Any:
    tests = [scored.test(fold) for fold in range(1, 7)]
    return np.array([auc(scored.data.label[t], scored.scores[entrant][i][t]) for i, t in enumerate(tests)])


def _pair(compared: dict[str, Any], a: str, b: str) -> dict[str, Any]:
    return next(p for p in compared["pairs"] if (p["a"], p["b"]) == (a, b))


def test_every_pair_of_entrants_is_compared_once(compared: dict[str, Any]) -> None:
    assert [e["name"] for e in compared["entrants"]] == [*BACKENDS, "logistic_regression", "constant"]
    assert len({frozenset((p["a"], p["b"])) for p in compared["pairs"]}) == len(compared["pairs"]) == 10


def test_an_entrant_is_estimated_by_its_folds(scored: Scored, compared: dict[str, Any]) -> None:
    values = _by_fold(scored, "strong")
    entrant = compared["entrants"][0]
    assert entrant["estimate"] == pytest.approx(values.mean())
    assert entrant["sd"] == pytest.approx(values.std(ddof=1))
    assert entrant["low"] < entrant["estimate"] < entrant["high"]


def test_a_difference_is_a_minus_b_on_the_same_folds(scored: Scored, compared: dict[str, Any]) -> None:
    pair = _pair(compared, "strong", "weak")
    share = float(np.mean([(f == 0).sum() / (f != 0).sum() for f in scored.folds]))
    interval, t, p = corrected_t(_by_fold(scored, "strong") - _by_fold(scored, "weak"), share, 0.95)
    assert pair["difference"] > 0
    expected = (interval.estimate, interval.low, interval.high, t, p)
    assert tuple(pair[k] for k in ("difference", "low", "high", "t", "p")) == pytest.approx(expected)


def test_p_values_are_adjusted_for_all_pairs(compared: dict[str, Any]) -> None:
    adjusted = holm([p["p"] for p in compared["pairs"]])
    assert [p["p_holm"] for p in compared["pairs"]] == pytest.approx(adjusted)


def test_a_clear_winner_is_named(compared: dict[str, Any]) -> None:
    assert _pair(compared, "strong", "weak")["verdict"] == "strong better than weak"


def test_two_alike_are_not_told_apart(compared: dict[str, Any]) -> None:
    assert _pair(compared, "weak", "other_weak")["verdict"] == "not distinguishable"


def test_the_winner_of_a_score_that_is_better_when_lower_is_the_lower(scored: Scored) -> None:
    rows = read_rows(*(scored.paths[k] for k in ("table", "contract", "folds")))
    tidy = pd.concat(
        tidy_scores("tiny", e, out_of_fold(rows, read_fold_predictions(scored.paths[e])), [])
        for e in ("strong", "weak")
    )
    [pair] = comparison("tiny", tidy, rows, ["strong", "weak"], 0.95, metric="brier")["pairs"]
    assert pair["difference"] < 0
    assert pair["verdict"] == "strong better than weak"


def test_the_verdict_names_the_winners_and_what_they_were_judged_on(compared: dict[str, Any]) -> None:
    assert compared["verdict"] == (
        "Told apart by AUC over 6 folds of 30 groups (corrected t, Holm): "
        "strong better than weak; strong better than other_weak."
    )


@pytest.mark.parametrize(
    ("pairs", "backends", "expected"),
    [
        ([], ["a"], "One backend only: nothing to compare by AUC over 5 folds of 9 groups."),
        (
            [{"a": "a", "b": "b", "verdict": "not distinguishable"}],
            ["a", "b"],
            "The 2 backends are not distinguishable by AUC over 5 folds of 9 groups (corrected t, Holm).",
        ),
        (
            [{"a": "a", "b": "b", "refused": "one fold only"}],
            ["a", "b"],
            "The backends were not compared by AUC over 5 folds of 9 groups: one fold only.",
        ),
        (
            [{"a": "a", "b": "constant", "verdict": "a better than constant"}],
            ["a"],
            "One backend only: nothing to compare by AUC over 5 folds of 9 groups.",
        ),
    ],
)
def test_a_verdict_is_one_sentence_on_the_backends(
    pairs: list[dict[str, str]], backends: list[str], expected: str
) -> None:
    assert verdict(pairs, backends, "auc", {"n_folds": 5, "n_groups": 9}) == expected


def test_too_few_groups_are_not_compared(tmp_path: Path) -> None:
    few = write_scored(tmp_path, groups=18)
    rows = read_rows(*(few.paths[k] for k in ("table", "contract", "folds")))
    tidy = pd.concat(
        tidy_scores("tiny", e, out_of_fold(rows, read_fold_predictions(few.paths[e])), []) for e in ("strong", "weak")
    )
    found = comparison("tiny", tidy, rows, ["strong", "weak"], 0.95)
    assert "p" not in found["pairs"][0]
    assert "9 groups in the rarer class" in found["pairs"][0]["refused"]
    assert "9 groups in the rarer class" in found["verdict"]


def test_all_predictions_come_with_what_is_known_of_their_rows(scored: Scored, outputs: dict[str, str]) -> None:
    found = read_table(outputs["predictions"]).to_pandas()
    known = {"dataset", "backend", "repeat", "fold", "sample_id", "unit", "group", "label", "score", "codec"}
    assert known <= set(found.columns)
    assert len(found) == 3 * 2 * 120
    line = found[(found["backend"] == "weak") & (found["fold"] == 5)].iloc[0]
    row = int(line["sample_id"].removeprefix("sample_"))
    assert line["score"] == scored.scores["weak"][4, row]
    assert (line["label"], line["unit"]) == (scored.data.label[row], f"video_{scored.data.group[row]:03d}")


def test_a_slice_that_is_named_like_a_column_does_not_hide_it(tmp_path: Path) -> None:
    clash = write_scored(tmp_path, slice_name="group")
    found = _compared(clash, ["strong"], tmp_path)
    columns = read_table(found["predictions"]).to_pandas()
    assert set(columns["group"]) == set(range(30))
    assert set(columns["slice_group"].dropna()) == {"avc", "hevc"}


def test_the_tidy_table_holds_every_entrant(outputs: dict[str, str]) -> None:
    assert set(read_table(outputs["tidy"]).column("backend").to_pylist()) == {
        *BACKENDS,
        "logistic_regression",
        "constant",
    }
