"""Whether the device that the configuration asks for is there."""

import ctypes

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.errors import UserError


def check_device(device: str, backend: str) -> None:
    """Refuse a device that is missing or that the backend's package cannot use.

    Raises:
        UserError: before anything is trained.
    """
    if device == "cpu":
        return
    if not SPECIFICATIONS[backend].cuda:
        raise UserError(f"training.device: cuda: the package of {backend} runs on the CPU only: use device: cpu for it")
    if cuda_devices() == 0:
        raise UserError("training.device: cuda: no CUDA device is found on this machine: set device: cpu")


def cuda_devices() -> int:
    """Return the number of CUDA devices that the driver shows, 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
