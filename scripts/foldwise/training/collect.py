"""The files of a backend's folds, each kind collected into one file."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from foldwise.io.files import read_json, read_table, write_json, write_table


def collect_tables(tables: Sequence[str], output: str) -> None:
    """Concatenate a table of every fold, with the number of the fold as first column ``fold`` (int16).

    Args:
        tables: parquet files of fold 1, 2, ...; types may differ between folds, as float and int for one parameter.
        output: where to write, with the key-value metadata of the first fold.
    """
    parts = [read_table(path) for path in tables]
    numbered = [
        part.add_column(0, "fold", pa.array(np.full(part.num_rows, fold, np.int16)))
        for fold, part in enumerate(parts, start=1)
    ]
    note = {k.decode(): v.decode() for k, v in (parts[0].schema.metadata or {}).items()}
    write_table(output, pa.concat_tables(numbered, promote_options="permissive"), note)


def collect_params(params: Sequence[str], output: str) -> None:
    """Write the contents of ``params.json`` of fold 1, 2, ... as one list."""
    write_json(output, [read_json(path) for path in params])
