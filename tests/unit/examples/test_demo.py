"""The simulated demo has the study's tables and shows the leak it is made to show."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import xgboost
from foldwise.examples.demo import Pattern, make_demo, write_demo
from foldwise.examples.demo.tables import draw_ids
from foldwise.io.files import read_note
from scipy.spatial.distance import cdist
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import BaseCrossValidator, StratifiedGroupKFold, StratifiedKFold

KEYS = ["video_path", "label", "feature_path"]
STAGE2 = [
    *["noise_energy", "noise_mean", "noise_std", "dct_dc_mean", "dct_dc_std", "dct_ac_mean", "dct_ac_std"],
    *["dct_ac_energy", "laplacian_var", "gradient_mean", "gradient_std", "boundary_inconsistency"],
    *["codec_bitrate", "codec_fps", "codec_resolution"],
]
STAGE4 = [
    *STAGE2,
    *["edge_density", "texture_uniformity", "color_consistency_r", "color_consistency_g"],
    *["color_consistency_b", "compression_artifacts", "is_upscaled", "is_downscaled"],
]
CODEC = ["codec_bitrate", "codec_fps", "codec_resolution"]
SMALL = 20

Tables = tuple[pa.Table, pa.Table, pa.Table]


@dataclass(frozen=True)
class Joined:
    X: np.ndarray
    label: np.ndarray
    video: np.ndarray
    is_original: np.ndarray


def stems(table: pa.Table) -> list[str]:
    matches = (re.search(r"([^/]+?)(?:_scaled_.*)?\.mp4$", path) for path in table["video_path"].to_pylist())
    return [match[1] for match in matches if match]


def joined(tables: Tables) -> Joined:
    """Join the tables on the stem of the path, as the workflow does: 38 columns, rows of both stages."""
    metadata, stage2, stage4 = tables
    place2 = {stem: i for i, stem in enumerate(stems(stage2))}
    place4 = {stem: i for i, stem in enumerate(stems(stage4))}
    kept = [i for i, stem in enumerate(stems(metadata)) if stem in place2 and stem in place4]
    metadata = metadata.take(kept)
    order = stems(metadata)
    columns = [stage2[name].to_numpy()[[place2[s] for s in order]] for name in STAGE2]
    columns += [stage4[name].to_numpy()[[place4[s] for s in order]] for name in STAGE4]
    return Joined(
        X=np.column_stack(columns).astype(float),
        label=metadata["label"].to_numpy(),
        video=np.unique(metadata["original_video"].to_pylist(), return_inverse=True)[1],
        is_original=metadata["is_original"].to_numpy(),
    )


def cross_validated_auc(data: Joined, splitter: BaseCrossValidator, trees: int = 200) -> float:
    scores = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        splits = list(splitter.split(data.X, data.label, data.video))
    for train, test in splits:
        model = xgboost.XGBClassifier(n_estimators=trees, max_depth=5, learning_rate=0.1, n_jobs=1)
        model.fit(data.X[train], data.label[train])
        scores.append(roc_auc_score(data.label[test], model.predict_proba(data.X[test])[:, 1]))
    return float(np.mean(scores))


@pytest.fixture(scope="module")
def demo() -> Tables:
    return make_demo()


@pytest.fixture(scope="module")
def rows(demo: Tables) -> Joined:
    return joined(demo)


def test_the_demo_has_the_size_of_the_study(demo: Tables) -> None:
    metadata, stage2, stage4 = demo
    assert (metadata.num_rows, stage2.num_rows, stage4.num_rows) == (3278, 3278, 3277)
    videos = metadata.group_by("original_video").aggregate([("label", "min"), ("label", "max"), ("label", "count")])
    assert videos.num_rows == 298
    assert videos["label_min"] == videos["label_max"]
    assert pc.sum(videos["label_max"]).as_py() == 152
    assert set(videos["label_count"].to_pylist()) == {11}


def test_the_columns_are_those_of_the_study(demo: Tables) -> None:
    metadata, stage2, stage4 = demo
    assert metadata.schema.names == [
        *("video_path", "label", "original_video", "augmentation_idx"),
        *("is_original", "original_width", "original_height"),
    ]
    assert stage2.schema.names == KEYS + STAGE2
    assert stage4.schema.names == KEYS + STAGE4
    assert {stage4.schema.field(name).type for name in STAGE4} == {pa.float64()}
    assert metadata.schema.field("is_original").type == pa.bool_()
    assert metadata["is_original"].to_pylist() == [i == -1 for i in metadata["augmentation_idx"].to_pylist()]


def test_the_tables_share_the_stem_of_the_path_before_scaled(demo: Tables, rows: Joined) -> None:
    metadata, stage2, stage4 = demo
    assert "_scaled_" not in stage2["video_path"][1].as_py()
    assert "_aug0_scaled_aug0.mp4" in stage4["video_path"][1].as_py()
    assert set(stems(metadata)) == set(stems(stage2))
    assert len(set(stems(stage2)) - set(stems(stage4))) == 1
    assert len(rows.label) == 3277


def test_ids_stay_apart_where_case_is_ignored() -> None:
    ids = draw_ids(np.random.default_rng(0), 500)
    assert {len(name) for name in ids} == {11}
    assert len({name.lower() for name in ids}) == 500


def test_ids_that_differ_in_case_alone_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldwise.examples.demo.tables._ID_ALPHABET", np.array(["a", "A", "b"]))
    monkeypatch.setattr("foldwise.examples.demo.tables._ID_LENGTH", 1)
    for seed in range(20):
        assert len({name.lower() for name in draw_ids(np.random.default_rng(seed), 2)}) == 2


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    names = ("metadata", "stage2", "stage4")
    for folder, seed in (("a", 42), ("b", 42), ("c", 43)):
        metadata, stage2, stage4 = (tmp_path / folder / f"{name}.parquet" for name in names)
        write_demo(metadata, stage2, stage4, seed=seed)
    for name in names:
        first, again, other = ((tmp_path / folder / f"{name}.parquet").read_bytes() for folder in "abc")
        assert first == again
        assert first != other


def test_every_file_says_that_it_is_simulated(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.parquet" for name in ("metadata", "stage2", "stage4")]
    write_demo(paths[0], paths[1], paths[2], seed=7)
    for path in paths:
        note = read_note(path)["foldwise"]
        assert "simulated" in note
        assert "not real videos" in note
        assert "seed 7" in note


def test_a_failed_probe_takes_the_codec_columns_of_a_whole_video(demo: Tables) -> None:
    metadata, stage2, _ = demo
    missing = np.column_stack([pc.is_null(stage2[name]).to_numpy() for name in CODEC])
    assert (missing.any(axis=1) == missing.all(axis=1)).all()
    by_video = missing[:, 0].reshape(298, 11)
    assert (by_video.any(axis=1) == by_video.all(axis=1)).all()
    assert 1 <= by_video.any(axis=1).sum() <= 25
    assert all(stage2[name].null_count == 0 for name in STAGE2 if name not in CODEC)
    assert all(table.null_count == 0 for table in metadata.columns)


def test_single_cells_are_missing_from_stage_4(demo: Tables) -> None:
    stage4 = demo[2]
    share = sum(stage4[name].null_count for name in STAGE4) / (stage4.num_rows * len(STAGE4))
    assert 0.001 < share < 0.003
    assert stage4["is_upscaled"].null_count == stage4["is_downscaled"].null_count == 0
    assert not np.isnan(stage4["noise_mean"].drop_null().to_numpy()).any()


def test_values_carry_no_more_than_float32_precision(demo: Tables) -> None:
    for name in STAGE4:
        values = demo[2][name].drop_null().to_numpy()
        assert (values == values.astype(np.float32)).all(), name


def test_the_rows_of_a_video_are_near_copies(rows: Joined) -> None:
    ranks = np.argsort(np.argsort(rows.X, axis=0, kind="stable"), axis=0, kind="stable") / len(rows.X)
    originals = ranks[rows.is_original]
    copies = ranks[~rows.is_original]
    distance = cdist(copies, originals, "cityblock")
    nearest = rows.video[rows.is_original][distance.argmin(axis=1)]
    recognised = (nearest == rows.video[~rows.is_original]).mean()
    assert 0.85 < recognised < 0.999


def test_rows_of_one_video_are_not_equal(rows: Joined) -> None:
    assert len(np.unique(np.nan_to_num(rows.X), axis=0)) == len(rows.X)


def test_a_row_wise_split_flatters_and_a_grouped_one_does_not(rows: Joined) -> None:
    row_wise = cross_validated_auc(rows, StratifiedKFold(5, shuffle=True, random_state=42))
    grouped = cross_validated_auc(rows, StratifiedGroupKFold(5, shuffle=True, random_state=42))
    assert row_wise > 0.97
    assert 0.62 < grouped < 0.76
    assert row_wise - grouped > 0.2


def test_a_row_wise_split_flatters_even_without_a_signal() -> None:
    nothing = joined(make_demo(42, pattern=Pattern(class_shift=0.0, class_widening=0.0)))
    row_wise = cross_validated_auc(nothing, StratifiedKFold(3, shuffle=True, random_state=42), trees=100)
    grouped = cross_validated_auc(nothing, StratifiedGroupKFold(3, shuffle=True, random_state=42), trees=100)
    assert row_wise > 0.93
    assert 0.38 < grouped < 0.62


def test_no_single_column_tells_the_classes_apart(rows: Joined) -> None:
    first = np.unique(rows.video, return_index=True)[1]
    best = 0.0
    for column in rows.X.T:
        filled = np.nan_to_num(column, nan=float(np.nanmedian(column)))
        auc = roc_auc_score(rows.label[first], np.bincount(rows.video, filled) / np.bincount(rows.video))
        best = max(best, auc, 1 - auc)
    assert 0.55 < best < 0.68


def test_the_constant_answer_scores_as_in_the_study(rows: Joined) -> None:
    assert f1_score(rows.label, np.ones_like(rows.label)) == pytest.approx(0.676, abs=0.002)


@pytest.mark.parametrize("n_augmentations", [0, 3, 12])
def test_other_sizes_can_be_made(n_augmentations: int) -> None:
    metadata, stage2, stage4 = make_demo(1, n_groups=SMALL, n_augmentations=n_augmentations)
    assert metadata.num_rows == stage2.num_rows == SMALL * (n_augmentations + 1)
    assert stage4.num_rows == metadata.num_rows - (n_augmentations >= 2)
    assert 0 < pc.sum(metadata["label"]).as_py() < metadata.num_rows
