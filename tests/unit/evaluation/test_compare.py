"""Every pair of models is compared on the same folds, with what the comparison is computed on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.scored import Scored, compare, validation_of, write_scored
from foldwise.evaluation.compare import compare_models
from foldwise.evaluation.comparison_records import Comparison, Family, Pair
from foldwise.folds.assignment import open_rows
from foldwise.io.files import read_json, read_table
from foldwise.stats.corrected_t import corrected_t, holm
from foldwise.stats.delong import clustered_delong_difference
from foldwise.stats.influence_interval import influence_difference, influence_interval, influences
from foldwise.stats.metrics import auc

BACKENDS = ["strong", "weak", "other_weak"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return write_scored(tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def outputs(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compare(scored, BACKENDS, tmp_path_factory.mktemp("compared"), rope=0.02)


@pytest.fixture(scope="module")
def comparison(outputs: dict[str, str]) -> Comparison:
    return Comparison.from_json(read_json(outputs["comparison"]))


def _by_fold(scored: Scored, model: str) -> Any:
    tests = [scored.test(fold) for fold in range(1, 7)]
    return np.array([auc(scored.data.label[t], scored.scores[model][i][t]) for i, t in enumerate(tests)])


def _share(scored: Scored) -> float:
    return float(np.mean([(fold == 0).sum() / (fold > 0).sum() for fold in scored.folds]))


def _pair(comparison: Comparison, a: str, b: str) -> Pair:
    return next(pair for pair in comparison.pairs if (pair.a, pair.b) == (a, b))


def _first_repeat(scored: Scored, model: str) -> Any:
    fold = (scored.folds[:3] == 0).argmax(axis=0)
    return scored.scores[model][fold, np.arange(len(fold))]


def test_every_pair_but_that_of_the_baselines_is_compared_once(comparison: Comparison) -> None:
    assert [model.name for model in comparison.models] == [*BACKENDS, "logistic_regression", "constant"]
    assert len({frozenset((pair.a, pair.b)) for pair in comparison.pairs}) == len(comparison.pairs) == 9
    assert {pair.family for pair in comparison.pairs if not {pair.a, pair.b} <= set(BACKENDS)} == {"baselines"}


def test_the_recommended_model_is_the_one_that_was_named_and_not_the_best(comparison: Comparison) -> None:
    assert comparison.recommended == BACKENDS[-1]
    assert comparison.models[0].estimate == max(model.estimate or 0 for model in comparison.models)


def test_a_model_is_estimated_over_its_folds(scored: Scored, comparison: Comparison) -> None:
    values = _by_fold(scored, "strong")
    interval = influence_interval(influences("auc", validation_of(scored, "strong")), 0.95)
    model = comparison.models[0]
    assert (model.estimate, model.sd) == pytest.approx((values.mean(), values.std(ddof=1)))
    assert model.ends == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(("confidence", "left_out"), [(0.95, 0), (0.8, 0), (0.95, 8)])
def test_a_difference_is_a_minus_b_on_the_same_folds(confidence: float, left_out: int, tmp_path: Path) -> None:
    scored = write_scored(tmp_path, left_out=left_out)
    written = read_json(compare(scored, ["strong", "weak"], tmp_path, confidence)["comparison"])
    comparison = Comparison.from_json(written)
    pair = _pair(comparison, "strong", "weak")
    differences = _by_fold(scored, "strong") - _by_fold(scored, "weak")
    first, second = (influences("auc", validation_of(scored, model)) for model in ("strong", "weak"))
    interval, t, p = influence_difference(first, second, confidence)
    assert interval.estimate == pytest.approx(differences.mean())
    assert comparison.confidence == confidence
    assert pair.difference == pytest.approx(interval.estimate)
    assert pair.test is not None
    assert (pair.test.low, pair.test.high, pair.test.t, pair.test.p) == pytest.approx(
        (interval.low, interval.high, t, p)
    )
    checked, t, p = corrected_t(differences, _share(scored), confidence)
    assert pair.test.corrected_t.as_json() == pytest.approx(
        {"low": checked.low, "high": checked.high, "t": t, "df": checked.df, "p": p}
    )


@pytest.mark.parametrize(("family", "number"), [("baselines", 6), ("models", 3)])
def test_p_values_are_adjusted_for_the_pairs_of_a_family(comparison: Comparison, family: Family, number: int) -> None:
    tests = [pair.test for pair in comparison.family(family) if pair.test]
    assert [test.p_holm for test in tests] == pytest.approx(holm([test.p for test in tests]))
    assert len(tests) == number


def test_a_pair_says_what_it_is_computed_on_and_its_rope(comparison: Comparison) -> None:
    assert comparison.rope == 0.02
    for pair in comparison.pairs:
        assert (pair.metric, pair.level, pair.n_folds, pair.n_groups, pair.n_rows) == ("auc", "row", 6, 30, 120)
        assert pair.test is not None
        assert pair.test.rope == 0.02
        assert pair.test.p_a_better + pair.test.p_equivalent + pair.test.p_b_better == pytest.approx(1)


def test_the_lower_wins_where_lower_is_better(scored: Scored) -> None:
    rows = open_rows(*(scored.paths[k] for k in ("table", "contract", "folds")))
    measured = {
        model: influences("brier", validation_of(scored, model)) for model in ("strong", "weak", "logistic_regression")
    }
    [pair] = compare_models("tiny", measured, rows, 0.95, recommended="weak").family("models")
    assert pair.metric == "brier"
    assert pair.difference is not None
    assert pair.difference < 0
    assert pair.test is not None
    assert (pair.test.verdict, pair.test.delong) == ("strong better than weak", None)


def test_the_verdicts_name_the_better_models_and_what_they_are_compared_on(comparison: Comparison) -> None:
    assert comparison.verdict_baselines == (
        "Shown to be better by AUC over 6 folds of 30 groups (influence functions, Holm) than the constant prediction: "
        "strong; than the logistic regression: strong."
    )
    assert comparison.verdict == (
        "Differences by AUC over 6 folds of 30 groups (influence functions, Holm): "
        "strong better than weak; strong better than other_weak."
    )
    similar = _pair(comparison, "weak", "other_weak").test
    assert similar is not None
    assert similar.verdict == "not distinguishable"


def test_too_few_groups_are_not_compared(tmp_path: Path) -> None:
    few = read_json(compare(write_scored(tmp_path, groups=18), ["strong", "weak"], tmp_path)["comparison"])
    comparison = Comparison.from_json(few)
    reason = "9 groups in the rarer class, fewer than 10"
    assert comparison.groups_of_rarer_class == 9
    assert {pair.refused for pair in comparison.pairs} == {model.refused for model in comparison.models} == {reason}
    assert not any(pair.test for pair in comparison.pairs)
    assert not any(model.ends for model in comparison.models)
    on = "by AUC over 6 folds of 18 groups"
    assert comparison.verdict_baselines == f"No model was compared with the baselines {on}: {reason}."
    assert comparison.verdict == f"The backends were not compared {on}: {reason}."


def test_the_cross_check_is_the_clustered_difference_of_the_first_repeat(
    scored: Scored, comparison: Comparison
) -> None:
    constant = np.zeros(len(scored.data.label))
    for name, second in (("logistic_regression", _first_repeat(scored, "logistic_regression")), ("constant", constant)):
        expected, p = clustered_delong_difference(
            scored.data.label, _first_repeat(scored, "strong"), second, scored.data.group, 0.95
        )
        test = _pair(comparison, "strong", name).test
        assert test is not None
        assert test.delong is not None
        assert test.delong.as_json() == pytest.approx(
            {"difference": expected.estimate, "low": expected.low, "high": expected.high, "p": p}
        )


def test_all_predictions_are_stored_with_the_keys_of_their_rows(scored: Scored, outputs: dict[str, str]) -> None:
    stored = read_table(outputs["predictions"]).to_pandas()
    keys = {"dataset", "backend", "repeat", "fold", "sample_id", "unit", "group", "label", "score", "codec"}
    assert keys <= set(stored.columns)
    assert len(stored) == 3 * 2 * 120
    line = stored[(stored["backend"] == "weak") & (stored["fold"] == 5)].iloc[0]
    row = int(line["sample_id"].removeprefix("sample_"))
    assert line["score"] == scored.scores["weak"][4, row]
    assert (line["label"], line["unit"]) == (scored.data.label[row], f"video_{scored.data.group[row]:03d}")


def test_a_slice_that_is_named_like_a_column_does_not_hide_it(tmp_path: Path) -> None:
    clash = write_scored(tmp_path, slice_name="group")
    columns = read_table(compare(clash, ["strong"], tmp_path)["predictions"]).to_pandas()
    assert set(columns["group"]) == set(range(30))
    assert set(columns["slice_group"].dropna()) == {"avc", "hevc"}


def test_the_tidy_table_has_every_model_and_baseline_by_row_and_unit(outputs: dict[str, str]) -> None:
    lines = read_table(outputs["tidy"]).to_pandas()
    overall = lines[(lines["slice"] == "all") & (lines["metric"] == "log_loss")]
    expected = [*BACKENDS, "logistic_regression", "constant"]
    assert overall.groupby(["backend", "level"])["fold"].nunique().to_dict() == {
        (name, level): 6 for name in expected for level in ("row", "unit")
    }
