"""A bidirectional GRU over a context (Cho et al. 2014, arXiv 1406.1078), averaged."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gonogo.core.seeds import derive_seed
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.spec.next_vector.towers import GruContext


class Gru(nn.Module):
    """One query a context: the mean of both directions' states, and a linear layer.

    Padding is never read: a context gives the same query alone and beside longer ones.

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
        """Return one query a context; padding stands in front."""
        states = self._whole(context) if bool(present.all()) else self._short(context, present)
        query: Tensor = self.out(self.drop(states))
        return query

    def _whole(self, context: Float[Tensor, "n t d"]) -> Float[Tensor, "n h"]:
        states: Tensor = self.gru(context)[0]
        return states.mean(dim=1)

    def _short(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n h"]:
        """Average where some contexts are shorter; packed, so that no state has seen padding."""
        lengths = present.sum(dim=1)
        # What is present is moved to the front, where packing expects it; its order stays.
        order = (~present).to(torch.uint8).argsort(dim=1, stable=True)
        front = context.gather(1, order.unsqueeze(-1).expand_as(context))
        packed: PackedSequence = pack_padded_sequence(
            front, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states = pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]  # padded with 0
        return states.sum(dim=1) / lengths.unsqueeze(-1)
