"""The demo's rows as arrays, for studies and measurements that need no files."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from foldwise.examples.demo import make_demo

_STEM = r"(?P<id>[^/]+?)(?:_scaled_.*)?\.mp4$"


def simulated_rows(seed: int, videos: int | None = None) -> pd.DataFrame:
    """Return a simulated table: columns label, original_video, and the features by their joined names.

    Args:
        seed: the same seed gives the same table.
        videos: their number, None for the demo's.
    """
    metadata, *tables = make_demo(seed) if videos is None else make_demo(seed, videos)
    rows = metadata.select(["video_path", "label", "original_video"]).to_pandas()
    rows.index = pd.Index(rows.pop("video_path").str.extract(_STEM)["id"])
    for name, table in zip(("stage2", "stage4"), tables, strict=True):
        features = table.drop_columns(["label", "feature_path"]).to_pandas()
        features.index = pd.Index(features.pop("video_path").str.extract(_STEM)["id"])
        rows = rows.join(features.add_prefix(f"{name}_"))
    return rows


def as_arrays(rows: pd.DataFrame) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8], npt.NDArray[Any]]:
    """Return features, label and video of each row, shapes (n, p), (n,) and (n,)."""
    values = rows.drop(columns=["label", "original_video"]).to_numpy(np.float32)
    return values, rows["label"].to_numpy(np.int8), pd.factorize(rows["original_video"])[0].astype(np.int32)
