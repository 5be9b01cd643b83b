"""Files are whole or not there, and the same content gives the same bytes."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.artifacts import (
    read_json,
    read_note,
    read_table,
    replacing,
    sha256,
    write_json,
    write_table,
    write_text,
)


def test_a_file_comes_with_its_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "file.txt", "grün")
    assert (tmp_path / "a" / "b" / "file.txt").read_bytes() == "grün".encode()


def test_a_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "file.txt") as beside:
        beside.write_text("half")
        assert not (tmp_path / "file.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "file.txt", "old")
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(tmp_path / "file.txt")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file.txt", "old")]


@pytest.mark.parametrize("name", ["model.json", "model.cbm", "curve.png"])
def test_the_name_to_write_to_ends_like_the_target(name: str, tmp_path: Path) -> None:
    with replacing(tmp_path / name) as beside:
        beside.write_text("")
    assert beside.name.endswith(name)
    assert beside.parent == tmp_path


def test_json_holds_plain_numbers(tmp_path: Path) -> None:
    content = {"n": np.int64(3), "x": np.float32(0.5), "b": np.bool_(True), "t": (1, 2), 4: "key", "s": "ü"}
    write_json(tmp_path / "file.json", content)
    assert read_json(tmp_path / "file.json") == {"n": 3, "x": 0.5, "b": True, "t": [1, 2], "4": "key", "s": "ü"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("inf")])
def test_what_json_cannot_hold_becomes_null(value: float, tmp_path: Path) -> None:
    write_json(tmp_path / "file.json", {"a": [value], "b": {"c": value}})
    assert read_json(tmp_path / "file.json") == {"a": [None], "b": {"c": None}}


def test_doubles_survive_json(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=50)
    write_json(tmp_path / "file.json", list(values))
    assert read_json(tmp_path / "file.json") == values.tolist()


def test_a_table_comes_back_with_its_note(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([1, None], pa.int8()), "b": ["x", "ü"]})
    write_table(tmp_path / "file.parquet", table, {"seed": "42"})
    assert read_table(tmp_path / "file.parquet").equals(table)
    assert read_table(tmp_path / "file.parquet", ["b"]).column_names == ["b"]
    assert read_note(tmp_path / "file.parquet") == {"seed": "42"}


def test_what_pandas_notes_of_itself_is_dropped(tmp_path: Path) -> None:
    write_table(tmp_path / "file.parquet", pa.Table.from_pandas(pd.DataFrame({"a": [1]})))
    assert read_note(tmp_path / "file.parquet") == {}


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_table(tmp_path / name, pa.table({"x": np.random.default_rng(0).normal(size=1000)}), {"n": "1"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def _fail_half_way(path: Path) -> None:
    with replacing(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
