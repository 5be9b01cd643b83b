"""Predicting new samples whose metadata and features come in several files: they are joined as in training."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.final_models import Predicted, predict, write_final_models
from fixtures.small_study import JOINED, features, metadata
from foldwise.config.datasets import NewTable
from foldwise.errors import UserError


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_final_models(tmp_path_factory.mktemp("joined"), JOINED)


def predict_files(results: Path, folder: Path, features: pd.DataFrame, metadata: pd.DataFrame) -> Predicted:
    """Write a feature table and the metadata to a folder and predict them."""
    features.to_parquet(folder / "stage2.parquet")
    metadata.to_parquet(folder / "metadata.parquet")
    files = {"stage2": str(folder / "stage2.parquet")}
    return predict(results, NewTable(features=files, metadata=str(folder / "metadata.parquet")), folder)


def predict_one_file(results: Path, folder: Path, table: pd.DataFrame) -> Predicted:
    """Write a table with all columns to a folder and predict it."""
    table.to_parquet(folder / "new.parquet")
    return predict(results, NewTable(table=str(folder / "new.parquet")), folder)


def whole() -> pd.DataFrame:
    """Return metadata and features as one table, its columns named as in training."""
    return metadata().merge(features().set_index("sample").add_prefix("stage2_"), left_on="sample", right_index=True)


def test_tables_are_joined_as_in_training_whatever_their_order(joined: Path, tmp_path: Path) -> None:
    features().iloc[::-1].to_csv(tmp_path / "stage2.csv", index=False)
    metadata().drop(columns="fake").to_parquet(tmp_path / "metadata.parquet")
    files = {"stage2": str(tmp_path / "stage2.csv")}
    request = NewTable(features=files, metadata=str(tmp_path / "metadata.parquet"))
    rows, units, report = predict(joined, request, tmp_path)
    of_one_file, _, _ = predict_one_file(joined, tmp_path, whole())
    pd.testing.assert_frame_equal(rows, of_one_file)
    assert (len(units), report["rows_left_out"], report["unmatched"]) == (12, 0, {})


def test_samples_without_features_are_left_out_and_counted(joined: Path, tmp_path: Path) -> None:
    rows, _, report = predict_files(joined, tmp_path, features().iloc[1:], metadata().iloc[:-1])
    assert (len(rows), report["rows_left_out"]) == (46, 1)
    assert report["unmatched"] == {"stage2": {"samples_without_row": 1, "rows_without_sample": 1}}
    with pytest.raises(UserError, match="20 of 47 samples have no row here, such as 'v00_c0'"):
        predict_files(joined, tmp_path, features().iloc[20:], metadata().iloc[:-1])


def test_a_unit_whose_samples_were_all_left_out_does_not_count(joined: Path, tmp_path: Path) -> None:
    renamed = metadata().assign(video=["alone"] * 2 + metadata()["video"].tolist()[2:])
    _, units, report = predict_files(joined, tmp_path, features().iloc[2:], renamed)
    assert "alone" not in units["unit"].tolist()
    assert report["units"] == report["drift"]["units"]["new"] == len(units) == 12


def test_a_sample_that_only_the_second_feature_table_has_is_predicted(tmp_path: Path) -> None:
    first, second = features()[["sample", "noise", "codec"]], features()[["sample", "gradient", "frames"]]
    (tmp_path / "study").mkdir()
    for name, frame in (("first", first), ("second", second)):
        frame.to_parquet(tmp_path / f"study/{name}.parquet")
    files = {"features": {"first": "first.parquet", "second": "second.parquet"}}
    results = write_final_models(tmp_path / "study", {**JOINED, **files})
    new = {name: str(tmp_path / f"{name}.parquet") for name in ("first", "second")}
    first.iloc[1:].to_parquet(new["first"])
    second.iloc[:-1].to_parquet(new["second"])
    metadata().to_parquet(tmp_path / "metadata.parquet")
    request = NewTable(features=new, metadata=str(tmp_path / "metadata.parquet"))
    rows, _, report = predict(results, request, tmp_path)
    assert rows["sample_id"].tolist() == metadata()["sample"].tolist()
    assert report["rows_left_out"] == 0
    assert report["missing"] == {"first_noise": 1, "first_codec": 1, "second_gradient": 1, "second_frames": 1}


def test_an_infinity_is_refused_where_training_refused_it(joined: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'stage2_noise' contains 1 infinite value:"):
        predict_one_file(joined, tmp_path, whole().assign(stage2_noise=[np.inf, *[1.0] * 47]))


def test_a_feature_table_of_another_name_is_refused(joined: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'stage2' \(did you mean 'stage3'\?\) is missing"):
        predict(joined, NewTable(features={"stage3": "stage3.parquet"}), tmp_path)
