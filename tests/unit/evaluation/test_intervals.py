"""Every metric has its intervals by every method, with what each is computed on, or why there is none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fixtures.scored import Scored, evaluate, validation_of, write_scored
from foldwise.evaluation.intervals import COVERS, METRICS, groups_of_rarer_class, intervals_of_level
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.io.files import read_json
from foldwise.stats.bootstrap import group_bootstrap
from foldwise.stats.corrected_t import corrected_t
from foldwise.stats.delong import clustered_delong
from foldwise.stats.influence import PredictedRows
from foldwise.stats.influence_interval import CrossValidation, influence_interval, influences
from foldwise.stats.training_variance import SplitShares

LEVELS = ["row", "unit"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return write_scored(tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def blocks(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    metrics = read_json(evaluate(scored, "strong", tmp_path_factory.mktemp("metrics"), calibration="none")["metrics"])
    by_fold = metrics["fold_results"]
    return {
        "row": metrics["intervals"],
        "unit": metrics["unit"]["intervals"],
        "row folds": by_fold,
        "unit folds": [fold["unit"] for fold in by_fold],
    }


def _methods(metric: str) -> set[str]:
    return {"influence", "corrected_t", "group_bootstrap"} | ({"clustered_delong"} if metric == "auc" else set())


def _pooled(scored: Scored, level: str) -> tuple[Any, Any, Any]:
    """Return label, score and group of every row, or unit, in the fold of repeat 1 that tests it."""
    fold = (scored.folds[:3] == 0).argmax(axis=0)
    score = scored.scores["strong"][fold, np.arange(len(fold))]
    if level == "row":
        return scored.data.label, score, scored.data.group
    units = np.unique(scored.data.group)
    means = np.array([score[scored.data.group == u].mean() for u in units])
    return (units % 2).astype(np.int8), means, units


@pytest.mark.parametrize("level", LEVELS)
def test_every_metric_has_every_method_with_what_it_is_computed_on(level: str, blocks: dict[str, Any]) -> None:
    assert list(blocks[level]) == list(METRICS)
    for metric, methods in blocks[level].items():
        assert set(methods) == _methods(metric)
        for method, interval in methods.items():
            assert interval["low"] <= interval["estimate"] <= interval["high"]
            assert (interval["level"], interval["confidence"], interval["covers"]) == (level, 0.95, COVERS[method])
            assert (interval["n_rows"], interval["n_units"], interval["n_groups"]) == (120, 30, 30)
            assert next(iter(methods)) == HEADLINE_METHOD == "influence"
        assert methods["influence"]["n_folds"] == methods["corrected_t"]["n_folds"] == 6
        assert methods["group_bootstrap"]["n_draws"] == 2000


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("left_out", "by_inner_models"), [(0, False), (8, True)])
def test_the_headline_is_by_the_influence_of_the_groups_of_its_level(
    level: str, left_out: int, by_inner_models: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by_inner_models:
        # The larger of two estimates counts, which is that from the two repeats here.
        monkeypatch.setattr("foldwise.stats.influence_interval.variance_over_repeats", lambda *_: None)
    scored = write_scored(tmp_path, left_out=left_out)
    metrics = read_json(evaluate(scored, "weak", tmp_path, confidence=0.9, calibration="none")["metrics"])
    for metric in METRICS:
        for model, intervals in (("weak", metrics), ("logistic_regression", metrics["trivial"]["logistic_regression"])):
            expected = influence_interval(influences(metric, validation_of(scored, model, level)), 0.9).as_dict()
            at_level = {
                "row": intervals["intervals"],
                "unit": intervals["unit"]["intervals"] if model == "weak" else intervals["unit_intervals"],
            }
            interval = at_level[level][metric]["influence"]
            assert {key: interval[key] for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize("level", LEVELS)
def test_the_constant_has_intervals_around_its_means(level: str, scored: Scored, tmp_path: Path) -> None:
    constant = read_json(evaluate(scored, "strong", tmp_path)["metrics"])["trivial"]["constant"]
    means, intervals = (
        (constant, constant["intervals"]) if level == "row" else (constant["unit"], constant["unit_intervals"])
    )
    assert list(intervals) == list(METRICS)
    for metric, methods in intervals.items():
        assert list(methods) == ["influence", "corrected_t"]
        interval = methods["influence"]
        assert interval["estimate"] == pytest.approx(means[metric])
        assert 0 <= interval["low"] <= interval["estimate"] <= interval["high"]
    assert (intervals["auc"]["influence"]["low"], intervals["auc"]["influence"]["high"]) == (0.5, 0.5)
    # Every group is predicted alike and every second one is positive: the loss hardly varies.
    assert intervals["brier"]["influence"]["se"] < 0.02


@pytest.mark.parametrize("level", LEVELS)
def test_the_corrected_t_is_over_the_folds_of_its_level(level: str, scored: Scored, blocks: dict[str, Any]) -> None:
    share = float(np.mean([(fold == 0).sum() / (fold != 0).sum() for fold in scored.folds]))
    for metric in METRICS:
        expected = corrected_t(np.array([fold[metric] for fold in blocks[f"{level} folds"]]), share, 0.95)[0]
        interval = blocks[level][metric]["corrected_t"]
        assert (interval["estimate"], interval["se"]) == pytest.approx((expected.estimate, expected.se))


@pytest.mark.parametrize("level", LEVELS)
def test_pooled_methods_use_the_first_repeat(level: str, scored: Scored, blocks: dict[str, Any]) -> None:
    rows = _pooled(scored, level)
    interval = blocks[level]["auc"]
    expected = clustered_delong(*rows, 0.95).as_dict()
    assert {k: interval["clustered_delong"][k] for k in expected} == pytest.approx(expected)
    for metric, drawn in group_bootstrap(*rows, 0.95).items():
        expected = drawn.as_dict()
        assert {k: blocks[level][metric]["group_bootstrap"][k] for k in expected} == pytest.approx(expected)


def test_log_loss_and_brier_score_are_those_of_calibrated_predictions_by_every_method(
    scored: Scored, tmp_path: Path, blocks: dict[str, Any]
) -> None:
    calibrated = read_json(evaluate(scored, "strong", tmp_path)["metrics"])
    for level, block in (("row", calibrated["intervals"]), ("unit", calibrated["unit"]["intervals"])):
        for metric in ("log_loss", "brier"):
            over_folds = np.mean([(f if level == "row" else f["unit"])[metric] for f in calibrated["fold_results"]])
            for method in ("influence", "corrected_t"):
                assert block[metric][method]["estimate"] == pytest.approx(over_folds)
                assert block[metric][method]["estimate"] != pytest.approx(blocks[level][metric][method]["estimate"])
            pooled = block[metric]["group_bootstrap"]["estimate"]
            assert pooled != pytest.approx(blocks[level][metric]["group_bootstrap"]["estimate"])
        assert block["auc"] == blocks[level]["auc"]


def test_decisions_have_intervals_by_influence_at_their_thresholds(scored: Scored, tmp_path: Path) -> None:
    metrics = read_json(evaluate(scored, "strong", tmp_path)["metrics"])
    thresholds = [fold["threshold"] for fold in metrics["decision"]["folds"]]
    for level in LEVELS:
        given = validation_of(scored, "strong", level)
        test, inner = (
            [replace(rows, threshold=t) for rows, t in zip(part, thresholds, strict=True)]
            for part in (given.test, given.inner)
        )
        for metric in ("f1", "accuracy", "precision", "recall"):
            measured = influences(metric, replace(given, test=test, inner=inner))
            expected = influence_interval(measured, 0.95).as_dict()
            interval = metrics["decision"][level]["at_chosen"][metric]
            assert {key: interval[key] for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_test_share_is_the_mean_over_folds_without_the_rows_left_out(confidence: float, tmp_path: Path) -> None:
    # The first fold leaves out 8 of its 20 train groups: its test share is 10 / 12, that of the others 1 / 2.
    metrics = read_json(evaluate(write_scored(tmp_path, left_out=8), "strong", tmp_path, confidence)["metrics"])
    share = (10 / 12 + 5 * 0.5) / 6
    for level, measured in (("row", metrics), ("unit", metrics["unit"])):
        folds = [fold if level == "row" else fold["unit"] for fold in metrics["fold_results"]]
        for metric in METRICS:
            expected = corrected_t(np.array([fold[metric] for fold in folds]), share, confidence)[0].as_dict()
            interval = measured["intervals"][metric]["corrected_t"]
            assert {key: interval[key] for key in expected} == pytest.approx(expected)


def test_every_interval_has_the_configured_confidence(scored: Scored, tmp_path: Path) -> None:
    narrow = read_json(evaluate(scored, "strong", tmp_path, confidence=0.8, calibration="none")["metrics"])
    for level, block in (("row", narrow["intervals"]), ("unit", narrow["unit"]["intervals"])):
        rows = _pooled(scored, level)
        delong = clustered_delong(*rows, 0.8).as_dict()
        assert {k: block["auc"]["clustered_delong"][k] for k in delong} == pytest.approx(delong)
        for metric, expected in group_bootstrap(*rows, 0.8).items():
            drawn = block[metric]["group_bootstrap"]
            assert (drawn["low"], drawn["high"], drawn["confidence"]) == pytest.approx(
                (expected.low, expected.high, 0.8)
            )


@pytest.mark.parametrize("level", LEVELS)
def test_too_few_groups_get_no_interval_by_any_method(level: str, tmp_path: Path) -> None:
    metrics = read_json(evaluate(write_scored(tmp_path, groups=18), "strong", tmp_path)["metrics"])
    assert metrics["decision"][level]["at_0.5"]["f1"]["refused"] == "9 groups in the rarer class, fewer than 10"
    block = metrics["intervals"] if level == "row" else metrics["unit"]["intervals"]
    assert list(block) == list(METRICS)
    for metric, methods in block.items():
        assert set(methods) == _methods(metric)
        for interval in methods.values():
            assert interval["refused"] == "9 groups in the rarer class, fewer than 10"
            assert "low" not in interval
            assert 0 <= interval["estimate"] <= 1
            assert interval["covers"]


def _validation(label: np.ndarray, score: np.ndarray, splits: int = 4) -> CrossValidation:
    """Return predictions of single-row groups in some folds, the inner ones of the same scores."""
    group = np.arange(len(label), dtype=np.int32)
    folds = [group % (2 * splits) // 2 == fold for fold in range(splits)]
    test, inner = (
        [PredictedRows(label[kept].astype(np.int8), score[kept], group[kept]) for kept in chosen]
        for chosen in (folds, [~fold for fold in folds])
    )
    return CrossValidation(test, inner, np.ones(splits, np.int64), len(label), SplitShares.equal(splits, 3))


def _rows(validation: CrossValidation) -> pd.DataFrame:
    parts = [pd.DataFrame({"label": p.label, "score": p.prediction, "group": p.group}) for p in validation.test]
    rows = pd.concat([part.assign(repeat=1, fold=fold) for fold, part in enumerate(parts, start=1)], ignore_index=True)
    return rows.assign(calibrated=rows["score"])


def test_units_across_groups_have_the_corrected_t_alone() -> None:
    label = np.tile([0, 1], 20)
    validation = _validation(label, np.random.default_rng(0).random(40))
    rows, given = _rows(validation), dict.fromkeys(METRICS, validation)
    values = dict.fromkeys(METRICS, np.array([0.6, 0.7, 0.5, 0.6]))
    apart = intervals_of_level(values, rows.assign(unit=rows["group"]), given, "unit", 0.25, 0.95)["auc"]
    units = rows["group"] // 4 * 4 + rows["label"]
    across = intervals_of_level(values, rows.assign(unit=units), given, "unit", 0.25, 0.95)["auc"]
    assert apart["group_bootstrap"].ends
    assert apart["influence"].ends
    for method in ("influence", "group_bootstrap", "clustered_delong"):
        assert across[method].refused == "20 units have rows in several groups"
    assert across["corrected_t"].low == corrected_t(values["auc"], 0.25, 0.95)[0].low


def test_a_metric_that_a_fold_lacks_has_no_interval_over_folds_but_pooled_ones() -> None:
    label = np.tile([0, 1], 20)
    validation = _validation(label, 0.3 + 0.1 * label)
    only_positive = validation.test[1]
    validation.test[1] = PredictedRows(np.ones_like(only_positive.label), only_positive.prediction, only_positive.group)
    values = dict.fromkeys(METRICS, np.array([1.0, np.nan, 1.0, 1.0]))
    rows, given = _rows(_validation(label, 0.3 + 0.1 * label)), dict.fromkeys(METRICS, validation)
    intervals = intervals_of_level(values, rows.assign(unit=rows["group"]), given, "row", 0.25, 0.95)["auc"]
    for method in ("influence", "corrected_t"):
        over_folds = intervals[method]
        assert over_folds.refused == "not defined in 1 of 4 folds"
        assert (over_folds.estimate, over_folds.n_folds) == (1, 4)
    assert intervals["group_bootstrap"].estimate == 1


def test_two_outer_folds_have_no_headline_interval_but_the_corrected_t() -> None:
    label = np.tile([0, 1], 20)
    validation = _validation(label, np.random.default_rng(0).random(40), splits=2)
    values = dict.fromkeys(METRICS, np.array([0.6, 0.7]))
    rows, given = _rows(validation), dict.fromkeys(METRICS, validation)
    intervals = intervals_of_level(values, rows.assign(unit=rows["group"]), given, "row", 1.0, 0.95)["auc"]
    assert intervals["influence"].refused == "two outer folds do not show the variance of training"
    assert intervals["influence"].estimate == influences("auc", validation).estimate
    assert intervals["corrected_t"].ends


@pytest.mark.parametrize(("labels", "expected"), [([1, 1, 0, 0], 1), ([1, 0, 1, 0], 2), ([1, 1, 1, 1], 0)])
def test_groups_of_the_rarer_class_are_counted(labels: list[int], expected: int) -> None:
    assert groups_of_rarer_class(pd.DataFrame({"label": labels, "group": [0, 0, 1, 1]})) == expected
