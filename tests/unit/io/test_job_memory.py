"""What a job asks for follows from its tables."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from foldwise.data.table_size import raw_megabytes


def test_raw_size_counts_the_values_of_parquet_files_and_the_bytes_of_others(tmp_path: Path) -> None:
    pq.write_table(pa.table({name: pa.nulls(1000, pa.float32()) for name in "abc"}), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("x" * 500)
    assert raw_megabytes([str(tmp_path / name) for name in ("a.parquet", "b.csv")]) == pytest.approx(0.0125)


@pytest.mark.parametrize("content", [None, "", "no parquet"])
def test_a_file_without_a_footer_counts_nothing(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.parquet").write_text(content)
    assert raw_megabytes([str(tmp_path / "a.parquet")]) == 0
