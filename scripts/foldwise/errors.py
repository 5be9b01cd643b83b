"""The one exception that stands for a user's mistake."""

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_MESSAGE = 2000
_LONGEST_NAME = 200


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # A whole number of more than 4,300 digits has no text at all.
        return f"a number of {x.bit_length()} bits" if x.bit_length() > _LONGEST_NAME else super().repr_int(x, level)


_short = _Short()
_short.maxlevel = 3
_short.maxstring = _short.maxother = _LONGEST_NAME


class UserError(Exception):
    """A mistake in the configuration or in the data, told in one line without a traceback.

    The message names the thing, what was found and the way out.
    """

    def __init__(self, message: str) -> None:
        """Keep the message as one line, the middle of a very long one left out."""
        line = " ".join(message.split())
        half = _LONGEST_MESSAGE // 2
        super().__init__(line if len(line) <= _LONGEST_MESSAGE else f"{line[:half]} ... {line[-half:]}")


def shown(value: object) -> str:
    """Return a value of a configuration or a table as Python writes it, cut where that is long.

    YAML can repeat a value inside itself: a few lines of it would otherwise be written as gigabytes.
    """
    return _short.repr(value)


def nearest(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the known name closest to ``name``, or an empty string, as for a number."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    names = [str(k) for k in known]
    same_letters = [k for k in names if sorted(k) == sorted(name)]
    matches = same_letters or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join names for a message, the first ``limit`` of them, with the number that is left out."""
    texts = list(names)
    left = len(texts) - limit
    return ", ".join(map(shown, texts[:limit])) + (f" and {left} more" if left > 0 else "")
