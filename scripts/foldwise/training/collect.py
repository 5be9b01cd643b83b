"""The results of a backend's folds in one table each, with the fold as a column."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from foldwise.errors import UserError
from foldwise.io.files import read_json, read_table, write_json, write_table

TABLES = ("predictions", "inner_predictions", "search", "curve", "importance")


def gather_folds(summaries: Sequence[str], outputs: Mapping[str, str]) -> None:
    """Put the tables of fold 1, 2, ... below each other, and their ``params.json`` into one list.

    Args:
        summaries: path of ``params.json`` of each fold, in the order of the folds; ``TABLES`` lie beside it.
        outputs: one path for each of ``TABLES`` and for ``params``.

    Raises:
        UserError: when a fold's table is gone.
    """
    for name in TABLES:
        parts = [_read_beside(path, name) for path in summaries]
        numbered = [
            part.add_column(0, "fold", pa.array(np.full(part.num_rows, fold, np.int16)))
            for fold, part in enumerate(parts, start=1)
        ]
        note = {k.decode(): v.decode() for k, v in (parts[0].schema.metadata or {}).items()}
        write_table(outputs[name], pa.concat_tables(numbered, promote_options="permissive"), note)
    write_json(outputs["params"], [read_json(path) for path in summaries])


def _read_beside(summary: str, name: str) -> pa.Table:
    path = Path(summary).with_name(f"{name}.parquet")
    if not path.exists():
        raise UserError(f"{path}: this table of a fold is gone: run snakemake without a target, which makes it again")
    return read_table(path)
