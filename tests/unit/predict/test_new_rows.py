"""The rows of a new table are named by their ids, or by their numbers where the training table has no id column."""

from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.tables import grouped, write_dataset
from foldwise.config.datasets import NewTable
from foldwise.data.contract import ROW_NUMBER, read_contract
from foldwise.io.files import read_table, write_table
from foldwise.predict.new_rows import open_rows

SAMPLES = [f"sample_{i:03d}" for i in range(12)]
NUMBERS = [f"{i:02d}" for i in range(1, 13)]


@pytest.mark.parametrize(
    ("id_column", "columns", "named"),
    [
        ("clip", ["clip", "sample_id"], [f"clip {i}" for i in range(12)]),
        ("clip", ["sample_id"], SAMPLES),
        (ROW_NUMBER, ["sample_id"], SAMPLES),
        (ROW_NUMBER, [], NUMBERS),
    ],
)
def test_ids_come_from_the_id_column_then_from_sample_id_then_from_the_row_number(
    id_column: str, columns: list[str], named: list[str], tmp_path: Path
) -> None:
    paths = write_dataset(tmp_path, grouped(4, 3))
    table = read_table(paths["table"]).append_column("clip", [[f"clip {i}" for i in range(12)]])
    write_table(paths["table"], table.drop_columns([c for c in ("clip", "sample_id") if c not in columns]))
    contract = replace(read_contract(paths["contract"]), id=id_column)
    assert open_rows(NewTable(table=paths["table"]), contract).sample_id.to_pylist() == named
