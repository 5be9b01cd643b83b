"""The frame of a job: its log, its thread variables, and one error line for a mistake of the user."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from foldwise.errors import UserError, refusal

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

# CatBoost's allocator would keep the memory that a fit has freed, half a table of 1,000,000 x 50, until the next fit.
_MEMORY_VARIABLES = {"MIMALLOC_PURGE_DELAY": "0"}


@contextmanager
def step(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Run a block and write everything that it prints to ``log``, output of C++ code included.

    The three backends print from C++, not through ``sys.stdout``: only redirected file descriptors catch that. The
    variables must be set before numpy and the backends are imported, so a script imports them inside the block. A
    :class:`UserError`, or a disk that is full or read-only, ends the process with status 1 and one ``error:`` line;
    any other exception also with its traceback.

    Args:
        log: file to write to; its folder is created.
        threads: value of the thread variables of OpenMP and the BLAS libraries.
    """
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)) | _MEMORY_VARIABLES)
    terminal = os.dup(2)
    try:
        _redirect(Path(log))
        yield
        sys.stdout.flush()
    except Exception as fault:
        _end(fault, terminal)


def _redirect(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _end(fault: Exception, terminal: int) -> NoReturn:
    """Write the reason to the log, or to the original stderr where the log cannot be written, and exit."""
    mistake = fault if isinstance(fault, UserError) else refusal(fault)
    lines = f"error: {mistake}"
    if mistake is None:
        lines = "".join(traceback.format_exception(fault))
        lines += "error: this is a fault of foldwise, not of your data: please report the lines above."
    # Not through sys.stderr: it would keep what it could not write and write it a second time at exit.
    with suppress(OSError):
        sys.stdout.flush()
    for descriptor in (2, terminal):
        with suppress(OSError):
            _write_whole(descriptor, f"{lines}\n".encode(errors="backslashreplace"))
            break
    sys.exit(1)


def _write_whole(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
