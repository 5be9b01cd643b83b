"""A connection to DuckDB that reads no file but its own and never asks the network for an extension."""

from pathlib import Path

import duckdb

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
