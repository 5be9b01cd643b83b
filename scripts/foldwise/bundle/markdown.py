"""Text of users inside Markdown: it must stay text."""

import re
from typing import Any

from foldwise.report.html_table import Table

# Everywhere: what opens code, emphasis, a link, HTML, a table cell, strikethrough, a formula, an entity or a mention.
_SPECIAL = re.compile(r"[\\`*\[\]<>&|~$#@]")

# Inside a word an underscore is only an underscore.
_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# What a page would turn into a link by itself, and codes of emoji.
_LINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|:(?=\w+:)")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escape(value: Any) -> str:
    """Return a value as text for one line of Markdown: nothing in it is read as markup.

    Control characters, line ends and marks that turn the direction of writing become a space.
    """
    if isinstance(value, Markdown):
        return value
    text = _UNSEEN.sub(" ", "" if value is None else str(value))
    for pattern in (_SPECIAL, _OUTER_UNDERSCORE, _LINK):
        text = pattern.sub(lambda match: f"\\{match[0]}", text)
    return text


def table(found: Table) -> Markdown:
    """Return a table with its caption above it and its notes below."""
    lines = [
        [_two_lines(c.label, f"({c.small})" if c.small else "") for c in found.columns],
        ["---:" if c.numeric else "---" for c in found.columns],
        *([_two_lines(c.text, c.small) for c in row] for row in found.rows),
    ]
    written = [f"| {' | '.join(cells)} |" for cells in lines]
    return Markdown("\n".join([escape(found.caption), "", *written, *(f"\n{escape(note)}" for note in found.notes)]))


def _two_lines(text: str, small: str) -> str:
    return escape(text) + (f"<br>{escape(small)}" if small else "")
