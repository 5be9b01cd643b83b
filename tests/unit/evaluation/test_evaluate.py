"""Every score says over what it is, and is the mean of what the folds give."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.evaluation.evaluate import tidy_table
from foldwise.evaluation.predictions import by_unit, out_of_fold, read_fold_predictions
from foldwise.folds.assignment import read_rows
from foldwise.io.files import read_json, read_table
from foldwise.stats.corrected_t import corrected_t
from foldwise.stats.metrics import confusion, score_all
from scored import Scored, evaluate, write_scored

FPR = [0.01, 0.05]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return write_scored(tmp_path_factory.mktemp("scored"))


def _evaluated(scored: Scored, folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    outputs = evaluate(scored, "strong", folder)
    return read_json(outputs["metrics"]), read_table(outputs["tidy"]).to_pandas()


@pytest.fixture(scope="module")
def metrics(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _evaluated(scored, tmp_path_factory.mktemp("metrics"))[0]


@pytest.fixture(scope="module")
def tidy(scored: Scored, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return _evaluated(scored, tmp_path_factory.mktemp("tidy"))[1]


def _by_fold(scored: Scored, entrant: str = "strong") -> list[dict[str, float]]:
    found = []
    for fold in range(1, 7):
        test = scored.test(fold)
        found.append(score_all(scored.data.label[test], scored.scores[entrant][fold - 1][test], FPR))
    return found


def _by_unit(scored: Scored) -> list[dict[str, float]]:
    found = []
    for fold in range(1, 7):
        test = scored.test(fold)
        video = scored.data.group[test]
        units = np.unique(video)
        mean = np.array([scored.scores["strong"][fold - 1][test][video == u].mean() for u in units])
        found.append(score_all((units % 2).astype(np.int8), mean, FPR))
    return found


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "auc", "ap"])
def test_a_headline_is_the_mean_and_spread_over_folds(name: str, scored: Scored, metrics: dict[str, Any]) -> None:
    rows = [f[name] for f in _by_fold(scored)]
    units = [f[name] for f in _by_unit(scored)]
    assert metrics[f"test_{name}"] == pytest.approx(np.mean(rows))
    assert metrics[f"test_{name}_std"] == pytest.approx(np.std(rows, ddof=1))
    assert metrics["unit"][f"test_{name}"] == pytest.approx(np.mean(units))


def test_a_fold_says_what_it_is_over(scored: Scored, metrics: dict[str, Any]) -> None:
    assert [f["fold"] for f in metrics["fold_results"]] == [1, 2, 3, 4, 5, 6]
    assert [f["repeat"] for f in metrics["fold_results"]] == [1, 1, 1, 2, 2, 2]
    for found in metrics["fold_results"]:
        test = scored.test(found["fold"])
        videos = len(np.unique(scored.data.group[test]))
        over = (found["n_rows"], found["n_units"], found["n_groups"], found["n_positive"])
        assert over == (test.sum(), videos, videos, scored.data.label[test].sum())


def test_a_fold_has_its_scores_by_row_and_by_unit(scored: Scored, metrics: dict[str, Any]) -> None:
    for found, row, unit in zip(metrics["fold_results"], _by_fold(scored), _by_unit(scored), strict=True):
        assert {k: found[k] for k in row} == pytest.approx(row)
        assert found["unit"] == pytest.approx(unit)
        test = scored.test(found["fold"])
        expected = confusion(scored.data.label[test], scored.scores["strong"][found["fold"] - 1][test])
        assert found["confusion"] == expected.tolist()


def test_intervals_are_the_corrected_ones(scored: Scored, metrics: dict[str, Any]) -> None:
    values = np.array([f["auc"] for f in _by_fold(scored)])
    share = np.mean([(fold == 0).sum() / (fold != 0).sum() for fold in scored.folds])
    expected = corrected_t(values, float(share), 0.95)[0].as_dict()
    found = metrics["intervals"]["auc"]["corrected_t"]
    assert {k: found[k] for k in expected} == pytest.approx(expected)
    assert (found["level"], found["n_groups"], found["n_rows"]) == ("row", 30, 120)


def test_slices_are_means_over_the_folds_where_they_are_defined(scored: Scored, metrics: dict[str, Any]) -> None:
    slices = {s["value"]: s for s in metrics["slices"]}
    assert set(slices) == {"(missing)", "avc", "hevc"}
    scores = []
    for fold in range(1, 7):
        chosen = scored.test(fold) & np.array([c == "avc" for c in scored.codec])
        scores.append(score_all(scored.data.label[chosen], scored.scores["strong"][fold - 1][chosen], FPR)["auc"])
    assert slices["avc"]["auc"] == pytest.approx(np.mean(scores))
    assert (slices["avc"]["n_rows"], slices["avc"]["n_units"], slices["avc"]["n_folds"]) == (58, 29, 6)


def test_a_slice_of_one_class_has_no_auc(metrics: dict[str, Any]) -> None:
    missing = next(s for s in metrics["slices"] if s["value"] == "(missing)")
    assert missing["auc"] is None
    assert (missing["n_rows"], missing["n_positive"], missing["n_folds"]) == (4, 4, 0)


def test_the_constant_answer_knows_the_prevalence_alone(scored: Scored, metrics: dict[str, Any]) -> None:
    constant = metrics["trivial"]["constant"]
    shares = [scored.data.label[scored.test(fold)].mean() for fold in range(1, 7)]
    always = [2 * share / (1 + share) for share in shares]
    assert constant["auc"] == 0.5
    assert constant["ap"] == pytest.approx(np.mean(shares))
    assert constant["f1"] == pytest.approx(np.mean(always))
    assert constant["accuracy"] == pytest.approx(np.mean([max(s, 1 - s) for s in shares]))


def test_the_logistic_regression_stands_beside(scored: Scored, metrics: dict[str, Any]) -> None:
    expected = np.mean([f["auc"] for f in _by_fold(scored, "logistic_regression")])
    assert metrics["trivial"]["logistic_regression"]["auc"] == pytest.approx(expected)


def test_counts_tell_what_everything_is_over(metrics: dict[str, Any]) -> None:
    assert metrics["counts"] == {
        "rows": 120,
        "units": 30,
        "groups": 30,
        "positive_rows": 60,
        "positive_units": 15,
        "folds": 6,
        "repeats": 2,
        "n_splits": 3,
    }


def test_the_promised_keys_are_there(metrics: dict[str, Any]) -> None:
    headline = ("accuracy", "precision", "recall", "f1", "auc", "ap")
    promised = {f"test_{name}{end}" for name in headline for end in ("", "_std")}
    sections = {"fold_results", "intervals", "unit", "slices", "thresholds", "calibration", "counts", "trivial"}
    assert promised | sections <= set(metrics)
    assert all(type(metrics[key]) is float for key in promised)


def test_the_tidy_table_holds_one_line_a_score(scored: Scored, tidy: pd.DataFrame) -> None:
    assert tidy.columns.tolist() == [
        "dataset", "backend", "repeat", "fold", "level", "slice", "slice_value", "metric", "value", "n",
    ]  # fmt: skip
    assert not tidy.duplicated(["fold", "level", "slice", "slice_value", "metric"]).any()
    line = tidy[(tidy["fold"] == 4) & (tidy["level"] == "row") & (tidy["slice"] == "all") & (tidy["metric"] == "auc")]
    assert line["value"].tolist() == pytest.approx([_by_fold(scored)[3]["auc"]])
    assert line["n"].tolist() == [scored.test(4).sum()]
    assert line["repeat"].tolist() == [2]


def test_slices_part_the_rows(tidy: pd.DataFrame) -> None:
    rows = tidy[(tidy["metric"] == "brier") & (tidy["level"] == "row")]
    sliced = rows[rows["slice"] == "codec"].groupby("fold")["n"].sum()
    assert sliced.tolist() == rows[rows["slice"] == "all"].sort_values("fold")["n"].tolist()


def test_too_few_groups_get_no_interval(tmp_path: Path) -> None:
    few = write_scored(tmp_path, groups=18)
    found = _evaluated(few, tmp_path)[0]["intervals"]["auc"]["corrected_t"]
    assert found["refused"] == "9 groups in the rarer class, fewer than 10"
    assert "low" not in found


def test_scores_of_other_rows_are_refused(scored: Scored) -> None:
    rows = read_rows(*(scored.paths[k] for k in ("table", "contract", "folds")))
    scores = read_fold_predictions(scored.paths["strong"])
    with pytest.raises(ValueError, match="fold 1"):
        out_of_fold(rows, {**scores, 1: scores[2]})


def test_a_unit_has_the_label_of_most_of_its_rows() -> None:
    rows = pd.DataFrame({"repeat": 1, "fold": 1, "group": 0, "unit": list("aaabb"), "score": [0.2, 0.4, 0.9, 0.1, 0.3]})
    units = by_unit(rows.assign(label=[1, 1, 0, 0, 0]))
    assert units["label"].tolist() == [1, 0]
    assert units["score"].tolist() == pytest.approx([0.5, 0.2])


def test_an_undefined_score_is_null_in_the_tidy_table(tidy: pd.DataFrame) -> None:
    missing = tidy_table(tidy[(tidy["slice_value"] == "(missing)") & (tidy["metric"] == "auc")])
    assert missing.column("value").to_pylist() == [None, None]
