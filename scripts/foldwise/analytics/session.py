"""SQL over results: the analytics database of a run, or files that are registered by hand."""

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
from foldwise.io.files import read_json, read_table
from foldwise.results.scores import fold_scores

_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


def connect(database: str | Path = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a database file, or an empty one in memory.

    SQL run on the connection can neither read nor write other files, load an extension or see Python variables.
    One thread, so that rows keep the order in which they were written.

    Raises:
        duckdb.Error: when the file is no database, or is being written to by another process.
    """
    connection = duckdb.connect(str(database), read_only=read_only, config={**_CLOSED, "threads": "1"})
    connection.execute("SET python_enable_replacements = false")
    return connection


READY_QUERIES = Path(__file__).with_name("queries.sql")


@dataclass(frozen=True)
class ReadyQuery:
    """A query with the sentence that says what it shows."""

    description: str
    sql: str


def ready_queries() -> dict[str, ReadyQuery]:
    """Return the ready queries by name, in the order of the file."""
    found = re.findall(r"^-- (\w+): (.+)\n((?:(?!-- ).*\n)+)", READY_QUERIES.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: ReadyQuery(description, sql.strip()) for name, description, sql in found}


DATABASE = Path("results/analytics.duckdb")


class DuckDBAnalytics:
    """SQL over the results of a run.

    >>> analytics = DuckDBAnalytics()
    >>> analytics.query("SELECT fold, AVG(test_f1) AS avg_f1 FROM results GROUP BY fold")  # doctest: +SKIP

    The database is opened to be read only: no query changes a result. SQL sees its tables and what was registered,
    no other file.

    Args:
        database: the file to read. Without it, ``results/analytics.duckdb`` below the working folder where there is
            one, else an empty database in memory, for files that are registered.

    Raises:
        UserError: when ``database`` is given and does not exist.
    """

    def __init__(self, database: str | Path | None = None) -> None:
        """Open the database."""
        path = Path(database) if database is not None else DATABASE
        if database is not None and not path.exists():
            raise UserError(f"there is no {path}: run snakemake first, it is one of the last files written")
        self._connection = connect(path, read_only=True) if path.exists() else connect()

    def register_parquet(self, name: str, path: str | Path) -> None:
        """Make files known to SQL as table ``name``; it hides a table of the database with the same name.

        Args:
            name: name of the table.
            path: parquet files, or metrics.json files, whose folds become rows with ``dataset``, ``backend``,
                ``fold`` and the scores as ``test_<metric>``. ``*`` and a placeholder such as ``{backend}`` stand
                for any name, ``**`` for any folders.

        Raises:
            UserError: when no file matches, or a JSON file is no metrics.json.
        """
        pattern = re.sub(r"\{\w*\}", "*", str(path))
        files = _matching(pattern)
        if not files:
            raise UserError(f"no file matches {pattern!r} (it counts from {Path.cwd()}): mend the path")
        tables = [_read(file) for file in files]
        self._connection.register(name, pa.concat_tables(tables, promote_options="permissive"))

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return what a query finds.

        Args:
            sql: one statement.
            parameters: values for ``?`` or ``$name`` in it.

        Raises:
            duckdb.Error: when the statement is wrong, or would write.
        """
        found: pd.DataFrame = self._connection.execute(sql, parameters).df()
        return found

    def tables(self) -> pd.DataFrame:
        """Return name, number of rows and comment of every table of the database."""
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
    whole = Path(pattern)
    root = Path(whole.anchor)
    return sorted(f for f in root.glob(str(whole.relative_to(whole.anchor))) if f.is_file())


def _read(file: Path) -> pa.Table:
    if file.suffix != ".json":
        return read_table(file)
    content = read_json(file)
    if not isinstance(content, dict) or "fold_results" not in content:
        raise UserError(f"{file} is no metrics.json, it has no fold_results: register a metrics.json or parquet files")
    found = fold_scores(content)
    names = dict.fromkeys(name for row in found for name in row)
    return pa.table({name: [row.get(name) for row in found] for name in names})
