"""Files are complete or absent, and the same content gives the same bytes."""

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.data.contract import Feature
from foldwise.data.feature_matrix import read_matrix
from foldwise.errors import UserError
from foldwise.io.files import read_json, read_note, read_table, replacing, sha256, write_json, write_table, write_text


def test_a_file_comes_with_its_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "file.txt", "grün")
    assert (tmp_path / "a" / "b" / "file.txt").read_bytes() == "grün".encode()


def test_a_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "file.txt") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "file.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "file.txt", "old")
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(tmp_path / "file.txt")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file.txt", "old")]


@pytest.mark.parametrize("name", ["model.json", "model.cbm", "curve.png"])
def test_the_name_to_write_to_ends_like_the_target(name: str, tmp_path: Path) -> None:
    with replacing(tmp_path / name) as temporary:
        temporary.write_text("")
    assert temporary.name.endswith(name)
    assert temporary.parent == tmp_path


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
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{", b"[1, 2", b"\xff\xfe", b"PAR1" + bytes(500) + b"PAR1"])
@pytest.mark.parametrize("read", [read_json, read_table, read_note], ids=lambda read: read.__name__)
def test_a_broken_result_is_refused_by_name_with_the_way_out(
    read: Callable[[Path], object], content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "metrics").write_bytes(content)
    with pytest.raises(UserError, match=r"metrics: this result is broken \(.*\): delete it and run again"):
        read(tmp_path / "metrics")


def test_a_table_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", pa.table({"x": np.arange(1000)}))
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-30])
    with pytest.raises(UserError, match=r"t\.parquet: this result is broken"):
        read_matrix(tmp_path / "t.parquet", [Feature("x", "table", "x", "float32", "float", [], 0, None)])


def test_a_result_that_is_not_there_is_no_broken_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "metrics.json")


def test_what_a_killed_job_left_goes_and_other_files_stay(tmp_path: Path) -> None:
    for name in (".123.a.json", ".4.a.json.wal", ".123.b.a.json", ".x.a.json", ".123.a.jsonl"):
        (tmp_path / name).write_text("half")
    write_json(tmp_path / "a.json", {})
    assert sorted(p.name for p in tmp_path.iterdir()) == [".123.a.jsonl", ".123.b.a.json", ".x.a.json", "a.json"]
