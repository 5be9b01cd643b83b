"""SQL queries over results: the analytics database of a run, or registered parquet and metrics.json files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from foldwise.errors import UserError
from foldwise.evaluation.records import Metrics
from foldwise.io.files import read_json, read_table
from foldwise.results.load import read_record

_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


def connect(database: str | Path = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a database file, or an empty one in memory.

    SQL on the connection cannot read or write other files, load extensions or access Python variables.
    It runs in one thread, so that rows keep the order in which they were inserted.

    Raises:
        duckdb.Error: if the file is not a database, or another process is writing to it.
    """
    connection = duckdb.connect(str(database), read_only=read_only, config={**_CLOSED, "threads": "1"})
    connection.execute("SET python_enable_replacements = false")
    return connection


READY_QUERIES = Path(__file__).with_name("queries.sql")


@dataclass(frozen=True)
class ReadyQuery:
    """A query with a description."""

    description: str
    sql: str


def ready_queries() -> dict[str, ReadyQuery]:
    """Return the ready queries by name, in the order of the file."""
    text = READY_QUERIES.read_text(encoding="utf-8")
    matches = re.findall(r"^-- (\w+): (.+)\n((?:(?!-- ).*\n)+)", text, re.MULTILINE)
    return {name: ReadyQuery(description, sql.strip()) for name, description, sql in matches}


DATABASE = Path("results/analytics.duckdb")


class DuckDBAnalytics:
    """SQL queries over the results of a run.

    The database is opened read-only: no query can change a result. SQL can access its tables and registered files only.

    Args:
        database: the database file. Default: ``results/analytics.duckdb`` in the working folder if it exists, else an
            empty database in memory, for use with :meth:`register_parquet`.

    Raises:
        UserError: if ``database`` is given and does not exist.

    Example:
        >>> import tempfile, pathlib, pandas
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> pandas.DataFrame({"fold": [1, 1, 2], "test_f1": [0.5, 0.75, 1.0]}).to_parquet(folder / "f1.parquet")
        >>> with DuckDBAnalytics() as analytics:
        ...     analytics.register_parquet("results", folder / "*.parquet")
        ...     analytics.query("SELECT fold, avg(test_f1) AS avg_f1 FROM results GROUP BY fold ORDER BY fold")
           fold  avg_f1
        0     1   0.625
        1     2   1.000
    """

    def __init__(self, database: str | Path | None = None) -> None:
        """Open the database."""
        path = Path(database) if database is not None else DATABASE
        if database is not None and not path.exists():
            raise UserError(f"there is no {path}: run snakemake first, it is one of the last files written")
        self._connection = connect(path, read_only=True) if path.exists() else connect()

    def register_parquet(self, name: str, path: str | Path) -> None:
        """Make files available to SQL as table ``name``, which hides a database table with the same name.

        Args:
            name: name of the table.
            path: parquet files, or metrics.json files, whose folds become rows with ``dataset``, ``backend``,
                ``fold`` and the metrics as ``test_<metric>``. ``*`` and a placeholder such as ``{backend}`` match
                any name, ``**`` matches any folders.

        Raises:
            UserError: if no file matches, or a JSON file is not a metrics.json.
        """
        pattern = re.sub(r"\{\w*\}", "*", str(path))
        files = _matching(pattern)
        if not files:
            raise UserError(f"no file matches {pattern!r} (relative to {Path.cwd()}): correct the path")
        tables = [_read(file) for file in files]
        self._connection.register(name, pa.concat_tables(tables, promote_options="permissive"))

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the result of a query, one row per record.

        Args:
            sql: one statement.
            parameters: values for ``?`` or ``$name`` in the statement.

        Raises:
            duckdb.Error: if the statement is invalid, or would write.
        """
        result: pd.DataFrame = self._connection.execute(sql, parameters).df()
        return result

    def tables(self) -> pd.DataFrame:
        """Return ``table_name``, ``n_rows`` and ``comment`` of every table of the database."""
        return self.query(
            "SELECT table_name, estimated_size AS n_rows, comment FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        )

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def __enter__(self) -> "DuckDBAnalytics":
        """Return the open database, for a with statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self.close()


def _matching(pattern: str) -> list[Path]:
    path = Path(pattern)
    return sorted(file for file in Path(path.anchor).glob(str(path.relative_to(path.anchor))) if file.is_file())


def _read(file: Path) -> pa.Table:
    if file.suffix != ".json":
        return read_table(file)
    content = read_json(file)
    if not isinstance(content, dict) or "fold_results" not in content:
        raise UserError(f"{file} has no fold_results: register a metrics.json or parquet files")
    rows = read_record(file, Metrics).fold_rows()
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})
