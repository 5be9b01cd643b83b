"""Return the freed memory of a job to the operating system."""

import ctypes

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_BYTES = 8 << 20


def return_freed_memory() -> None:
    """Let Arrow and the C library keep little of the memory that is freed; call it before reading a large table.

    Arrow's own pool keeps memory that it once used, 0.7 times a table of 1,000,000 x 50, and glibc raises the size
    from which memory is returned with every array that is freed.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _BYTES)
        set_option(_M_TRIM_THRESHOLD, _BYTES)


def release_memory() -> None:
    """Return free memory of Arrow to the operating system now."""
    pa.default_memory_pool().release_unused()
