"""How much memory the training took."""

from __future__ import annotations

import sys

import psutil
import torch

_MEBI = 2.0**20


def peak_memory_mb(device: str) -> float:
    """Return the peak in MiB: of this process, or of the GPU's allocator where one is used."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / _MEBI
    try:
        import resource
    except ImportError:  # Windows counts the peak itself
        return float(psutil.Process().memory_info().peak_wset) / _MEBI
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (_MEBI if sys.platform == "darwin" else 2.0**10)
