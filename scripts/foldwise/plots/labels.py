"""Texts on a plot: long names are shortened, undrawable characters escaped."""

from functools import cache

from matplotlib.font_manager import findfont, get_font

from foldwise.evaluation.records import Counts
from foldwise.results.wording import counted


def shortened(name: str, limit: int = 40) -> str:
    """Return ``name`` on one line, drawable, and cut in its middle when longer than ``limit`` characters.

    Both ends are kept: names start with their table and differ at their end.
    """
    text = drawable(name) or "(empty name)"
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def drawable(text: str) -> str:
    """Write as escapes the characters that cannot be drawn, so that two names never look the same.

    Control characters and those that the font lacks (``特`` becomes ``\\u7279``) would all be empty boxes.
    """
    return "".join(
        char if char.isprintable() and ord(char) in _glyphs() else char.encode("unicode_escape").decode()
        for char in text
    )


def population(counts: Counts, unit: str) -> str:
    """Write what the metrics of a model are computed on: rows, units (with their column), groups and test folds."""
    folds = counted(counts.folds, "test fold")
    if counts.repeats > 1:
        folds += f" ({counts.repeats} repeats of {counts.n_splits})"
    units = f"{counted(counts.units, 'unit')} ({shortened(unit, 30)})"
    return f"{counted(counts.rows, 'row')} of {units} in {counted(counts.groups, 'group')}; {folds}"


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
