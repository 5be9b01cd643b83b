"""The exception for a user's mistake, and helpers that word messages: counts with a noun, lists of names."""

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

# Less than the smallest result takes: with so little free space, an error without a number means a full disk.
_NO_ROOM = 16_384


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # A whole number of more than 4,300 digits has no text at all.
        return f"a number of {x.bit_length()} bits" if x.bit_length() > _LONGEST_NAME else super().repr_int(x, level)


_short = _Short()
_short.maxlevel = 3
_short.maxstring = _short.maxother = _LONGEST_NAME


class UserError(Exception):
    """A mistake in the configuration or in the data, reported in one line without a traceback.

    The message says what is wrong, where, and how to fix it.
    """

    def __init__(self, message: str) -> None:
        """Keep the message as one line; the middle of a very long one is left out."""
        line = " ".join(message.split())
        half = _LONGEST_MESSAGE // 2
        super().__init__(line if len(line) <= _LONGEST_MESSAGE else f"{line[:half]} ... {line[-half:]}")


def shown(value: object) -> str:
    """Return the ``repr`` of a value of a configuration or a table, shortened where it is long.

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


def counted(count: float, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    Args:
        count: a whole number.
        noun: the singular.
        plural: the plural where it is not the singular with an ``s``.

    Example:
        >>> counted(1, "row"), counted(3277, "row"), counted(2, "entry", "entries")
        ('1 row', '3,277 rows', '2 entries')
    """
    return f"{count:,.0f} {noun if count == 1 else plural or noun + 's'}"


def joined(names: Iterable[object], limit: int = 8, separator: str = ", ") -> str:
    """Join the first names of a list and say how many are left out.

    Example:
        >>> joined(["auc", "f1", "ap"]), joined(range(5), limit=2)
        ('auc, f1, ap', '0, 1 and 3 more')
    """
    texts = [str(name) for name in names]
    left_out = len(texts) - limit
    return separator.join(texts[:limit]) + (f" and {left_out:,} more" if left_out > 0 else "")


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join the first names of a list as :func:`joined` does, each as Python writes it.

    Example:
        >>> listed(["auc", "f1"])
        "'auc', 'f1'"
    """
    return joined(map(shown, names), limit)


def refusal(fault: BaseException, path: str | Path | None = None) -> UserError | None:
    """Return the line for a write that the disk refused, None for any other fault.

    Libraries written in C++ raise errors of their own: then the free space on the disk decides.

    Args:
        fault: the exception.
        path: the file that was to be written, if it is known.
    """
    number = fault.errno if isinstance(fault, OSError) else None
    named = getattr(fault, "filename", None) or path
    where = f"{named}: " if named else ""
    if number in _FULL or (path is not None and _is_full(Path(path).parent)):
        return UserError(
            f"{where}no space is left on its disk: make room and run the same command again: finished results are kept"
        )
    if number in _CLOSED:
        return UserError(
            f"{where}{os.strerror(number)}: nothing can be written there: fix the permissions, or run "
            "where you may write"
        )
    return None


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False
