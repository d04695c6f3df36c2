"""Heads that start as the identity: untrained, they rank as the backbone below them does.

A fresh random head first destroys what the backbone knows, and a short training does not win it
back; one whose last layer starts at 0 beside a skip (Zhang et al. 2019, Fixup, arXiv 1901.09321)
starts where the backbone stands.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.models.heads.projection import DenseLayer, Projection
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.parts.seeded_linear import seeded_linear


class IdentityResidual(Projection):
    """``s (u + W2 dropout(gelu(W1 u + b1)) + b2)`` on ``u = x / |x|``: W2, b2 = 0 and s = sqrt(d).

    Args:
        width: d, of the vectors it reads and of the embedding.
        hidden: width of the layer between.
        dropout: between the two layers.
        seed: of W1.
    """

    reads_unit = True

    def __init__(self, width: int, hidden: int, dropout: float, seed: int) -> None:
        super().__init__(width)
        self.inner = seeded_linear(width, hidden, seed, "projection", "inner")
        self.outer = seeded_linear(hidden, width, seed, "projection", "outer")
        self.drop = Dropout(dropout)
        self.scale = nn.Parameter(torch.tensor(math.sqrt(width)))
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Return embeddings, not normalised."""
        unit = nn.functional.normalize(base, dim=-1)
        embedded: Tensor = self.scale * (
            unit + self.outer(self.drop(nn.functional.gelu(self.inner(unit))))
        )
        return embedded

    def dense(self) -> list[DenseLayer]:
        """Return two layers, through which u passes unchanged, as GELU(x) - GELU(-x) = x."""
        eye = torch.eye(self.dimension, device=self.scale.device)
        inner = torch.cat([self.inner.weight, eye, -eye])
        bias = torch.cat([self.inner.bias, eye.new_zeros(2 * self.dimension)])
        outer = self.scale * torch.cat([self.outer.weight, eye, -eye], dim=1)
        return [
            DenseLayer(inner, bias, "activation.GELU"),
            DenseLayer(outer, self.scale * self.outer.bias, "linear.Identity"),
        ]


@torch.no_grad()
def pass_on(inner: nn.Linear, outer: nn.Linear) -> None:
    """Let ``outer(gelu(inner(x)))`` return x: two rows a coordinate, as GELU(x) - GELU(-x) = x.

    Rows of ``inner`` beyond these keep their first values; ``outer`` does not read them yet.
    """
    width = inner.in_features
    eye = torch.eye(width, device=inner.weight.device)
    inner.weight[: 2 * width] = torch.cat([eye, -eye])
    inner.bias[: 2 * width] = 0
    outer.weight.zero_()
    outer.weight[:, : 2 * width] = torch.cat([eye, -eye], dim=1)
    outer.bias.zero_()


def same_width(inputs: int, dimension: int) -> None:
    """Refuse a head that starts as the identity and is not as wide as what it reads.

    Raises:
        UserError: naming the width that it must have.
    """
    if dimension != inputs:
        raise UserError(
            f"a head of width {dimension} on vectors of width {inputs} is no identity at its start",
            place="model.projection.dimension",
            hint=f"write dimension: {inputs}, or start: random",
        )
