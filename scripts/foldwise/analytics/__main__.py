"""The command behind ``make sql``: runs a query, or a ready one by its name, and prints what it finds."""

import argparse
import sys
from pathlib import Path

import duckdb
import pandas as pd

from foldwise.analytics.session import DATABASE, READY_QUERIES, DuckDBAnalytics, ready_queries
from foldwise.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run a query; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m foldwise.analytics", description=__doc__)
    parser.add_argument("sql", nargs="?", default="", help="a query or the name of a ready one; none: list both")
    parser.add_argument("--database", type=Path, default=DATABASE, help="default: %(default)s")
    parser.add_argument("--csv", action="store_true", help="print comma-separated values")
    given = parser.parse_args(arguments)
    try:
        with DuckDBAnalytics(given.database) as analytics:
            _answer(analytics, given.sql.strip(), given.csv)
    except (UserError, duckdb.Error) as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 1
    return 0


def _answer(analytics: DuckDBAnalytics, sql: str, as_csv: bool) -> None:
    ready = ready_queries()
    if sql:
        _show(analytics.query(ready[sql].sql if sql in ready else sql), as_csv)
        return
    print("Tables:")
    for name, n_rows, comment in analytics.tables().itertuples(index=False):
        print(f"  {name:<16} {n_rows:>9,} rows  {comment}")
    print(f"\nReady queries ({READY_QUERIES}):")
    print("\n".join(f"  {name:<16} {query.description}" for name, query in ready.items()))


def _show(found: pd.DataFrame, as_csv: bool) -> None:
    print(found.to_csv(index=False) if as_csv else found.to_string(index=False, na_rep="") + "\n", end="")


if __name__ == "__main__":
    sys.exit(main())
