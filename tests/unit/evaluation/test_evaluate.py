"""Every metric is the mean over the folds, and says what it is computed on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fixtures.scored import Scored, evaluate, write_scored
from foldwise.evaluation.evaluate import counts, headline
from foldwise.evaluation.fold_metrics import constant_metrics, metrics_table
from foldwise.evaluation.intervals import METRICS
from foldwise.evaluation.predictions import by_unit, out_of_fold, read_fold_predictions
from foldwise.evaluation.records import Level, MeanOverFolds, Metrics
from foldwise.folds.assignment import Fold, Folds, Plan, Rows, open_rows
from foldwise.io.files import read_json, read_note, read_table, write_table
from foldwise.stats.metrics import all_metrics, confusion

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


def _by_fold(scored: Scored, model: str = "strong") -> list[dict[str, float]]:
    tests = [scored.test(fold) for fold in range(1, 7)]
    return [_all_metrics(scored.data.label[t], scored.scores[model][i][t]) for i, t in enumerate(tests)]


def _all_metrics(label: Any, prediction: Any) -> dict[str, float]:
    """Return the metrics of predictions as the models give them, without those of calibrated ones."""
    metrics = all_metrics(label, prediction, prediction, FPR)
    return {name: value for name, value in metrics.items() if name not in ("log_loss", "brier")}


def _by_unit(scored: Scored, model: str = "strong") -> list[dict[str, float]]:
    metrics = []
    for fold in range(1, 7):
        test = scored.test(fold)
        video = scored.data.group[test]
        units = np.unique(video)
        mean = np.array([scored.scores[model][fold - 1][test][video == u].mean() for u in units])
        metrics.append(_all_metrics((units % 2).astype(np.int8), mean))
    return metrics


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "auc", "ap"])
def test_a_headline_is_the_mean_and_spread_over_folds(name: str, scored: Scored, metrics: dict[str, Any]) -> None:
    rows = [f[name] for f in _by_fold(scored)]
    units = [f[name] for f in _by_unit(scored)]
    assert metrics[f"test_{name}"] == pytest.approx(np.mean(rows))
    assert metrics[f"test_{name}_std"] == pytest.approx(np.std(rows, ddof=1))
    assert metrics["unit"][f"test_{name}"] == pytest.approx(np.mean(units))


def test_a_fold_without_a_metric_is_left_out_of_its_mean() -> None:
    lines = pd.DataFrame({"fold": [1, 2, 3], "level": "row", "slice": "all", "value": [0.8, np.nan, 0.6]})
    names = ["accuracy", "precision", "recall", "f1", "auc", "ap"]
    defined = lines.assign(value=[0.8, 0.7, 0.3])
    every = pd.concat([(lines if name == "auc" else defined).assign(metric=name) for name in names])
    content = headline(every, "row").as_json()
    assert (content["test_auc"], content["test_auc_std"], content["test_auc_folds"]) == pytest.approx(
        (0.7, np.std([0.8, 0.6], ddof=1), 2)
    )
    assert content["test_f1"] == pytest.approx(0.6)
    assert "test_f1_folds" not in content


def test_a_metric_that_no_fold_has_is_null() -> None:
    names = ["accuracy", "precision", "recall", "f1", "auc", "ap"]
    lines = pd.DataFrame({"fold": 1, "level": "row", "slice": "all", "value": np.nan, "metric": names})
    content = headline(lines, "row").as_json()
    assert (content["test_auc"], content["test_auc_std"], content["test_auc_folds"]) == (None, None, 0)


def test_a_metric_that_one_fold_has_has_no_spread() -> None:
    names = ["accuracy", "precision", "recall", "f1", "auc", "ap"]
    lines = pd.DataFrame({"fold": 1, "level": "row", "slice": "all", "value": 0.8, "metric": names})
    assert headline(lines, "row").means["auc"] == MeanOverFolds(0.8, None, None)


def test_a_fold_says_what_it_is_computed_on(scored: Scored, metrics: dict[str, Any]) -> None:
    assert [f["fold"] for f in metrics["fold_results"]] == [1, 2, 3, 4, 5, 6]
    assert [f["repeat"] for f in metrics["fold_results"]] == [1, 1, 1, 2, 2, 2]
    for fold in metrics["fold_results"]:
        test = scored.test(fold["fold"])
        videos = len(np.unique(scored.data.group[test]))
        over = (fold["n_rows"], fold["n_units"], fold["n_groups"], fold["n_positive"])
        assert over == (test.sum(), videos, videos, scored.data.label[test].sum())


def test_a_fold_has_its_metrics_by_row_and_by_unit(scored: Scored, metrics: dict[str, Any]) -> None:
    for fold, row, unit in zip(metrics["fold_results"], _by_fold(scored), _by_unit(scored), strict=True):
        assert {k: fold[k] for k in row} == pytest.approx(row)
        assert {k: fold["unit"][k] for k in unit} == pytest.approx(unit)
        test = scored.test(fold["fold"])
        expected = confusion(scored.data.label[test], scored.scores["strong"][fold["fold"] - 1][test])
        assert fold["confusion"] == expected.tolist()


@pytest.mark.parametrize("name", ["auc", "brier_raw", "balanced_accuracy"])
@pytest.mark.parametrize("level", ["row", "unit"])
def test_the_record_summarizes_a_metric_over_the_folds(
    name: str, level: Level, scored: Scored, metrics: dict[str, Any]
) -> None:
    values = [fold[name] for fold in (_by_fold if level == "row" else _by_unit)(scored)]
    summary = Metrics.from_json(metrics).summary(name, level)
    assert (summary.mean, summary.sd) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert (summary.n_folds, summary.n_defined, summary.interval is None) == (6, 6, name not in METRICS)


def test_slices_are_means_over_the_folds_where_they_are_defined(scored: Scored, metrics: dict[str, Any]) -> None:
    slices = {s["value"]: s for s in metrics["slices"]}
    assert set(slices) == {"(missing)", "avc", "hevc"}
    values = []
    for fold in range(1, 7):
        chosen = scored.test(fold) & np.array([c == "avc" for c in scored.codec])
        values.append(_all_metrics(scored.data.label[chosen], scored.scores["strong"][fold - 1][chosen])["auc"])
    assert slices["avc"]["auc"] == pytest.approx(np.mean(values))
    assert (slices["avc"]["n_rows"], slices["avc"]["n_units"], slices["avc"]["n_folds"]) == (58, 29, 6)


def test_a_slice_of_one_class_has_no_auc(metrics: dict[str, Any]) -> None:
    missing = next(s for s in metrics["slices"] if s["value"] == "(missing)")
    assert missing["auc"] is None
    assert (missing["n_rows"], missing["n_positive"], missing["n_folds"]) == (4, 4, 0)


def test_the_constant_prediction_is_the_prevalence_of_the_train_part(scored: Scored, metrics: dict[str, Any]) -> None:
    constant = metrics["trivial"]["constant"]
    for level, measured in (("row", constant), ("unit", constant["unit"])):
        shares, losses = [], []
        for fold in scored.folds:
            train, test = (_labels(scored, chosen, level) for chosen in (fold > 0, fold == 0))
            shares.append(test.mean())
            losses.append(-np.log(np.where(test == 1, train.mean(), 1 - train.mean())).mean())
        assert measured["auc"] == 0.5
        assert measured["ap"] == pytest.approx(np.mean(shares))
        assert measured["f1"] == pytest.approx(np.mean([2 * share / (1 + share) for share in shares]))
        assert measured["accuracy"] == pytest.approx(np.mean([max(s, 1 - s) for s in shares]))
        assert measured["log_loss"] == pytest.approx(np.mean(losses))


def _labels(scored: Scored, chosen: Any, level: str) -> Any:
    return scored.data.label[chosen] if level == "row" else np.unique(scored.data.group[chosen]) % 2


def _rows(unit: str, label: list[int], assignments: dict[Fold, list[int]]) -> Rows:
    group = np.unique(list(unit), return_inverse=True)[1].astype(np.int32)
    frame = pd.DataFrame({"unit": list(unit), "label": np.array(label, np.int8), "group": group})
    of_fold = {fold: np.array(values, np.int16) for fold, values in assignments.items()}
    sample_id = pa.chunked_array([[str(i) for i in range(len(frame))]])
    return Rows(frame, "unit", [], Folds(sample_id, group, of_fold, Plan(len(of_fold), 1, 2, 42)))


def test_by_unit_the_constant_prediction_counts_units_and_not_rows() -> None:
    # One positive unit of three rows and three negative units of one row: half of the rows, a quarter of the units.
    rows = _rows("aaabcdef", [1, 1, 1, 0, 0, 0, 0, 1], {1: [1, 1, 1, 2, 2, 2, 0, 0]})
    lines = constant_metrics("tiny", rows, [])
    brier = lines[lines["metric"] == "brier"].set_index("level")["value"]
    assert brier.to_dict() == pytest.approx({"row": 0.25, "unit": (0.25**2 + 0.75**2) / 2})


def test_rows_that_are_left_out_of_a_fold_do_not_count() -> None:
    label, fold = [0, 0, 1, 1, 0, 0, 1, 1], [1, 1, 2, 2, 0, 0, 0, 0]
    rows = _rows("aabbccdd", label, {1: fold})
    more = _rows("aabbccddxyz", [*label, 1, 1, 1], {1: [*fold, -1, -1, -1]})
    pd.testing.assert_frame_equal(constant_metrics("tiny", more, FPR), constant_metrics("tiny", rows, FPR))
    assert more.folds.test_shares() == rows.folds.test_shares() == {1: 1.0}


def test_the_logistic_regression_is_measured_on_the_same_folds(scored: Scored, metrics: dict[str, Any]) -> None:
    logistic = metrics["trivial"]["logistic_regression"]
    for measured, by_fold in ((logistic, _by_fold), (logistic["unit"], _by_unit)):
        folds = by_fold(scored, "logistic_regression")
        expected = {name: np.mean([fold[name] for fold in folds]) for name in folds[0]}
        assert {name: measured[name] for name in expected} == pytest.approx(expected)


def test_counts_say_what_everything_is_computed_on(metrics: dict[str, Any]) -> None:
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
    sections = {"fold_results", "intervals", "unit", "slices", "decision", "calibration", "counts", "trivial"}
    assert promised | sections <= set(metrics)
    assert all(type(metrics[key]) is float for key in promised)


def test_the_tidy_table_has_one_line_a_metric(scored: Scored, tidy: pd.DataFrame) -> None:
    assert tidy.columns.tolist() == [
        "dataset", "backend", "repeat", "fold", "level", "slice", "slice_value", "metric", "value", "n",
    ]  # fmt: skip
    assert not tidy.duplicated(["fold", "level", "slice", "slice_value", "metric"]).any()
    line = tidy[(tidy["fold"] == 4) & (tidy["level"] == "row") & (tidy["slice"] == "all") & (tidy["metric"] == "auc")]
    assert line["value"].tolist() == pytest.approx([_by_fold(scored)[3]["auc"]])
    assert line["n"].tolist() == [scored.test(4).sum()]
    assert line["repeat"].tolist() == [2]


def test_the_slices_of_a_column_cover_all_rows_once(tidy: pd.DataFrame) -> None:
    rows = tidy[(tidy["metric"] == "brier") & (tidy["level"] == "row")]
    sliced = rows[rows["slice"] == "codec"].groupby("fold")["n"].sum()
    assert sliced.tolist() == rows[rows["slice"] == "all"].sort_values("fold")["n"].tolist()


def test_predictions_of_other_rows_are_refused(scored: Scored) -> None:
    rows = open_rows(*(scored.paths[k] for k in ("table", "contract", "folds")))
    right = read_fold_predictions(scored.paths["strong"])
    swapped = right[1].assign(sample_id=right[1]["sample_id"].iloc[[1, 0, *range(2, 40)]].to_numpy())
    for wrong in (right[2], right[1][:-1], swapped):
        with pytest.raises(ValueError, match="fold 1"):
            out_of_fold(rows, {**right, 1: wrong})


def test_a_fold_belongs_to_the_repeat_that_it_is_a_split_of(scored: Scored) -> None:
    rows = open_rows(*(scored.paths[k] for k in ("table", "contract", "folds")))
    joined = out_of_fold(rows, read_fold_predictions(scored.paths["strong"]))
    repeats = joined.groupby("fold")["repeat"].unique().str[0]
    assert repeats.to_dict() == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2}
    lines = constant_metrics("tiny", rows, [])
    assert lines.groupby("fold")["repeat"].unique().str[0].to_dict() == repeats.to_dict()


@pytest.mark.parametrize("held_out", [True, False])
def test_a_fold_names_the_source_that_it_holds_out(held_out: bool, tmp_path: Path) -> None:
    scored = write_scored(tmp_path)
    names = [f"camera {i}" for i in range(1, 7)] if held_out else []
    table = read_table(scored.paths["folds"]).replace_schema_metadata(None)
    note = {"n_splits": "3", **({"sources": json.dumps(names)} if held_out else {})}
    write_table(scored.paths["folds"], table, {**read_note(scored.paths["folds"]), **note})
    folds = _evaluated(scored, tmp_path)[0]["fold_results"]
    assert [fold.get("source") for fold in folds] == (names or [None] * 6)


def test_a_unit_is_positive_if_more_than_half_of_its_rows_are() -> None:
    label = [1, 1, 0, 0, 0, 0, 1]
    rows = _rows("aaabbcc", label, {1: [0] * 7})
    prediction = [0.2, 0.4, 0.9, 0.1, 0.3, 0.5, 0.7]
    units = by_unit(rows.frame.assign(repeat=1, fold=1, score=prediction))
    assert units["label"].tolist() == [1, 0, 0]
    assert units["score"].tolist() == pytest.approx([0.5, 0.2, 0.6])
    assert counts(rows).positive_units == 1
    # The unit "c" is negative in the train part too: one positive unit of three.
    more = _rows("aaabbccde", [*label, 0, 1], {1: [1, 1, 1, 2, 2, 1, 1, 0, 0]})
    lines = constant_metrics("tiny", more, []).set_index(["level", "metric"])["value"]
    assert lines["unit", "brier"] == pytest.approx(((1 / 3) ** 2 + (2 / 3) ** 2) / 2)


def test_an_undefined_metric_is_null_in_the_metrics_table(tidy: pd.DataFrame) -> None:
    missing = metrics_table(tidy[(tidy["slice_value"] == "(missing)") & (tidy["metric"] == "auc")])
    assert missing.column("value").to_pylist() == [None, None]
