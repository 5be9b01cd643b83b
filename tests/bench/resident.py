"""Resident memory of this process, now and at its peak."""

from pathlib import Path


def now_mb() -> float:
    """Return the resident memory in 10**6 bytes."""
    return _status("VmRSS")


def peak_mb() -> float:
    """Return its highest value so far in 10**6 bytes."""
    # VmHWM and not ru_maxrss: that one starts at the peak of the process that started this one.
    return _status("VmHWM")


def _status(key: str) -> float:
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 / 1e6 for line in file if line.startswith(f"{key}:"))
