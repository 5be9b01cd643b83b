"""One step of the workflow: its log, its thread variables, and how it ends when the user erred."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldwise.errors import UserError

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
# CatBoost's allocator would keep what a fit has freed, half a table of 1,000,000 x 50, until the next one runs.
_MEMORY_VARIABLES = {"MIMALLOC_PURGE_DELAY": "0"}


@contextmanager
def step(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Run a block with everything it prints in ``log``, C++ output included.

    The three backends print from C++, past ``sys.stdout``: only duplicating the file descriptors
    catches that. The variables must stand before numpy and the backends are imported, so a
    script imports what it needs inside the block. A :class:`UserError` ends the process with
    status 1 and one ``error:`` line; any other exception with its traceback.

    Args:
        log: file to write to; its folder is made.
        threads: value for the thread variables of OpenMP and the BLAS libraries.
    """
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)) | _MEMORY_VARIABLES)
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    try:
        yield
    except UserError as mistake:
        sys.stdout.flush()
        print(f"error: {mistake}", file=sys.stderr, flush=True)
        sys.exit(1)
    except Exception:
        sys.stdout.flush()
        traceback.print_exc()
        print("error: this is a fault of foldwise, not of your data: please report the lines above.", flush=True)
        sys.exit(1)
