"""Reading files: every format gives the same table, and a column its text."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from fixtures.small_study import SINGLE, built, table
from foldwise.data.readers import plain, read_source, text_column
from foldwise.errors import UserError


def write(path: Path, content: pa.Table) -> Path:
    """Write a table in the format that the path's name says."""
    if path.suffix in (".parquet", ".pq"):
        pq.write_table(content, path)
    elif path.suffix == ".feather":
        pa.feather.write_feather(content, path)
    elif path.suffix == ".csv":
        pa.csv.write_csv(content, path)
    else:
        with pa.ipc.new_file(path, content.schema) as sink:
            sink.write_table(content)
    return path


@pytest.mark.parametrize("suffix", ["pq", "arrow", "ipc", "feather", "csv", "PARQUET"])
def test_every_format_gives_the_same_table_byte_for_byte(suffix: str, tmp_path: Path) -> None:
    frame = table().assign(holes=np.where(np.arange(48) % 5, np.arange(48) / 7, np.nan))
    whole = pa.Table.from_pandas(frame, preserve_index=False)
    tables = []
    for name in ("first.parquet", f"second.{suffix}"):
        path = write(tmp_path / name, whole) if suffix != "PARQUET" else write(tmp_path / "first.parquet", whole)
        if name.endswith("PARQUET"):
            path = path.rename(tmp_path / name)
        built(tmp_path, {**SINGLE, "table": path.name})
        tables.append((tmp_path / "built/table.parquet").read_bytes())
    assert tables[0] == tables[1]


def test_an_arrow_stream_is_read_like_an_arrow_file(tmp_path: Path) -> None:
    content = pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(tmp_path / "stream.arrow", content.schema) as sink:
        sink.write_table(content)
    assert read_source(tmp_path / "stream.arrow") == content


@pytest.mark.parametrize("name", ["_hidden.parquet", ".dotted.parquet", "a b.parquet", "a:b.parquet", "ä%20.parquet"])
def test_an_odd_file_name_is_read_like_any_other(name: str, tmp_path: Path) -> None:
    assert read_source(write(tmp_path / name, pa.table({"a": [1]}))).num_rows == 1


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    (tmp_path / "fold=3").mkdir()
    assert read_source(write(tmp_path / "fold=3/t.parquet", pa.table({"a": [1]}))).column_names == ["a"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_index_that_pandas_wrote_along_is_left_out(suffix: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
    path = tmp_path / f"t.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path)
    assert read_source(path).column_names == ["a"]


def test_an_index_read_and_written_again_as_csv_is_left_out(tmp_path: Path) -> None:
    pd.DataFrame({"Unnamed: 0": [0, 1], "a": [1, 2]}).to_csv(tmp_path / "t.csv")
    assert read_source(tmp_path / "t.csv").column_names == ["a"]


def test_an_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="video")).to_parquet(tmp_path / "t.parquet")
    assert set(read_source(tmp_path / "t.parquet").column_names) == {"a", "video"}


def test_a_csv_with_a_byte_order_mark_keeps_its_first_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    assert read_source(tmp_path / "t.csv").column_names == ["a", "b"]


def test_an_empty_text_in_csv_is_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\nx,1\n,2\n")
    assert read_source(tmp_path / "t.csv").column("a").null_count == 1


def test_the_note_of_pandas_is_left_behind(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "t.parquet")
    assert read_source(tmp_path / "t.parquet").schema.metadata is None


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([1, 2]), ["1", "2"]),
        (pa.array([1.0, None]), ["1", None]),
        (pa.array([1.0, float("nan")]), ["1", None]),
        (pa.array([1.5, 2.0]), ["1.5", "2"]),
        (pa.array([1.0, 2.0], pa.float32()), ["1", "2"]),
        (pa.array(np.array([1, 2], np.float16)), ["1", "2"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["A", "a"], pa.large_string()), ["A", "a"]),
        (pa.array(["x", "y"], pa.string_view()), ["x", "y"]),
        (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
        (pa.array([None, None]), [None, None]),
        (pa.array([-0.0, 3.0]), ["0", "3"]),
    ],
    ids=str,
)
def test_a_column_has_one_text_whatever_type_holds_it(values: pa.Array, texts: list[str | None]) -> None:
    assert text_column(pa.table({"a": values}), "a").to_pylist() == texts


@pytest.mark.parametrize("values", [[1e300, 2e300], [float("inf"), float("-inf")], [2.0**60, 2.0**60 + 2**9]])
def test_large_floats_keep_texts_of_their_own(values: list[float]) -> None:
    texts = text_column(pa.table({"a": values}), "a").to_pylist()
    assert len(set(texts)) == 2


def test_a_nested_column_has_no_text() -> None:
    with pytest.raises(UserError, match="'a' has type list"):
        text_column(pa.table({"a": [[1]]}), "a")


def test_a_column_in_chunks_becomes_one_array() -> None:
    chunks: Any = pa.chunked_array([pa.array(["x"]).dictionary_encode(), pa.array(["y"]).dictionary_encode()])
    assert plain(chunks).to_pylist() == ["x", "y"]


def test_nan_is_missing() -> None:
    assert plain(pa.chunked_array([[1.0, float("nan")]])).null_count == 1


def test_a_name_in_csv_keeps_its_leading_zeros(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("video,frames\n007,007\n010,010\n")
    source = read_source(tmp_path / "t.csv", names=["video", "not there"])
    assert source.to_pydict() == {"video": ["007", "010"], "frames": [7, 10]}
