"""The joined, typed table and its contract, as later steps and readers find them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.small_study import JOINED, SINGLE, built, features, metadata, table, write_study
from foldwise.data.contract import read_contract
from foldwise.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files of the study."""
    write_study(tmp_path)
    return tmp_path


def names(contract: dict[str, Any]) -> list[str]:
    return [feature["name"] for feature in contract["features"]]


def dropped(contract: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["reason"] for entry in contract["dropped"]}


def test_one_file_and_two_files_give_the_same_values(folder: Path) -> None:
    single, _ = built(folder, {**SINGLE, "exclude": ["is_original"]})
    joined, _ = built(folder, JOINED)
    for column in ("sample_id", "label", "video"):
        assert joined.column(column) == single.column(column)
    for column in ("noise", "frames", "codec"):
        assert joined.column(f"stage2_{column}") == single.column(column)


def test_the_table_contains_id_label_groups_and_features_and_nothing_else(folder: Path) -> None:
    written, contract = built(folder, JOINED)
    assert written.column_names == ["sample_id", "label", "video", *names(contract)]
    assert [str(field.type) for field in written.schema][:3] == ["string", "int8", "string"]


def test_slices_and_unit_come_as_text(folder: Path) -> None:
    written, contract = built(folder, {**SINGLE, "slices": ["is_original"], "unit": "video"})
    assert written.column("is_original").to_pylist()[:2] == ["true", "false"]
    assert (contract["slices"], contract["unit"], contract["n_units"]) == (["is_original"], "video", 12)
    assert contract["unit_named"]


def test_a_slice_may_have_gaps(folder: Path) -> None:
    table().assign(camera=np.array(["x", None] * 24, dtype=object)).to_parquet(folder / "table.parquet")
    written, _ = built(folder, {**SINGLE, "slices": ["camera"]})
    assert written.column("camera").null_count == 24


def test_without_groups_every_row_is_its_own_unit(folder: Path) -> None:
    _, contract = built(folder, {**SINGLE, "groups": [], "exclude": ["video"]})
    assert (contract["unit"], contract["n_units"]) == ("sample_id", 48)


def test_the_contract_lists_type_origin_gaps_and_categories_of_every_feature(folder: Path) -> None:
    features().assign(frames=[np.nan] * 3 + [7.0, 8.0, 9.0] * 15).to_parquet(folder / "stage2.parquet")
    _, contract = built(folder, JOINED)
    by_name = {feature.pop("name"): feature for feature in contract["features"]}
    base = {"table": "stage2", "categories": None, "sentinels": [], "type": "float32"}
    assert by_name["stage2_noise"] == {**base, "column": "noise", "stored": "float", "missing": 0}
    assert by_name["stage2_frames"] == {**base, "column": "frames", "stored": "double", "missing": 3}
    assert by_name["stage2_codec"]["categories"] == ["avc", "hevc", "vp9"]


def test_every_column_that_is_no_feature_is_listed_with_its_reason(folder: Path) -> None:
    riding: dict[str, Any] = {
        "fake": metadata()["fake"],
        "feature_path": [f"{n}.npz" for n in range(48)],
        "still": 1.0,
        "void": np.nan,
    }
    features().assign(**riding).to_parquet(folder / "stage2.parquet")
    _, contract = built(folder, {**JOINED, "exclude": ["frames"]})
    assert dropped(contract) == {
        "stage2_fake": "repeats a column of the metadata",
        "stage2_feature_path": "identifier-like text: 48 distinct values in 48 rows",
        "stage2_still": "constant",
        "stage2_void": "all values missing",
        "stage2_frames": "named in exclude",
    }
    assert names(contract) == ["stage2_noise", "stage2_gradient", "stage2_codec"]


@pytest.mark.parametrize("key", ["stage2_frames", "frames"])
def test_a_feature_can_be_named_with_and_without_its_table(key: str, folder: Path) -> None:
    _, contract = built(folder, {**JOINED, "exclude": [key], "sentinels": {key: [0]}, "categorical": [key, "codec"]})
    assert dropped(contract) == {"stage2_frames": "named in exclude"}


