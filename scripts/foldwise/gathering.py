"""The results of a backend's folds in one table each, with the fold as a column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from foldwise.artifacts import read_json, read_table, write_json, write_table

TABLES = ("predictions", "inner_predictions", "search", "curve", "importance")


def gather_folds(inputs: Mapping[str, Sequence[str]], outputs: Mapping[str, str]) -> None:
    """Put the tables of fold 1, 2, ... below each other, and their ``params.json`` into one list.

    Args:
        inputs: for each of ``TABLES`` and for ``params`` one path a fold, in the order of the folds.
        outputs: one path for each.
    """
    for name in TABLES:
        parts = [read_table(path) for path in inputs[name]]
        numbered = [
            part.add_column(0, "fold", pa.array(np.full(part.num_rows, fold, np.int16)))
            for fold, part in enumerate(parts, start=1)
        ]
        note = {k.decode(): v.decode() for k, v in (parts[0].schema.metadata or {}).items()}
        write_table(outputs[name], pa.concat_tables(numbered, promote_options="permissive"), note)
    summaries: list[Any] = [read_json(path) for path in inputs["params"]]
    write_json(outputs["params"], summaries)
