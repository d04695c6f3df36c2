"""Small layers on pooled vectors, in fp32 whatever the backbone computes in."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.core.seeds import derive_seed


class MlpScore(nn.Module):
    """Two layers from a pair's vector to its score: w2 . gelu(W1 x + b1) + b2.

    Args:
        dimension: width of the pair's vector.
        hidden: width of the layer between.
        seed: of the first values.
    """

    def __init__(self, dimension: int, hidden: int, seed: int) -> None:
        super().__init__()
        self.inner = seeded_linear(dimension, hidden, seed, "mlp_score", "inner")
        self.outer = seeded_linear(hidden, 1, seed, "mlp_score", "outer")

    def forward(self, pooled: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return one logit a pair."""
        with torch.autocast(pooled.device.type, enabled=False):
            score: Tensor = self.outer(nn.functional.gelu(self.inner(pooled)))
            return score.squeeze(-1)


class YesNoScore(nn.Module):
    """The margin logit(yes) - logit(no) from two rows of the language-model head, which are fixed.

    Args:
        rows: the head's rows for yes and for no, in this order.
    """

    def __init__(self, rows: Float[Tensor, "2 d"]) -> None:
        super().__init__()
        self.register_buffer("rows", rows.float())
        self.rows: Tensor

    def forward(self, last: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return one margin a row of last-token vectors."""
        with torch.autocast(last.device.type, enabled=False):
            return last @ (self.rows[0] - self.rows[1])


def seeded_linear(inputs: int, outputs: int, seed: int, *names: str) -> nn.Linear:
    """Return a linear layer with Glorot weights from a stream of its own, and zero bias."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    random = torch.Generator().manual_seed(derive_seed(seed, *names))
    nn.init.xavier_uniform_(layer.weight, generator=random)
    nn.init.zeros_(layer.bias)
    return layer
