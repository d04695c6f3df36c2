"""Dropout whose mask is drawn fast on a CPU.

torch draws a CPU mask one Bernoulli value after another; with LoRA's dropout before each of 210
projections that was a fifth of a training step of SmolLM2-135M. Here one 64-bit draw decides four
places (`gonogo.models.kernels.random_bits`).
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from gonogo.models.kernels.random_bits import RandomBits
from gonogo.models.kernels.replacement import replace_layers


class Dropout(nn.Module):
    """Zero each value with probability ``p`` while training, and scale the others up.

    Seeding and replaying torch's own generator seeds and replays the mask.

    Args:
        p: probability of a zero, on a CPU to the nearest 1/65536.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        """Return the values with some of them zeroed."""
        if not self.training or values.device.type != "cpu" or self.p in (0.0, 1.0):
            return nn.functional.dropout(values, self.p, self.training)
        return values * RandomBits().keep(values, self.p)

    def extra_repr(self) -> str:
        """Return what to show of it when a model is printed."""
        return f"p={self.p}"


def replace_dropout(module: nn.Module) -> None:
    """Put this dropout in the place of every one of torch's inside ``module``."""
    replace_layers(module, (nn.Dropout,), lambda layer: Dropout(layer.p))
