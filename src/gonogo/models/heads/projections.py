"""Heads from a backbone's pooled vector to the embedding that is searched."""

from __future__ import annotations

from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.models.kernels.dropout import Dropout
from gonogo.models.parts.heads import seeded_linear
from gonogo.spec.model.projections import MlpProjection, ProjectionSpec, ResidualProjection


class Mlp(nn.Module):
    """``W2 dropout(gelu(W1 x + b1)) + b2``, in fp32 parameters.

    Args:
        inputs: width of the vectors it reads.
        hidden: width of the layer between.
        outputs: width of the embedding.
        dropout: between the two layers.
        seed: of the first values.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, dropout: float, seed: int) -> None:
        super().__init__()
        self.dimension = outputs
        self.inner = seeded_linear(inputs, hidden, seed, "projection", "inner")
        self.outer = seeded_linear(hidden, outputs, seed, "projection", "outer")
        self.drop = Dropout(dropout)

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        projected: Tensor = self.outer(self.drop(nn.functional.gelu(self.inner(base))))
        return projected


class ResidualMlp(nn.Module):
    """``mlp(u) + s W u`` on ``u = x / |x|``: an MLP beside a linear skip with a learned scale.

    Args:
        inputs: width of the vectors it reads.
        hidden: width of the MLP's layer between.
        outputs: width of the embedding.
        dropout: in the MLP.
        skip_scale: first value of s.
        seed: of the other first values.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        dropout: float,
        skip_scale: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.dimension = outputs
        self.mlp = Mlp(inputs, hidden, outputs, dropout, seed)
        self.skip = seeded_linear(inputs, outputs, seed, "projection", "skip")
        self.skip.register_parameter("bias", None)
        self.skip_scale = nn.Parameter(torch.tensor(float(skip_scale)))

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        unit = nn.functional.normalize(base, dim=-1)
        projected: Tensor = self.mlp(unit) + self.skip_scale * self.skip(unit)
        return projected

    @torch.no_grad()
    def start_skip(self, directions: Float[Tensor, "e d"]) -> None:
        """Set the skip's first value, such as the leading directions of the vectors."""
        self.skip.weight.copy_(directions)


class LinearMap(nn.Module):
    """``W (x / |x| - m)`` with fixed values: what a head that learns is held against.

    Args:
        directions: W, one row an output.
        mean: m; zeros leave the vectors where they are.
    """

    def __init__(self, directions: Float[Tensor, "e d"], mean: Float[Tensor, "d"]) -> None:
        super().__init__()
        self.dimension = len(directions)
        self.register_buffer("directions", directions.float())
        self.register_buffer("mean", mean.float())
        self.directions: Tensor
        self.mean: Tensor

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        unit = nn.functional.normalize(base.float(), dim=-1)
        return (unit - self.mean) @ self.directions.T


Projection = Mlp | ResidualMlp | LinearMap


def build_projection(spec: ProjectionSpec, inputs: int, seed: int) -> Projection:
    """Return the head that ``spec`` describes, on vectors of width ``inputs``."""
    match spec:
        case MlpProjection():
            hidden = round(spec.widening * inputs)
            return Mlp(inputs, hidden, spec.dimension, spec.dropout, seed)
        case ResidualProjection():
            return ResidualMlp(
                inputs, spec.hidden, spec.dimension, spec.dropout, spec.skip_scale, seed
            )
        case _:
            assert_never(spec)


def project(
    projection: Projection | None, base: Float[Tensor, "n d"], normalised: bool
) -> Float[Tensor, "n e"]:
    """Return the embedding of pooled vectors; without a projection they are it themselves."""
    embedded = base if projection is None else projection(base).float()
    return nn.functional.normalize(embedded, dim=-1) if normalised else embedded
