"""The rows of a new table are named by their ids, or by their numbers where the training table has no id column."""

from dataclasses import replace
from pathlib import Path

from fixtures.tables import grouped, write_dataset
from foldwise.config.datasets import NewTable
from foldwise.data.contract import ROW_NUMBER, read_contract
from foldwise.io.files import read_table, write_table
from foldwise.predict.new_rows import open_rows


def test_rows_of_a_table_without_ids_are_named_by_their_number(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, grouped(4, 3))
    numbered = replace(read_contract(paths["contract"]), id=ROW_NUMBER)
    named = open_rows(NewTable(table=paths["table"]), numbered)
    assert named.sample_id.to_pylist() == [f"sample_{i:03d}" for i in range(12)]
    write_table(paths["table"], read_table(paths["table"]).drop_columns(["sample_id"]))
    nameless = open_rows(NewTable(table=paths["table"]), numbered)
    assert nameless.sample_id.to_pylist() == [f"{i:02d}" for i in range(1, 13)]