def test_a_label_of_the_feature_table_under_another_name_is_refused(folder: Path) -> None:
    features().assign(target=metadata()["fake"]).to_parquet(folder / "stage2.parquet")
    with pytest.raises(UserError, match="'stage2_target' has the same values as the label"):
        built(folder, JOINED)


def test_it_is_accepted_once_it_is_excluded(folder: Path) -> None:
    features().assign(target=metadata()["fake"]).to_parquet(folder / "stage2.parquet")
    _, contract = built(folder, {**JOINED, "exclude": ["target"]})
    assert "stage2_target" not in names(contract)


def test_the_row_order_of_the_files_does_not_change_a_byte_of_the_table(folder: Path) -> None:
    written = []
    for seed in (1, 2):
        for name, frame in (("metadata", metadata()), ("stage2", features()[:46])):
            frame.sample(frac=1, random_state=seed).to_parquet(folder / f"{name}.parquet", index=False)
        _, contract = built(folder, JOINED)
        written.append(((folder / "built/table.parquet").read_bytes(), {**contract, "sources": None, "order": None}))
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["MDVP:Jitter(%)", "a[0]", "x<1", "two words", "größe", "a,b", "{n}", "тест", "%s"])
def test_an_odd_column_name_is_kept_as_it_is(name: str, folder: Path) -> None:
    table().rename(columns={"noise": name}).to_parquet(folder / "table.parquet")
    written, contract = built(folder, SINGLE)
    assert name in written.column_names
    assert name in names(contract)


def test_rows_with_an_unknown_label_are_left_out_and_counted(folder: Path) -> None:
    table().assign(fake=[np.nan, np.nan, *table()["fake"][2:]]).to_parquet(folder / "table.parquet")
    written, contract = built(folder, SINGLE)
    assert written.num_rows == contract["rows"] == 46
    assert contract["notes"] == ["2 rows without a label were left out"]


def test_a_group_may_be_missing_where_the_label_is_too(folder: Path) -> None:
    unknown: dict[str, Any] = {"fake": [None, *table()["fake"][1:]], "video": [None, *table()["video"][1:]]}
    table().assign(**unknown).to_parquet(folder / "table.parquet")
    assert built(folder, SINGLE)[0].num_rows == 47


@pytest.mark.parametrize(
    ("classes", "positive", "texts"),
    [
        ((0, 1), 1, ("0", "1")),
        ((0, 1), 0, ("1", "0")),
        ((0, 1), True, ("0", "1")),
        ((0.0, 1.0), 1, ("0", "1")),
        ((0.0, 1.0), "1", ("0", "1")),
        (("0", "1"), 1, ("0", "1")),
        ((False, True), 1, ("false", "true")),
        ((False, True), "true", ("false", "true")),
        (("real", "forged"), "forged", ("real", "forged")),
        (("real", "forged"), "real", ("forged", "real")),
    ],
)
def test_the_positive_class_is_found_whatever_type_names_it(
    classes: tuple[Any, Any], positive: Any, texts: tuple[str, str], folder: Path
) -> None:
    label = [classes[fake] for fake in table()["fake"]]
    table().assign(fake=label).to_parquet(folder / "table.parquet")
    written, contract = built(folder, {**SINGLE, "positive": positive})
    assert (contract["label"]["negative"], contract["label"]["positive"]) == texts
    assert contract["label"]["n_positive"] == 24
    turned = texts[1] in ("0", "real") and texts[0] in ("1", "forged")
    assert written.column("label").to_pylist() == [fake ^ turned for fake in table()["fake"]]


def test_a_pandas_category_as_label_group_and_id_reads_like_text(folder: Path) -> None:
    plain = built(folder, {**SINGLE, "exclude": ["is_original"]})[0]
    kinds = {"fake": "category", "video": "category", "sample": "category"}
    table().astype(kinds).to_parquet(folder / "table.parquet")
    assert built(folder, {**SINGLE, "exclude": ["is_original"]})[0] == plain


