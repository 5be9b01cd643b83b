"""Tables, cells and figures as plain values, which the templates turn into HTML."""

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from foldwise.results import wording


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: the text.
        small: a second line in small type.
        value: the exact number as text, by which the column is sorted.
        kind: CSS class.
        href: target of a link, or empty.
        badge: ``pass``, ``info``, ``warn`` or ``fail`` for the colour of that audit level, or empty.
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
    """A table; ``caption`` says what its numbers are computed on, ``notes`` are printed below it."""

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
    """Return a numeric cell with the value as text and, for sorting, the exact value."""
    kind = "undefined" if value is None else "number"
    return Cell(written, small, None if value is None else json.dumps(value), kind)


def metric(value: float | None, small: str = "") -> Cell:
    """Return a cell with a metric, three decimals."""
    return number(value, wording.number(value), small)


def count(value: float | None) -> Cell:
    """Return a cell with a count."""
    return number(value, wording.count(value))


def anything(value: Any) -> Cell:
    """Return a cell for a value of any type, such as the evidence of a check."""
    written = wording.anything(value)
    return number(value, written) if value is None or wording.is_number(value) else text(written)


def figure(png: bytes, title: str, alt: str) -> Figure:
    """Embed a PNG as a data URI.

    Raises:
        ValueError: when the bytes are not a PNG picture.
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
