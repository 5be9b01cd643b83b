"""Escape text for Markdown, and write tables in it."""

import re
from typing import Any

from foldwise.report.html_table import Table

# Start of code, emphasis, a link, HTML, a table cell, strikethrough, a formula, an entity or a mention.
_SPECIAL = re.compile(r"[\\`*\[\]<>&|~$#@]")

# An underscore inside a word is not markup.
_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# Text that renderers turn into links, and emoji codes.
_LINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|:(?=\w+:)")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escape(value: Any) -> str:
    """Return a value as text for one line of Markdown: nothing in it is read as markup.

    Control characters, line ends and marks that change the writing direction become a space.
    """
    if isinstance(value, Markdown):
        return value
    text = _INVISIBLE.sub(" ", "" if value is None else str(value))
    for pattern in (_SPECIAL, _OUTER_UNDERSCORE, _LINK):
        text = pattern.sub(lambda match: f"\\{match[0]}", text)
    return text


def table(content: Table) -> Markdown:
    """Return a table with its caption above it and its notes below."""
    lines = [
        [_two_lines(c.label, f"({c.small})" if c.small else "") for c in content.columns],
        ["---:" if c.numeric else "---" for c in content.columns],
        *([_two_lines(c.text, c.small) for c in row] for row in content.rows),
    ]
    written = [f"| {' | '.join(cells)} |" for cells in lines]
    return Markdown(
        "\n".join([escape(content.caption), "", *written, *(f"\n{escape(note)}" for note in content.notes)])
    )


def _two_lines(text: str, small: str) -> str:
    return escape(text) + (f"<br>{escape(small)}" if small else "")
