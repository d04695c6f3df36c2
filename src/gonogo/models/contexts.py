"""What reads a context of vectors: one encoder a class, from a specification or a seed."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.core.seeds import derive_seed
from gonogo.models.heads import seeded_linear
from gonogo.spec.towers import ContextSpec, GruContext


class Gru(nn.Module):
    """A bidirectional GRU (Cho et al. 2014, arXiv 1406.1078), its mean, and a linear layer.

    Args:
        spec: width, layers, dropout.
        dimension: width of the vectors read and returned.
        seed: of the first values.
    """

    def __init__(self, spec: GruContext, dimension: int, seed: int) -> None:
        super().__init__()
        self.gru = nn.GRU(dimension, spec.hidden, spec.layers, batch_first=True, bidirectional=True)
        bound = spec.hidden**-0.5  # torch's own start, but from a stream of the trial's seed
        random = torch.Generator().manual_seed(derive_seed(seed, "query_tower", "gru"))
        for parameter in self.gru.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=random)
        self.drop = nn.Dropout(spec.dropout)
        self.out = seeded_linear(2 * spec.hidden, dimension, seed, "query_tower", "out")

    def forward(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return one query a context."""
        states, _ = self.gru(context)
        weights = present.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
        query: Tensor = self.out(self.drop(mean))
        return query


def build_context(spec: ContextSpec, dimension: int, seed: int) -> nn.Module:
    """Return the encoder that ``spec`` describes."""
    match spec:
        case GruContext():
            return Gru(spec, dimension, seed)
