"""A linear layer whose first values come from a stream of its own."""

from __future__ import annotations

import torch
from torch import nn

from gonogo.core.seeds import derive_seed


def seeded_linear(inputs: int, outputs: int, seed: int, *names: str) -> nn.Linear:
    """Return a linear layer with Glorot weights from a stream of its own, and zero bias."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    random = torch.Generator().manual_seed(derive_seed(seed, *names))
    nn.init.xavier_uniform_(layer.weight, generator=random)
    nn.init.zeros_(layer.bias)
    return layer
