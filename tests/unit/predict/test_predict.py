"""Predicting a new table: the models' own predictions, whatever its order and its types."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from fixtures.final_models import Predicted, metrics_record, predict, write_final_models
from fixtures.small_study import SINGLE, table
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import NewTable
from foldwise.data.contract import Feature, read_contract
from foldwise.data.feature_matrix import read_matrix
from foldwise.errors import UserError
from foldwise.evaluation.operating_points import EvaluationSettings, apply_decision_rules, fit_decision_rule
from foldwise.io.files import read_table, write_json
from foldwise.predict import predict_table
from foldwise.predict.new_columns import ContractColumn, Conversion
from foldwise.predict.new_rows import open_rows
from foldwise.predict.prediction_report import conversion_note
from foldwise.results.paths import final_model_files
from foldwise.stats.thresholds import Criterion

FEATURES = ["noise", "gradient", "frames", "codec"]


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("single")
    return write_final_models(folder, {**SINGLE, "sentinels": {"frames": [20]}, "inf": "missing"})


@pytest.fixture
def scored(tmp_path: Path) -> Callable[..., Predicted]:
    """Return a function that predicts a frame, or files, and reads what was written."""

    def run(results: Path, new: pd.DataFrame | NewTable) -> Predicted:
        if isinstance(new, pd.DataFrame):
            new.to_parquet(tmp_path / "new.parquet")
            new = NewTable(table=str(tmp_path / "new.parquet"))
        return predict(results, new, tmp_path)

    return run


def scores_of(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("sample_id").sort_index().filter(regex="_(score|calibrated|verdict)$")


def test_predictions_are_those_of_the_libraries_with_the_decision_rule_of_the_evaluation(
    single: Path, scored: Callable[..., Predicted]
) -> None:
    rows, _, report = scored(single, table())
    assert rows["sample_id"].tolist() == table()["sample"].tolist()
    matrix = read_matrix(single / "table.parquet", read_contract(single / "table.json").features)
    settings = EvaluationSettings([0.05], 0.95, "sigmoid", Criterion("f1"))
    for name in SPECIFICATIONS:
        files = final_model_files(single, name)
        backend = get_backend(name)
        expected = backend.predict_matrix(backend.load(Path(files.model)), matrix).astype(np.float64)
        inner = read_table(files.inner_predictions).to_pandas()
        rule = fit_decision_rule(inner, settings)
        assert rows[f"{name}_score"].to_numpy().tobytes() == expected.tobytes()
        assert rows[f"{name}_calibrated"].tolist() == rule.calibrator(expected).tolist()
        assert rows[f"{name}_verdict"].tolist() == (expected >= rule.threshold).astype(int).tolist()
        assert report["models"][name]["threshold"] == rule.threshold
    assert (report["rows"], report["units"], report["notes"]) == (48, 12, [report["drift"]["sentence"]])


@pytest.mark.parametrize("criterion", ["youden", {"fixed_fpr": 0.3}, 0.4])
def test_decision_rules_follow_the_configuration_as_in_the_folds(
    scored: Callable[..., Predicted], tmp_path: Path, criterion: Any
) -> None:
    results = write_final_models(tmp_path / "study", SINGLE)
    settings = EvaluationSettings([], 0.95, "isotonic", Criterion.of(criterion))
    for name in SPECIFICATIONS:
        record = metrics_record(name, calibration="isotonic", criterion=criterion)
        write_json(final_model_files(results, name).metrics, record.as_json())
    rows, _, report = scored(results, table())
    default = EvaluationSettings([0.05], 0.95, "sigmoid", Criterion("f1"))
    for name in SPECIFICATIONS:
        inner = read_table(final_model_files(results, name).inner_predictions).to_pandas()
        predictions = pd.DataFrame({"fold": 1, "score": rows[f"{name}_score"]})
        expected = apply_decision_rules(predictions, {1: fit_decision_rule(inner, settings)})
        assert rows[f"{name}_calibrated"].tolist() == expected["calibrated"].tolist()
        assert rows[f"{name}_verdict"].tolist() == (expected["score"] >= expected["threshold"]).astype(int).tolist()
        assert report["models"][name]["threshold"] == expected["threshold"][0]
        other = apply_decision_rules(predictions, {1: fit_decision_rule(inner, default)})
        assert other["calibrated"].tolist() != expected["calibrated"].tolist()
        assert other["threshold"][0] != expected["threshold"][0]


def test_a_unit_has_the_mean_of_its_rows(single: Path, scored: Callable[..., Predicted]) -> None:
    rows, units, report = scored(single, table().iloc[:-1])
    assert units["n_rows"].tolist() == [4] * 11 + [3]
    for name in SPECIFICATIONS:
        means = rows.groupby("unit")[[f"{name}_score", f"{name}_calibrated"]].mean()
        by_unit = units.set_index("unit")[means.columns]
        pd.testing.assert_frame_equal(by_unit, means, rtol=1e-12)
        over = by_unit[f"{name}_score"] >= report["models"][name]["threshold"]
        assert units[f"{name}_verdict"].tolist() == over.astype(int).tolist()


def test_neither_order_nor_labels_nor_parts_matter(
    single: Path, scored: Callable[..., Predicted], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _, _ = scored(single, table())
    monkeypatch.setattr(predict_table, "PART_ROWS", 7)
    new = table()[["codec", "sample", "is_original", *FEATURES[:-1]]].sample(frac=1, random_state=0)
    rows, units, report = scored(single, new.assign(colour="red"))
    pd.testing.assert_frame_equal(scores_of(rows), scores_of(whole))
    assert (len(units), report["units"]) == (0, None)
    assert (report["extra_columns"], report["order_differs"]) == (["colour"], True)
    assert report["notes"][:-1] == [
        "There is no column 'video': predictions are by row only.",
        "The columns are in a different order than in training; they were reordered.",
        "Columns unknown in training are not used: colour.",
    ]


def test_known_columns_that_are_not_features_are_distinguished_from_unknown_ones(
    single: Path, scored: Callable[..., Predicted]
) -> None:
    _, _, report = scored(single, table().assign(colour="red"))
    assert (report["unused_columns"], report["extra_columns"]) == (["fake"], ["colour"])


def test_everything_that_is_missing_is_named_in_one_line_with_the_nearest_name(
    single: Path, scored: Callable[..., Predicted]
) -> None:
    with pytest.raises(UserError) as caught:
        scored(single, table().rename(columns={"noise": "noize", "codec": "xyz"}))
    assert "new.parquet: 2 of the 5 columns that the models need are missing" in str(caught.value)
    assert "'noise' (did you mean 'noize'?), 'codec': add them" in str(caught.value)


def test_a_repeated_sample_is_refused(single: Path, scored: Callable[..., Predicted]) -> None:
    with pytest.raises(UserError, match="1 repeated id in"):
        scored(single, pd.concat([table(), table().iloc[:1]]))


def test_other_types_are_converted_where_nothing_is_lost(single: Path, scored: Callable[..., Predicted]) -> None:
    whole, _, _ = scored(single, table())
    new = table()
    new = new.assign(frames=new["frames"].astype(str), noise=new["noise"].astype(float))
    rows, _, report = scored(single, new.assign(codec=new["codec"].astype("category"), is_original=1))
    assert report["converted"] == [
        {"name": "is_original", "from": "int64", "to": "bool"},
        {"name": "noise", "from": "double", "to": "float"},
        {"name": "frames", "from": "text", "to": "int64"},
    ]
    assert report["notes"][0] == (
        "3 of 5 columns differ in type from training and were converted: is_original (int64 as bool), "
        "noise (double as float), frames (text as int64)."
    )
    originals = table()["is_original"].to_numpy()
    assert rows["xgboost_score"][originals].tolist() == whole["xgboost_score"][originals].tolist()


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("frames", ["many"] * 48, "'frames' cannot be read as numbers"),
        ("noise", [2**24 + 1] * 48, "'noise' contains integers that single precision"),
        ("noise", [2**60 + 1] * 48, "'noise' cannot be read as numbers"),
        ("noise", [1e300] * 48, "beyond 3.4e38"),
        ("noise", [[1.0]] * 48, "'noise' has type list"),
        ("is_original", [2] * 48, "'is_original' contains numbers other than 0 and 1"),
    ],
)
def test_values_that_a_type_cannot_represent_are_refused(
    single: Path, scored: Callable[..., Predicted], column: str, values: list[Any], said: str
) -> None:
    new = table()
    new[column] = pd.Series(values)
    with pytest.raises(UserError, match=said):
        scored(single, new)


def test_unseen_categories_count_as_missing_and_are_counted(single: Path, scored: Callable[..., Predicted]) -> None:
    new = table()
    gaps, strange = new.assign(codec=new["codec"].where(new.index > 2)), new.copy()
    strange.loc[:2, "codec"] = ["av1", "av1", "theora"]
    rows, _, report = scored(single, strange)
    without, _, _ = scored(single, gaps)
    pd.testing.assert_frame_equal(rows, without)
    assert report["unseen_categories"] == [{"name": "codec", "rows": 3, "values": {"av1": 2, "theora": 1}}]
    assert report["notes"][:-1] == ["codec: 3 of 48 rows have a category unseen in training (av1, theora)."]


def test_sentinels_and_infinities_are_those_of_the_training(single: Path, scored: Callable[..., Predicted]) -> None:
    new = table()
    gaps = new.assign(frames=new["frames"].where(new.index > 3), noise=new["noise"].where(new.index > 5))
    hidden = new.copy()
    hidden.loc[:3, "frames"], hidden.loc[:5, "noise"] = 20, np.inf
    rows, _, report = scored(single, hidden)
    without, _, _ = scored(single, gaps)
    pd.testing.assert_frame_equal(rows, without)
    assert report["missing"]["noise"] == 6


def test_one_column_in_double_precision_makes_the_features_double(tmp_path: Path) -> None:
    results = write_final_models(tmp_path, SINGLE)
    single_precision = read_contract(results / "table.json")
    assert {f.type for f in single_precision.features} == {"float32", "category"}
    features = [replace(f, type="float64") if f.name == "frames" else f for f in single_precision.features]
    for contract, dtype in ((single_precision, np.float32), (replace(single_precision, features=features), np.float64)):
        rows = open_rows(NewTable(table=str(tmp_path / "table.parquet")), contract)
        columns = [ContractColumn(f, rows.types[f.name], contract.inf) for f in contract.features]
        [(_, part)] = predict_table.feature_matrices(rows, columns, contract)
        assert part.values.dtype == dtype


def test_feature_tables_are_refused_where_training_had_one_file(single: Path, scored: Callable[..., Predicted]) -> None:
    with pytest.raises(UserError, match="made from one file: set table:"):
        scored(single, NewTable(features={"stage3": "stage3.parquet"}))


def test_without_a_final_model_nothing_is_predicted(tmp_path: Path, scored: Callable[..., Predicted]) -> None:
    with pytest.raises(UserError, match="there is no final model here: run the workflow"):
        scored(tmp_path, table())


def test_many_columns_of_another_type_are_counted_and_the_first_named() -> None:
    [note] = conversion_note([Conversion(f"f{j}", "double", "float") for j in range(38)], 40)
    assert note.startswith("38 of 40 columns differ in type from training and were converted: f0 (double as float), ")
    assert note.endswith("f4 (double as float) and 33 more.")


@pytest.mark.parametrize("trained", ["float32", "float64"])
@pytest.mark.parametrize("stored", ["float32", "float64"])
def test_floats_without_sentinels_are_read_as_those_with_them(trained: str, stored: str) -> None:
    values = np.append(np.random.default_rng(0).normal(size=99), np.nan).astype(stored)
    array = pa.array(values, mask=np.arange(100) == 5)

    def read(sentinels: list[float], infinite: bool) -> tuple[Any, int]:
        column = ContractColumn(Feature("x", "table", "x", trained, "float", sentinels, 0, None), array.type, "missing")
        given = pc.if_else(pa.array(np.arange(100) == 7), pa.scalar(np.inf, array.type), array) if infinite else array
        return column.values(pa.table({"x": given})), column.missing

    for infinite in (False, True):
        (quick, counted), (thorough, expected) = read([], infinite), read([1e30], infinite)
        assert quick.dtype == thorough.dtype == trained
        np.testing.assert_array_equal(quick, thorough)
        assert counted == expected == 2 + infinite
