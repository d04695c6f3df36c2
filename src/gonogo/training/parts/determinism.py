"""Equal seeds give equal bits: random numbers by step number, and kernels without races."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from gonogo.core.seeds import derive_seed


@contextmanager
def deterministic(device: str) -> Iterator[None]:
    """Choose deterministic kernels inside, and leave the caller's generators as they were."""
    if device == "cuda":
        # cuBLAS sums in a fixed order only with a workspace of fixed size.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filling: Any = torch.utils.deterministic
    filled = filling.fill_uninitialized_memory
    with torch.random.fork_rng(**_generators(device)):
        try:
            # Metal lacks deterministic forms of some kernels: there, warn instead of failing.
            torch.use_deterministic_algorithms(True, warn_only=device == "mps")
            filling.fill_uninitialized_memory = False  # a debugging aid that costs time
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=only_warned)
            filling.fill_uninitialized_memory = filled


def _generators(device: str) -> dict[str, Any]:
    """Return which generators besides the CPU's have to be saved."""
    if device == "cpu":
        return {"devices": []}
    if device == "cuda":
        return {"devices": [torch.cuda.current_device()]}
    return {"devices": [0], "device_type": device}


def seed_step(seed: int, step: int) -> None:
    """Set torch's generators to what step ``step`` always draws from, resumed or not."""
    torch.manual_seed(derive_seed(seed, "step", step))
