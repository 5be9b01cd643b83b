"""The one exception that stands for a user's mistake."""

import errno
import os
import reprlib
import shutil
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

_LONGEST_MESSAGE = 2000
_LONGEST_NAME = 200

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)

# Less than the smallest result with its block: a library that says nothing of the reason has met a full disk.
_NO_ROOM = 16_384


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


def refusal(fault: BaseException, path: str | Path | None = None) -> UserError | None:
    """Return the line for a write that the disk refused, None for any other fault.

    Libraries written in C++ hide the reason behind errors of their own: then the room that is left decides.

    Args:
        fault: what was raised.
        path: the file that was to be written, where that is known.
    """
    number = fault.errno if isinstance(fault, OSError) else None
    named = getattr(fault, "filename", None) or path
    where = f"{named}: " if named else ""
    if number in _FULL or (path is not None and _is_full(Path(path).parent)):
        return UserError(
            f"{where}no space is left on its disk: make room and run the same command again: what is finished stays"
        )
    if number in _CLOSED:
        return UserError(
            f"{where}{os.strerror(number)}: nothing can be written there: mend the permissions, or run "
            "where you may write"
        )
    return None


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False
