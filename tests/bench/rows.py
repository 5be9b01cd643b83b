"""Simulated tables of any size, drawn block by block from a seed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS, ROWS_OF_A_GROUP = 50, 50
NAMING = ("sample", "video", "label")
_BLOCK = 50_000


def feature_names(columns: int) -> list[str]:
    """Return the names of the features."""
    return [f"f{j:02d}" for j in range(columns)]


def blocks(rows: int, columns: int = COLUMNS, missing: float = 0.0, seed: int = 0) -> Iterator[pa.Table]:
    """Yield a table of videos, 50 rows each and every second one of class 1, in blocks of 50,000 rows.

    Args:
        rows: number of rows.
        columns: number of float32 features; the first five differ between the classes.
        missing: share of the values that are missing.
        seed: random seed; the videos of another seed have other names.

    Returns:
        ``sample``, ``video``, ``label`` and the features.
    """
    random = np.random.default_rng(seed)
    for start in range(0, rows, _BLOCK):
        number = np.arange(start, min(rows, start + _BLOCK))
        group = number // ROWS_OF_A_GROUP
        label = (group % 2).astype(np.int8)
        values = random.standard_normal((len(number), columns), dtype=np.float32)
        values[:, :5] += 0.3 * label[:, None]
        absent = random.random(values.shape) < missing if missing else np.zeros(values.shape, np.bool_)
        video = [f"video_{seed}_{g:06d}" for g in group]
        sample = [f"{v}/sample_{n:08d}.mp4" for v, n in zip(video, number, strict=True)]
        features = [pa.array(values[:, j], mask=absent[:, j]) for j in range(columns)]
        names = [*NAMING, *feature_names(columns)]
        yield pa.table([pa.array(sample), pa.array(video), pa.array(label), *features], names=names)


def write_rows(files: Mapping[str, Sequence[str]], rows: int, columns: int = COLUMNS, **other: Any) -> None:
    """Write such a table as parquet.

    Args:
        files: path of a file -> its columns.
        rows: number of rows.
        columns: number of features.
        other: ``missing`` and ``seed`` of :func:`blocks`.
    """
    with ExitStack() as opened:
        writers: dict[str, pq.ParquetWriter] = {}
        for block in blocks(rows, columns, **other):
            for path, names in files.items():
                part = block.select(names)
                if path not in writers:
                    writers[path] = opened.enter_context(pq.ParquetWriter(path, part.schema))
                writers[path].write_table(part)
