"""Where the nets of a mind live and how a process is prepared for them: decided here alone."""

import ctypes
import sys
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from rumpus.errors import InputError
from rumpus.types import Array

Device = Literal["auto", "cpu", "cuda"]
CPU = torch.device("cpu")
GLIBC_TRIM, GLIBC_MAP = -1, -3  # names of settings, malloc.h
KEPT_BYTES, MAPPED_BYTES = 2**28, 2**25  # the larger batches' pictures are some megabytes


def choose_device(asked: Device) -> torch.device:
    """The device that was asked for; "auto" is CUDA where there is one.

    Raises:
        InputError: when CUDA was asked for and torch finds none.
    """
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise InputError(
            "The device cuda was asked for, but torch finds no CUDA device here; use --device cpu, "
            "or install a build of torch for the driver of this machine."
        )
    return torch.device("cuda" if found and asked != "cpu" else "cpu")


def prepare_process() -> None:
    """Set this process up for small nets, so that they are fast and their sums come out the same.

    One thread, because several wait for each other longer than they help, and then a machine with
    more cores adds up in the same order. And memory that was freed is kept for the next batch: to
    get it anew from the system takes a twelfth of all the time on Linux.
    """
    torch.set_num_threads(1)
    if sys.platform == "linux":
        keep = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
        if keep:
            keep(GLIBC_TRIM, KEPT_BYTES)
            keep(GLIBC_MAP, MAPPED_BYTES)


def to_device(array: Array, device: torch.device) -> Tensor:
    """An array of a batch as a tensor on the device, dtype unchanged."""
    # Memory hands out read-only rows, and torch takes only writable ones: those are copied.
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def all_to_device(arrays: Mapping[str, Array], device: torch.device) -> dict[str, Tensor]:
    """Readings by sensor name as tensors on the device."""
    return {name: to_device(array, device) for name, array in arrays.items()}


def to_array(tensor: Tensor) -> Array:
    """A tensor from any device as a float32 array."""
    array: Array = tensor.detach().float().cpu().numpy()
    return array
