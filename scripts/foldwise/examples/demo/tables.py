"""The simulated rows as the three files that a study has: metadata and two feature tables."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from foldwise.examples.demo.latents import Floats, Pattern, Rows, draw_rows
from foldwise.examples.demo.measurements import frame_size, measure
from foldwise.io.files import write_table

Flags = NDArray[np.bool_]
N_VIDEOS = 298
N_POSITIVE = 152
N_AUGMENTATIONS = 10
_ID_LENGTH = 11
_ID_ALPHABET = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
_CODEC_COLUMNS = ("codec_bitrate", "codec_fps", "codec_resolution")
_NEVER_MISSING = ("is_upscaled", "is_downscaled")


def make_demo(
    seed: int = 42,
    n_groups: int = N_VIDEOS,
    n_augmentations: int = N_AUGMENTATIONS,
    pattern: Pattern | None = None,
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Simulate the metadata and the feature tables of a study of real and fake videos.

    Args:
        seed: the same seed gives the same tables.
        n_groups: number of videos; 152 of 298 are fake, and the same share of any other number.
        n_augmentations: augmented rows of each video, in addition to its original.
        pattern: strength of the effects; by default that of the shipped demo.

    Returns:
        Metadata and stage 2 features, one row per original or augmented video, and stage 4 features,
        where the row of one augmented video is missing. The tables share the stem of
        ``video_path``, cut at ``_scaled``.

    Example:
        >>> metadata, stage2, stage4 = make_demo(seed=0, n_groups=4, n_augmentations=2)
        >>> metadata.num_rows, stage2.num_rows, stage4.num_rows
        (12, 12, 11)
    """
    pattern = pattern or Pattern()
    generator = np.random.default_rng(seed)
    n_positive = round(n_groups * N_POSITIVE / N_VIDEOS)
    rows = draw_rows(generator, n_groups, n_positive, n_augmentations, pattern)
    stage2, stage4 = measure(generator, rows, pattern.row_noise)
    ids = draw_ids(generator, n_groups)

    codec_unread, cell_lost = _draw_missing(generator, rows, stage4, pattern)

    parts = ["original" if index < 0 else f"aug{index}" for index in rows.augmentation]
    stems = [f"{ids[video]}_{part}" for video, part in zip(rows.video, parts, strict=True)]
    scaled_stems = [f"{stem}_scaled_{part}" for stem, part in zip(stems, parts, strict=True)]
    keys2 = _keys(rows, "data/augmented_videos/{}.mp4", "data/features_stage2/{}_features.parquet", stems)
    keys4 = _keys(
        rows,
        "data/scaled_videos/{}.mp4",
        "data/features_stage4/{}_scaled_features.parquet",
        scaled_stems,
    )
    scaled = (rows.video != n_groups // 2) | (rows.augmentation != 1)
    return (
        _metadata(rows, ids, keys4["video_path"]),
        pa.table(keys2 | _masked(stage2, codec_unread)),
        pa.table(keys4 | _masked(stage4, cell_lost)).filter(pa.array(scaled)),
    )


def write_demo(metadata_path: str | Path, stage2_path: str | Path, stage4_path: str | Path, seed: int) -> None:
    """Write the three tables of :func:`make_demo` as parquet files that say they are simulated."""
    note = {"foldwise": f"simulated: not real videos; generator make_demo, seed {seed}"}
    paths = (metadata_path, stage2_path, stage4_path)
    for path, table in zip(paths, make_demo(seed), strict=True):
        write_table(path, table, note)


def draw_ids(generator: np.random.Generator, n_ids: int) -> list[str]:
    """Return video ids of 11 characters that stay apart on a file system that ignores case."""
    ids: dict[str, str] = {}
    while len(ids) < n_ids:
        candidate = "".join(generator.choice(_ID_ALPHABET, _ID_LENGTH))
        ids.setdefault(candidate.lower(), candidate)
    return list(ids.values())


def _draw_missing(
    generator: np.random.Generator, rows: Rows, stage4: Iterable[str], pattern: Pattern
) -> tuple[dict[str, Flags], dict[str, Flags]]:
    """Return which values of stage 2 and of stage 4 are missing, by column.

    A failed probe takes the codec columns of a whole video from stage 2, so that missingness follows
    the groups. In stage 4, single cells are lost.
    """
    unread = (generator.random(rows.video.max() + 1) < pattern.probe_failures)[rows.video]
    lost = {
        name: generator.random(len(rows.video)) < pattern.missing_cells for name in stage4 if name not in _NEVER_MISSING
    }
    return dict.fromkeys(_CODEC_COLUMNS, unread), lost


def _metadata(rows: Rows, ids: Sequence[str], paths: pa.Array) -> pa.Table:
    width, height = frame_size(rows.area)
    return pa.table(
        {
            "video_path": paths,
            "label": rows.label,
            "original_video": [f"FVC3/demo/{ids[video]}/{ids[video]}.mp4" for video in rows.video],
            "augmentation_idx": rows.augmentation,
            "is_original": rows.augmentation < 0,
            "original_width": np.round(width).astype(np.int64),
            "original_height": np.round(height).astype(np.int64),
        }
    )


def _keys(rows: Rows, video_path: str, feature_path: str, stems: Sequence[str]) -> dict[str, pa.Array]:
    """Return the columns that ride along in a feature table and must never become features.

    ``{}`` in the two paths stands for the stem of a row.
    """
    return {
        "video_path": pa.array([video_path.format(stem) for stem in stems]),
        "label": pa.array(rows.label),
        "feature_path": pa.array([feature_path.format(stem) for stem in stems]),
    }


def _masked(columns: Mapping[str, Floats], missing: Mapping[str, Flags]) -> dict[str, pa.Array]:
    """Return the columns as arrow arrays, null where ``missing`` says so."""
    return {name: pa.array(values, mask=missing.get(name)) for name, values in columns.items()}
