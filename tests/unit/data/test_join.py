"""Joining metadata and feature tables on the id, with everything unmatched counted."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from foldwise.config.datasets import Dataset
from foldwise.data.contract import Unmatched
from foldwise.data.join import Joined, join_sources
from foldwise.errors import UserError

LEFT = pd.DataFrame({"path": ["a.mp4", "b.mp4", "c.mp4", "d.mp4"], "fake": [0, 1, 0, 1], "video": ["a", "b", "a", "b"]})
RIGHT = pd.DataFrame({"path": ["d.mp4", "c.mp4", "b.mp4", "a.mp4"], "noise": [4.0, 3.0, 2.0, 1.0]})
PATTERN = r"(?P<id>[^/]+?)(?:_scaled_.*)?\.mp4$"


def joined(folder: Path, left: pd.DataFrame, *right: pd.DataFrame, **keys: Any) -> Joined:
    """Join a metadata table and feature tables named stage0, stage1, ..."""
    left.to_parquet(folder / "metadata.parquet")
    features = {}
    for number, frame in enumerate(right):
        features[f"stage{number}"] = str(folder / f"features{number}.parquet")
        frame.to_parquet(features[f"stage{number}"])
    keys = {"id": "path", "label": "fake", "groups": ["video"], "max_unmatched": 1, **keys}
    return join_sources(Dataset(metadata=str(folder / "metadata.parquet"), features=features, **keys))


def mistake(*arguments: Any, **keys: Any) -> str:
    with pytest.raises(UserError) as caught:
        joined(*arguments, **keys)
    return str(caught.value)


def test_features_are_joined_to_their_id_under_the_name_of_their_table(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT, RIGHT)
    assert join.table.column("stage0_noise").to_pylist() == [1.0, 2.0, 3.0, 4.0]
    assert join.candidates == {"stage0_noise": ("stage0", "noise")}


def test_two_tables_with_one_column_name_give_two_features(tmp_path: Path) -> None:
    assert set(joined(tmp_path, LEFT, RIGHT, RIGHT).candidates) == {"stage0_noise", "stage1_noise"}


def test_ids_are_joined_on_the_part_that_the_pattern_finds(tmp_path: Path) -> None:
    left = LEFT.assign(path=["in/a_original.mp4", "in/b_aug1.mp4", "in/c_original.mp4", "in/d_aug2.mp4"])
    scaled = ["d_aug2_scaled_aug2", "c_original_scaled_original", "b_aug1_scaled_aug1", "a_original"]
    right = RIGHT.assign(path=[f"/data/scaled/{name}.mp4" for name in scaled])
    join = joined(tmp_path, left, right, id_pattern=PATTERN)
    assert join.sample_id.to_pylist() == ["a_original", "b_aug1", "c_original", "d_aug2"]
    assert join.table.column("stage0_noise").to_pylist() == [1.0, 2.0, 3.0, 4.0]


def test_ids_that_differ_in_case_are_different(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT, RIGHT.assign(path=["D.mp4", "c.mp4", "b.mp4", "a.mp4"]))
    assert join.unmatched["stage0: in the metadata only"].examples == ["d.mp4"]


def test_an_id_that_is_a_number_here_and_a_text_there_is_the_same(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT.assign(path=[1, 2, 3, 4]), RIGHT.assign(path=["4", "3", "2", "1"]))
    assert join.table.column("stage0_noise").to_pylist() == [1.0, 2.0, 3.0, 4.0]


def test_an_id_twice_is_refused_by_name_in_either_table(tmp_path: Path) -> None:
    assert "'a.mp4'" in mistake(tmp_path, pd.concat([LEFT, LEFT[:1]]), RIGHT)
    assert "features0.parquet" in mistake(tmp_path, LEFT, pd.concat([RIGHT, RIGHT[:1]]))


def test_ids_that_the_pattern_makes_equal_are_refused(tmp_path: Path) -> None:
    right = RIGHT.assign(path=["a_scaled_1.mp4", "a_scaled_2.mp4", "b.mp4", "c.mp4"])
    assert "1 repeated id" in mistake(tmp_path, LEFT, right, id_pattern=PATTERN)


def test_a_row_that_one_table_lacks_is_kept_with_gaps_and_counted(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT, RIGHT, RIGHT[1:])
    assert join.table.column("stage1_noise").to_pylist() == [1.0, 2.0, 3.0, None]
    assert join.unmatched == {"stage1: in the metadata only": Unmatched(1, ["d.mp4"])}
    assert join.notes == []


def test_a_row_that_every_table_lacks_is_left_out_with_a_note(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT, RIGHT[1:], RIGHT[1:])
    assert join.sample_id.to_pylist() == ["a.mp4", "b.mp4", "c.mp4"]
    assert [note[:6] for note in join.notes] == ["1 rows"]


def test_a_row_that_only_a_feature_table_has_is_left_out_and_counted(tmp_path: Path) -> None:
    join = joined(tmp_path, LEFT[:3], RIGHT)
    assert join.table.num_rows == 3
    assert join.unmatched == {"stage0: in the feature table only": Unmatched(1, ["d.mp4"])}


def test_unmatched_ids_are_listed_in_order_up_to_twenty(tmp_path: Path) -> None:
    names = [f"{n:02d}.mp4" for n in range(30)]
    left = pd.DataFrame({"path": names[::-1], "fake": [0, 1] * 15, "video": names})
    join = joined(tmp_path, left, pd.DataFrame({"path": names[:1], "noise": [1.0]}))
    listed = join.unmatched["stage0: in the metadata only"]
    assert listed == Unmatched(29, names[1:21])


@pytest.mark.parametrize(("limit", "stops"), [(0.2, True), (0.25, False), (1, False)])
def test_more_unmatched_rows_than_the_limit_stop_the_run(limit: float, stops: bool, tmp_path: Path) -> None:
    if stops:
        assert "1 of 4 rows have no partner" in mistake(tmp_path, LEFT, RIGHT[1:], max_unmatched=limit)
    else:
        assert joined(tmp_path, LEFT, RIGHT[1:], max_unmatched=limit).table.num_rows == 3


def test_the_limit_holds_for_the_feature_table_too(tmp_path: Path) -> None:
    assert "in the feature table only" in mistake(tmp_path, LEFT[:3], RIGHT, max_unmatched=0.2)


def test_tables_without_a_common_id_stop_the_run_whatever_the_limit(tmp_path: Path) -> None:
    said = mistake(tmp_path, LEFT, RIGHT.assign(path=["w", "x", "y", "z"]))
    assert "no id of" in said
    assert "'a.mp4'" in said
    assert "'w'" in said


def test_label_and_groups_in_a_feature_table_never_become_features(tmp_path: Path) -> None:
    right = RIGHT.assign(fake=[1, 0, 1, 0], video=["b", "a", "b", "a"])
    join = joined(tmp_path, LEFT, right)
    assert set(join.candidates) == {"stage0_noise"}
    assert join.repeated == ["stage0_fake", "stage0_video"]


def test_a_label_in_a_feature_table_may_have_another_type(tmp_path: Path) -> None:
    assert joined(tmp_path, LEFT, RIGHT.assign(fake=[1.0, 0.0, float("nan"), 0.0])).repeated == ["stage0_fake"]


def test_a_label_that_contradicts_the_metadata_is_refused_with_the_count(tmp_path: Path) -> None:
    said = mistake(tmp_path, LEFT, RIGHT.assign(fake=[0, 0, 0, 0]))
    assert "contradicts the label of the metadata in 2 rows" in said


def test_every_file_is_recorded_with_its_hash_and_size(tmp_path: Path) -> None:
    sources = joined(tmp_path, LEFT, RIGHT).sources
    assert [Path(s.path).name for s in sources] == ["metadata.parquet", "features0.parquet"]
    assert [(s.rows, s.columns) for s in sources] == [(4, 3), (4, 2)]
    assert all(len(s.sha256) == 64 for s in sources)


def test_rows_of_one_file_without_an_id_are_named_by_their_number(tmp_path: Path) -> None:
    LEFT.head(3).assign(noise=1.5).to_parquet(tmp_path / "t.parquet")
    join = join_sources(Dataset(table=str(tmp_path / "t.parquet"), label="fake", groups=["video"]))
    assert join.sample_id.to_pylist() == ["1", "2", "3"]
    assert set(join.candidates) == {"path", "noise"}
