"""Names and numbers as they are printed on a plot."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from matplotlib.font_manager import findfont, get_font

_METRICS = {
    "accuracy": "accuracy",
    "f1": "F1",
    "auc": "AUC",
    "ap": "average precision",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "mcc": "Matthews correlation",
}


def metric_name(metric: str) -> str:
    """Return the printed name of a metric's key, for example ``log-loss`` for ``log_loss``."""
    return _METRICS.get(metric, metric.replace("_", " "))


def number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with a fixed number of digits, or ``not defined`` for None and NaN."""
    return "not defined" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def count(value: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 row``, ``3,277 rows``."""
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def shortened(name: str, limit: int = 40) -> str:
    """Return ``name`` on one line, drawable, and cut in its middle when longer than ``limit`` characters.

    Both ends are kept: names start with their table and end with what tells them apart.
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


def population(counts: Mapping[str, Any], unit: str) -> str:
    """Say over what the scores of a backend were taken.

    Args:
        counts: the ``counts`` of metrics.json.
        unit: name of the column that tells the units apart.
    """
    repeats = int(counts["repeats"])
    folds = count(int(counts["folds"]), "test fold")
    if repeats > 1:
        folds += f" ({repeats} repeats of {counts['n_splits']})"
    rows, units, groups = (count(int(counts[f"{noun}s"]), noun) for noun in ("row", "unit", "group"))
    return f"{rows} of {units} ({shortened(unit, 30)}) in {groups}; {folds}"


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
