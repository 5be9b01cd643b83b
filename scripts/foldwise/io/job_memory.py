"""Memory of a job: what is freed goes back to the operating system."""

import ctypes

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_BYTES = 8 << 20


def return_freed_memory() -> None:
    """Let arrow and the C library keep little of what is freed; to be called before a large table is read.

    Arrow's own pool keeps what it once had, 0.7 times a table of 1,000,000 x 50, and glibc raises the size
    from which an array is given back with every array that it frees.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _BYTES)
        set_option(_M_TRIM_THRESHOLD, _BYTES)


def release_memory() -> None:
    """Give back now what is free."""
    pa.default_memory_pool().release_unused()
