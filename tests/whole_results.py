"""Every file of a results folder by its content, without what a clock or a meter wrote into it."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from foldwise.analytics import DuckDBAnalytics

# Measured, not computed: params.json has them, the page and the database show them.
MEASURED = {"seconds", "peak_memory_mb", "imports_memory_mb"}
_TIMINGS = re.compile(r'<section id="timings".*?</section>', re.DOTALL)
# An interrupted search continues from it; it is deleted when the search is done.
UNFINISHED = "trials.jsonl"


def contents(results: Path) -> dict[str, str]:
    """Return a hash of every file below a results folder, by its path there; names that start with a dot are left out.

    Of params.json, report.html and analytics.duckdb everything but the seconds and megabytes counts. The file of the
    database is compared by its tables, in the order of their rows: DuckDB does not promise equal files.
    """
    files = [p for p in results.rglob("*") if p.is_file() and not p.name.startswith(".") and p.name != UNFINISHED]
    return {p.relative_to(results).as_posix(): hashlib.sha256(_computed(p)).hexdigest() for p in sorted(files)}


def _computed(path: Path) -> bytes:
    if path.name == "params.json":
        return json.dumps(_without_measures(json.loads(path.read_bytes()))).encode()
    if path.name == "report.html":
        text, sections = _TIMINGS.subn("", path.read_text(encoding="utf-8"))
        assert sections == 1, path
        return text.encode()
    if path.suffix == ".duckdb":
        return _tables(path).encode()
    return path.read_bytes()


def _without_measures(content: Any) -> Any:
    if isinstance(content, list):
        return [_without_measures(entry) for entry in content]
    return {key: value for key, value in content.items() if key not in MEASURED}


def _tables(database: Path) -> str:
    with DuckDBAnalytics(database) as analytics:
        names = analytics.tables()["table_name"]
        tables = {name: analytics.query(f'FROM "{name}"') for name in names}
    measured = re.compile("|".join(sorted(MEASURED)))
    return "\n".join(
        f"{name}\n{table[[c for c in table if not measured.search(c)]].to_csv()}" for name, table in tables.items()
    )
