"""Command line of ``make sql``: run a query, or a ready query by its name, and print the result."""

import argparse
import sys
from pathlib import Path

import duckdb

from foldwise.analytics.session import DATABASE, READY_QUERIES, DuckDBAnalytics, ready_queries
from foldwise.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run a query; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m foldwise.analytics", description=__doc__)
    parser.add_argument("sql", nargs="?", default="", help="query, or name of a ready query (default: list both)")
    parser.add_argument("--database", type=Path, default=DATABASE, help="database file (default: %(default)s)")
    parser.add_argument("--csv", action="store_true", help="print comma-separated values")
    options = parser.parse_args(arguments)
    try:
        with DuckDBAnalytics(options.database) as analytics:
            _run(analytics, options.sql.strip(), options.csv)
    except (UserError, duckdb.Error) as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return 1
    return 0


def _run(analytics: DuckDBAnalytics, sql: str, as_csv: bool) -> None:
    ready = ready_queries()
    if sql:
        result = analytics.query(ready[sql].sql if sql in ready else sql)
        print(result.to_csv(index=False) if as_csv else result.to_string(index=False, na_rep="") + "\n", end="")
        return
    print("Tables:")
    for name, n_rows, comment in analytics.tables().itertuples(index=False):
        print(f"  {name:<16} {n_rows:>9,} rows  {comment}")
    print(f"\nReady queries ({READY_QUERIES}):")
    print("\n".join(f"  {name:<16} {query.description}" for name, query in ready.items()))


if __name__ == "__main__":
    sys.exit(main())