def test_a_number_as_group_reads_like_its_text(folder: Path) -> None:
    table().assign(video=np.repeat(np.arange(12.0), 4)).to_parquet(folder / "table.parquet")
    assert built(folder, SINGLE)[0].column("video").to_pylist()[:5] == ["0", "0", "0", "0", "1"]


def test_ids_with_leading_zeros_meet_across_formats(folder: Path) -> None:
    ids = [f"{n:03d}" for n in range(48)]
    metadata().assign(sample=ids, video=np.repeat(ids[:12], 4)).to_csv(folder / "metadata.csv", index=False)
    features().assign(sample=ids).to_parquet(folder / "stage2.parquet")
    written, _ = built(folder, {**JOINED, "metadata": "metadata.csv"})
    assert written.column("sample_id").to_pylist() == ids
    assert written.column("video").to_pylist()[4] == "001"


def test_sentinels_of_the_configuration_become_missing(folder: Path) -> None:
    table().assign(frames=[0, 30, 25, 50] * 12).to_parquet(folder / "table.parquet")
    _, contract = built(folder, {**SINGLE, "sentinels": {"frames": [0, 30]}})
    assert {f["name"]: f["missing"] for f in contract["features"]}["frames"] == 24


def test_infinities_are_missing_where_the_configuration_says_so(folder: Path) -> None:
    table().assign(noise=[np.inf, *table()["noise"][1:]]).to_parquet(folder / "table.parquet")
    _, contract = built(folder, {**SINGLE, "inf": "missing"})
    assert {f["name"]: f["missing"] for f in contract["features"]}["noise"] == 1


def test_a_label_column_called_label_may_be_a_slice_too(folder: Path) -> None:
    table().rename(columns={"fake": "label"}).to_parquet(folder / "table.parquet")
    written, _ = built(folder, {**SINGLE, "label": "label", "slices": ["label"]})
    assert written.column_names.count("label") == 1


def test_a_mistake_is_told_with_the_name_of_its_dataset(folder: Path) -> None:
    with pytest.raises(UserError, match=r"^dataset 'mine': "):
        built(folder, {**SINGLE, "groups": ["nothing"]})


def test_a_frame_without_rows_of_one_class_after_the_join_is_refused(folder: Path) -> None:
    real = metadata()["fake"] == 0
    features()[real.to_numpy()].to_parquet(folder / "stage2.parquet")
    with pytest.raises(UserError, match="one class only"):
        built(folder, {**JOINED, "max_unmatched": 0.5})
    assert not (folder / "built").exists()


def test_the_first_group_column_is_the_unit_where_none_is_named(folder: Path) -> None:
    table().assign(person=table()["video"].str[:2]).to_parquet(folder / "table.parquet")
    _, contract = built(folder, {**SINGLE, "groups": ["video", "person"]})
    assert (contract["unit"], contract["unit_named"]) == ("video", False)
    assert contract["n_units"] == table()["video"].nunique()


def test_a_sentinel_is_found_by_the_name_that_its_column_has_in_its_own_table(folder: Path) -> None:
    _, contract = built(folder, {**JOINED, "sentinels": {"frames": [24]}})
    frames = next(f for f in contract["features"] if f["name"] == "stage2_frames")
    assert frames["sentinels"] == [24]
    assert frames["missing"] == (table()["frames"] == 24).sum() > 0


def test_a_contract_is_read_back_as_it_was_written(folder: Path) -> None:
    _, contract = built(folder, JOINED)
    assert read_contract(folder / "built/table.json").as_json() == contract
    assert list(contract)[:11] == [
        "dataset", "rows", "n_units", "label", "id", "id_pattern", "inf", "max_unmatched", "unit", "unit_named", "order"
    ]  # fmt: skip
