"""The ready queries, read from queries.sql."""

import re
from dataclasses import dataclass
from pathlib import Path

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
