"""Plain values that the template prints: tables, cells and figures."""

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from foldwise.results import wording


@dataclass(frozen=True)
class Cell:
    """One cell: ``text`` with an optional second line, and the exact ``value`` it is sorted by.

    ``href`` makes the text a link; ``badge`` (pass, warn or fail) gives it the colour of an audit level.
    """

    text: str
    small: str = ""
    value: str | None = None
    kind: str = ""
    href: str = ""
    badge: str = ""


@dataclass(frozen=True)
class Column:
    """A column's heading, with an optional second line."""

    label: str
    small: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table; ``caption`` says over what its numbers are, ``notes`` stand below it."""

    id: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)
    sortable: bool = True


@dataclass(frozen=True)
class Figure:
    """A picture embedded in the page; ``width`` and ``height`` in pixels."""

    title: str
    alt: str
    source: str
    width: int
    height: int


def text(value: object, kind: str = "") -> Cell:
    """Return a cell of text."""
    return Cell("" if value is None else str(value), kind=kind)


def number(value: float | None, written: str, small: str = "") -> Cell:
    """Return a numeric cell that carries the exact value beside the written one."""
    kind = "undefined" if value is None else "number"
    return Cell(written, small, None if value is None else json.dumps(value), kind)


def score(value: float | None, small: str = "") -> Cell:
    """Return a cell with a score."""
    return number(value, wording.score(value), small)


def count(value: float | None) -> Cell:
    """Return a cell with a count."""
    return number(value, wording.count(value))


def anything(value: Any) -> Cell:
    """Return a cell for a value of unknown kind."""
    written = wording.anything(value)
    return number(value, written) if value is None or wording.is_number(value) else text(written)


def figure(png: bytes, title: str, alt: str) -> Figure:
    """Embed a PNG as a data URI.

    Raises:
        ValueError: the bytes are no PNG.
    """
    if png[:8] != b"\x89PNG\r\n\x1a\n" or len(png) < 24:
        raise ValueError(f"{title}: not a PNG picture")
    width, height = struct.unpack(">II", png[16:24])
    return Figure(title, alt, "data:image/png;base64," + base64.b64encode(png).decode(), width, height)


def shortened(table_rows: list[list[Cell]], limit: int, where: str) -> tuple[list[list[Cell]], list[str]]:
    """Return the first ``limit`` rows, and a note that says how many are left out and where they are."""
    left = len(table_rows) - limit
    if left <= 0:
        return table_rows, []
    return table_rows[:limit], [f"{wording.count(left)} more rows are in {where}."]
