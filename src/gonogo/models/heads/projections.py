"""Heads from a backbone's pooled vector to the embedding that is searched."""

from __future__ import annotations

from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.models.heads.identity_start import IdentityResidual, pass_on, same_width
from gonogo.models.heads.projection import DenseLayer, Projection, Start
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.spec.model.projections import MlpProjection, ProjectionSpec, ResidualProjection


class Mlp(Projection):
    """``W2 dropout(gelu(W1 x + b1)) + b2``, in fp32 parameters.

    Args:
        inputs: width of the vectors it reads.
        hidden: width of the layer between.
        outputs: width of the embedding.
        dropout: between the two layers.
        seed: of the first values.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, dropout: float, seed: int) -> None:
        super().__init__(outputs)
        self.inner = seeded_linear(inputs, hidden, seed, "projection", "inner")
        self.outer = seeded_linear(hidden, outputs, seed, "projection", "outer")
        self.drop = Dropout(dropout)

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        projected: Tensor = self.outer(self.drop(nn.functional.gelu(self.inner(base))))
        return projected

    def dense(self) -> list[DenseLayer]:
        """Return its two layers."""
        return [
            DenseLayer(self.inner.weight, self.inner.bias, "activation.GELU"),
            DenseLayer(self.outer.weight, self.outer.bias, "linear.Identity"),
        ]


class ResidualMlp(Projection):
    """``mlp(u) + s W u`` on ``u = x / |x|``: an MLP beside a linear skip with a learned scale.

    Args:
        inputs: width of the vectors it reads.
        hidden: width of the MLP's layer between.
        outputs: width of the embedding.
        dropout: in the MLP.
        skip_scale: first value of s.
        seed: of the other first values.
        start: what the skip starts as.
    """

    reads_unit = True

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        dropout: float,
        skip_scale: float,
        seed: int,
        start: Start = "random",
    ) -> None:
        super().__init__(outputs)
        self.mlp = Mlp(inputs, hidden, outputs, dropout, seed)
        self.skip = seeded_linear(inputs, outputs, seed, "projection", "skip")
        self.skip.register_parameter("bias", None)
        self.skip_scale = nn.Parameter(torch.tensor(float(skip_scale)))
        self._start: Start = start

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        unit = nn.functional.normalize(base, dim=-1)
        projected: Tensor = self.mlp(unit) + self.skip_scale * self.skip(unit)
        return projected

    def dense(self) -> list[DenseLayer]:
        """Return two layers that the skip passes unchanged, as GELU(x) - GELU(-x) = x.

        The first computes the skip and its negative beside the MLP, the second subtracts them.
        """
        inner, outer, skip = self.mlp.inner, self.mlp.outer, self.skip.weight
        both = torch.cat([inner.bias, inner.bias.new_zeros(2 * len(skip))])
        scaled = self.skip_scale * torch.eye(len(skip), device=skip.device)
        return [
            DenseLayer(torch.cat([inner.weight, skip, -skip]), both, "activation.GELU"),
            DenseLayer(
                torch.cat([outer.weight, scaled, -scaled], dim=1), outer.bias, "linear.Identity"
            ),
        ]

    @property
    def start(self) -> Start:
        """Return what the skip starts as."""
        return self._start

    @torch.no_grad()
    def start_at(self, directions: Float[Tensor, "e d"]) -> None:
        """Set the skip's first value, such as the leading directions of the vectors."""
        self.skip.weight.copy_(directions)


class LinearMap(Projection):
    """``W (x / |x| - m)`` with fixed values: what a head that learns is held against.

    Args:
        directions: W, one row an output.
        mean: m; zeros leave the vectors where they are.
    """

    reads_unit = True

    def __init__(self, directions: Float[Tensor, "e d"], mean: Float[Tensor, "d"]) -> None:
        super().__init__(len(directions))
        self.register_buffer("directions", directions.float())
        self.register_buffer("mean", mean.float())
        self.directions: Tensor
        self.mean: Tensor

    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""
        unit = nn.functional.normalize(base.float(), dim=-1)
        return (unit - self.mean) @ self.directions.T

    def dense(self) -> list[DenseLayer]:
        """Return one layer, the mean in its bias."""
        return [DenseLayer(self.directions, -self.directions @ self.mean, "linear.Identity")]


def build_projection(spec: ProjectionSpec, inputs: int, seed: int) -> Projection:
    """Return the head that ``spec`` describes, on vectors of width ``inputs``.

    Raises:
        UserError: for one that is to start as the identity and has another width.
    """
    match spec:
        case MlpProjection():
            hidden = round(spec.widening * inputs)
            mlp = Mlp(inputs, hidden, spec.dimension, spec.dropout, seed)
            if spec.start == "identity":
                same_width(inputs, spec.dimension)
                pass_on(mlp.inner, mlp.outer)
            return mlp
        case ResidualProjection(start="identity"):
            same_width(inputs, spec.dimension)
            return IdentityResidual(inputs, spec.hidden, spec.dropout, seed)
        case ResidualProjection():
            return ResidualMlp(
                inputs,
                spec.hidden,
                spec.dimension,
                spec.dropout,
                spec.skip_scale,
                seed,
                spec.skip_start,
            )
        case _:
            assert_never(spec)
