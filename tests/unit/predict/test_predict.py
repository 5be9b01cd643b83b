"""Scoring a new table: the models' own scores, whatever the order, the types and the files it comes in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from final_models import write_final_models
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import NewTable
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import read_matrix
from foldwise.errors import UserError
from foldwise.evaluation.operating_points import EvaluationSettings, fit_decision_rule
from foldwise.io.files import read_json, read_table
from foldwise.predict import predict
from foldwise.predict.new_columns import ContractColumn
from foldwise.results.paths import final_paths
from small_study import JOINED, SINGLE, features, metadata, table

FEATURES = ["noise", "gradient", "frames", "codec"]
Scored = tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("single")
    return write_final_models(folder, {**SINGLE, "sentinels": {"frames": [20]}, "inf": "missing"})


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_final_models(tmp_path_factory.mktemp("joined"), JOINED)


@pytest.fixture
def scored(tmp_path: Path) -> Callable[..., Scored]:
    """Return a function that scores a request, or a frame, and reads what was written."""

    def run(results: Path, new: pd.DataFrame | NewTable) -> Scored:
        if isinstance(new, pd.DataFrame):
            new.to_parquet(tmp_path / "new.parquet")
            new = NewTable(table=str(tmp_path / "new.parquet"))
        outputs = {n: str(tmp_path / f"scored_{n}") for n in ("rows", "units", "report")}
        predict.score_table(results, new, outputs)
        rows, units = (read_table(outputs[n]).to_pandas() for n in ("rows", "units"))
        return rows, units, read_json(outputs["report"])

    return run


def scores_of(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.set_index("sample_id").sort_index().filter(regex="_(score|calibrated|verdict)$")


def test_scores_are_those_of_the_libraries_and_operated_as_in_the_evaluation(
    single: Path, scored: Callable[..., Scored]
) -> None:
    rows, _, report = scored(single, table())
    assert rows["sample_id"].tolist() == table()["sample"].tolist()
    matrix = read_matrix(single / "table.parquet", read_contract(single / "table.json").features)
    choices = EvaluationSettings([0.05], 0.95, "sigmoid", "f1")
    for name in SPECIFICATIONS:
        paths = final_paths(single, name)
        backend = get_backend(name)
        expected = backend.predict_matrix(backend.load(Path(paths["model"])), matrix).astype(np.float64)
        inner = read_table(paths["inner_predictions"]).to_pandas()
        operation = fit_decision_rule(inner["score"].to_numpy(), inner["label"].to_numpy(), choices)
        assert rows[f"{name}_score"].to_numpy().tobytes() == expected.tobytes()
        assert rows[f"{name}_calibrated"].tolist() == operation.calibrator(expected).tolist()
        assert rows[f"{name}_verdict"].tolist() == (expected >= operation.threshold).astype(int).tolist()
        assert report["models"][name]["threshold"] == operation.threshold
    assert (report["rows"], report["units"], report["notes"]) == (48, 12, [report["drift"]["sentence"]])


def test_a_unit_has_the_mean_of_its_rows(single: Path, scored: Callable[..., Scored]) -> None:
    rows, units, report = scored(single, table().iloc[:-1])
    assert units["n_rows"].tolist() == [4] * 11 + [3]
    for name in SPECIFICATIONS:
        means = rows.groupby("unit")[[f"{name}_score", f"{name}_calibrated"]].mean()
        found = units.set_index("unit")[means.columns]
        pd.testing.assert_frame_equal(found, means, rtol=1e-12)
        over = found[f"{name}_score"] >= report["models"][name]["threshold"]
        assert units[f"{name}_verdict"].tolist() == over.astype(int).tolist()


def test_neither_order_nor_labels_nor_parts_matter(
    single: Path, scored: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _, _ = scored(single, table())
    monkeypatch.setattr(predict, "PART_ROWS", 7)
    new = table()[["codec", "sample", "is_original", *FEATURES[:-1]]].sample(frac=1, random_state=0)
    rows, units, report = scored(single, new.assign(colour="red"))
    pd.testing.assert_frame_equal(scores_of(rows), scores_of(whole))
    assert (len(units), report["units"]) == (0, None)
    assert (report["extra_columns"], report["order_differs"]) == (["colour"], True)
    assert report["notes"][:-1] == [
        "There is no column 'video': scores are by row only.",
        "The columns stand in another order than in training; they were put in its order.",
        "Columns that training did not know are not used: colour.",
    ]


def test_known_columns_that_are_no_features_are_told_apart_from_unknown_ones(
    single: Path, scored: Callable[..., Scored]
) -> None:
    _, _, report = scored(single, table().assign(colour="red"))
    assert (report["unused_columns"], report["extra_columns"]) == (["fake"], ["colour"])


def test_everything_that_is_missing_is_named_in_one_line_with_the_nearest_name(
    single: Path, scored: Callable[..., Scored]
) -> None:
    with pytest.raises(UserError) as caught:
        scored(single, table().rename(columns={"noise": "noize", "codec": "xyz"}))
    assert "new.parquet: lacks 2 of the 5 columns" in str(caught.value)
    assert "'noise' (did you mean 'noize'?), 'codec': bring them" in str(caught.value)


def test_a_sample_that_stands_twice_is_refused(single: Path, scored: Callable[..., Scored]) -> None:
    with pytest.raises(UserError, match="1 ids stand more than once"):
        scored(single, pd.concat([table(), table().iloc[:1]]))


def test_other_types_are_converted_where_nothing_is_lost(single: Path, scored: Callable[..., Scored]) -> None:
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
        "3 of 5 columns have another type than in training and were read as there: is_original (int64 as bool), "
        "noise (double as float), frames (text as int64)."
    )
    originals = table()["is_original"].to_numpy()
    assert rows["xgboost_score"][originals].tolist() == whole["xgboost_score"][originals].tolist()


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("frames", ["many"] * 48, "'frames' cannot be read as numbers"),
        ("noise", [2**24 + 1] * 48, "'noise' holds whole numbers that single precision"),
        ("noise", [2**60 + 1] * 48, "'noise' cannot be read as numbers"),
        ("noise", [1e300] * 48, "beyond 3.4e38"),
        ("noise", [[1.0]] * 48, "'noise' has type list"),
        ("is_original", [2] * 48, "'is_original' holds numbers other than 0 and 1"),
    ],
)
def test_what_a_type_cannot_hold_is_refused(
    single: Path, scored: Callable[..., Scored], column: str, values: list[Any], said: str
) -> None:
    new = table()
    new[column] = pd.Series(values)
    with pytest.raises(UserError, match=said):
        scored(single, new)


def test_unseen_categories_count_as_missing_and_are_counted(single: Path, scored: Callable[..., Scored]) -> None:
    new = table()
    gaps, strange = new.assign(codec=new["codec"].where(new.index > 2)), new.copy()
    strange.loc[:2, "codec"] = ["av1", "av1", "theora"]
    rows, _, report = scored(single, strange)
    without, _, _ = scored(single, gaps)
    pd.testing.assert_frame_equal(rows, without)
    assert report["unseen_categories"] == [{"name": "codec", "rows": 3, "values": {"av1": 2, "theora": 1}}]
    assert report["notes"][:-1] == ["codec: 3 of 48 rows hold a category unseen in training (av1, theora)."]


def test_sentinels_and_infinities_are_those_of_the_training(single: Path, scored: Callable[..., Scored]) -> None:
    new = table()
    gaps = new.assign(frames=new["frames"].where(new.index > 3), noise=new["noise"].where(new.index > 5))
    hidden = new.copy()
    hidden.loc[:3, "frames"], hidden.loc[:5, "noise"] = 20, np.inf
    rows, _, report = scored(single, hidden)
    without, _, _ = scored(single, gaps)
    pd.testing.assert_frame_equal(rows, without)
    assert report["missing"]["noise"] == 6


def test_an_infinity_is_refused_where_training_refused_it(joined: Path, scored: Callable[..., Scored]) -> None:
    new = metadata().merge(features().add_prefix("stage2_"), left_on="sample", right_on="stage2_sample")
    with pytest.raises(UserError, match="'stage2_noise' holds 1 infinite values"):
        scored(joined, new.assign(stage2_noise=[np.inf, *[1.0] * 47]))


def test_tables_are_joined_as_in_training_whatever_their_order(
    joined: Path, scored: Callable[..., Scored], tmp_path: Path
) -> None:
    features().iloc[::-1].to_csv(tmp_path / "stage2.csv", index=False)
    metadata().drop(columns="fake").to_parquet(tmp_path / "metadata.parquet")
    rows, units, report = scored(
        joined, NewTable(features={"stage2": str(tmp_path / "stage2.csv")}, metadata=str(tmp_path / "metadata.parquet"))
    )
    whole = metadata().merge(features().set_index("sample").add_prefix("stage2_"), left_on="sample", right_index=True)
    alone, _, _ = scored(joined, whole)
    pd.testing.assert_frame_equal(rows, alone)
    assert (len(units), report["rows_left_out"], report["unmatched"]) == (12, 0, {})


def test_samples_without_features_are_left_out_and_counted(
    joined: Path, scored: Callable[..., Scored], tmp_path: Path
) -> None:
    features().iloc[1:].to_parquet(tmp_path / "stage2.parquet")
    metadata().iloc[:-1].to_parquet(tmp_path / "metadata.parquet")
    files = {"features": {"stage2": str(tmp_path / "stage2.parquet")}, "metadata": str(tmp_path / "metadata.parquet")}
    rows, _, report = scored(joined, NewTable(**files))  # type: ignore[arg-type]
    assert (len(rows), report["rows_left_out"]) == (46, 1)
    assert report["unmatched"] == {"stage2": {"samples_without_row": 1, "rows_without_sample": 1}}
    features().iloc[20:].to_parquet(tmp_path / "stage2.parquet")
    with pytest.raises(UserError, match="20 of 47 samples have no row here, such as 'v00_c0'"):
        scored(joined, NewTable(**files))  # type: ignore[arg-type]


def test_a_unit_whose_samples_were_all_left_out_does_not_count(
    joined: Path, scored: Callable[..., Scored], tmp_path: Path
) -> None:
    features().iloc[2:].to_parquet(tmp_path / "stage2.parquet")
    metadata().assign(video=["alone"] * 2 + metadata()["video"].tolist()[2:]).to_parquet(tmp_path / "metadata.parquet")
    files = {"features": {"stage2": str(tmp_path / "stage2.parquet")}, "metadata": str(tmp_path / "metadata.parquet")}
    _, units, report = scored(joined, NewTable(**files))  # type: ignore[arg-type]
    assert "alone" not in units["unit"].tolist()
    assert report["units"] == report["drift"]["units"]["new"] == len(units) == 12


def test_a_table_of_the_wrong_form_or_name_is_refused(
    single: Path, joined: Path, scored: Callable[..., Scored]
) -> None:
    request = NewTable(features={"stage3": "stage3.parquet"})
    with pytest.raises(UserError, match=r"'stage2' \(did you mean 'stage3'\?\) is not there"):
        scored(joined, request)
    with pytest.raises(UserError, match="made from one file: give table:"):
        scored(single, request)


def test_without_a_final_model_nothing_is_scored(tmp_path: Path, scored: Callable[..., Scored]) -> None:
    with pytest.raises(UserError, match="there is no final model here: run the workflow"):
        scored(tmp_path, table())


def test_many_columns_of_another_type_are_counted_and_the_first_named() -> None:
    converted = [{"name": f"f{j}", "from": "double", "to": "float"} for j in range(38)]
    found = {"order_differs": False, "extra_columns": [], "unseen_categories": [], "missing": dict.fromkeys(range(40))}
    [said] = predict.notes({"rows": 1, "units": 1, **found, "converted": converted}, {"unit": "video"})
    assert said.startswith("38 of 40 columns have another type than in training and were read as there: f0 (double as ")
    assert said.endswith("f4 (double as float) and 33 more.")


@pytest.mark.parametrize("trained", ["float32", "float64"])
@pytest.mark.parametrize("stored", ["float32", "float64"])
def test_floats_without_sentinels_are_read_as_those_with_them(trained: str, stored: str) -> None:
    feature = {"name": "x", "stored": "float", "type": trained, "categories": None}
    values = np.append(np.random.default_rng(0).normal(size=99), np.nan).astype(stored)
    array = pa.array(values, mask=np.arange(100) == 5)

    def read(sentinels: list[float], infinite: bool) -> tuple[Any, int]:
        column = ContractColumn({**feature, "sentinels": sentinels}, array.type, "missing")
        given = pc.if_else(pa.array(np.arange(100) == 7), pa.scalar(np.inf, array.type), array) if infinite else array
        return column.values(pa.table({"x": given})), column.missing

    for infinite in (False, True):
        (quick, counted), (thorough, expected) = read([], infinite), read([1e30], infinite)
        assert quick.dtype == thorough.dtype == trained
        np.testing.assert_array_equal(quick, thorough)
        assert counted == expected == 2 + infinite
