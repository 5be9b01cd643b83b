"""The tables of the folds are concatenated, each row with its fold."""

from pathlib import Path

import pyarrow as pa
from foldwise.io.files import read_json, read_note, read_table, write_json, write_table
from foldwise.training.collect import collect_params, collect_tables


def test_folds_are_numbered_in_the_order_given(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{fold}.parquet") for fold in (1, 2)]
    for path, values in zip(paths, (pa.array([1]), pa.array([2.5, 3.0])), strict=True):
        write_table(path, pa.table({"value": values}), {"metric": "auc"})
    output = str(tmp_path / "all.parquet")
    collect_tables(paths, output)
    assert read_table(output).to_pydict() == {"fold": [1, 2, 2], "value": [1.0, 2.5, 3.0]}
    assert read_note(output) == {"metric": "auc"}


def test_parameters_become_one_list(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{fold}.json") for fold in (1, 2)]
    for path, trees in zip(paths, (10, 20), strict=True):
        write_json(path, {"trees": trees})
    collect_params(paths, str(tmp_path / "all.json"))
    assert read_json(tmp_path / "all.json") == [{"trees": 10}, {"trees": 20}]
