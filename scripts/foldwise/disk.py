"""What a disk refuses, told in one line."""

import errno
import os
import shutil
from pathlib import Path

from foldwise.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
# Less than the smallest result with its block: a library that says nothing of the reason has met a full disk.
_NO_ROOM = 16_384


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
