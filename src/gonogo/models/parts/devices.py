"""Which device computes, in which number format."""

from __future__ import annotations

import ctypes
import platform
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision

DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


def resolve_device(device: Literal["auto"] | Device) -> Device:
    """Return the device to compute on; ``auto`` is CUDA, else MPS, else the CPU.

    Raises:
        UserError: when a device is named that this machine does not have.
    """
    present: dict[Device, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, here in present.items() if here)
    if not present[device]:
        here = ", ".join(name for name, is_here in present.items() if is_here)
        raise UserError(f"this machine has no device {device!r}", hint=f"it has: {here}")
    return device


def resolve_precision(precision: Literal["auto"] | Precision, device: Device) -> Precision:
    """Return the number format; ``auto`` is the fastest that the device computes in hardware."""
    if precision != "auto":
        return precision
    match device:
        case "cuda":
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        case "mps":
            return "fp16"
        case "cpu":
            return "bf16" if _cpu_multiplies_bf16() else "fp32"


def autocast(device: Device, precision: Precision) -> AbstractContextManager[object]:
    """Return the context in which matrix products run in ``precision``."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device, dtype=DTYPES[precision])


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # malloc.h


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed tensors for the next ones, on a CPU.

    By default it hands every large block back to the system at once, and each new tensor's pages
    are made, and zeroed, anew: a sixth of a training step. Other C libraries are left alone.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_MMAP_THRESHOLD, 2**30)  # above, blocks still go back: banks, not activations
        # What one thread has freed, all can use. Where threads already have heaps of their own,
        # of 64 MB, an empty one goes back unless as much may be spare.
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_TOP_PAD, 2**26)


def _cpu_multiplies_bf16() -> bool:
    """Return whether the CPU has bf16 products; emulated ones are slower than fp32."""
    names = torch.cpu.get_capabilities()
    return any(names.get(name) for name in ("avx512_bf16", "amx_bf16", "amx_tile", "bf16"))
