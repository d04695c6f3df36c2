"""Attention over a context, from its weighted mean, with decays over the distance (ALiBi)."""

from __future__ import annotations

from math import sqrt

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.models.next_vector.decaying_means import DecayingMeans
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.spec.next_vector.towers import AttentionContext


class AttentionPooling(nn.Module):
    """``m(alpha) + A f + B gelu(C f)`` with f what the heads read; A and B start at 0.

    Pooling by multi-head attention (Lee et al. 2019, arXiv 1810.00825, section 3.2) whose seed is
    the context's own weighted mean; a head's bias falls linearly with the distance from the end
    (Press et al. 2022, arXiv 2108.12409), with a slope that is learned.

    Args:
        spec: heads, widths, dropout.
        dimension: width of the vectors read and returned.
        seed: of the first values.
    """

    def __init__(self, spec: AttentionContext, dimension: int, seed: int) -> None:
        super().__init__()
        self.heads, self.width = spec.heads, spec.width
        self.mean = DecayingMeans([spec.alpha])
        # From nearly the last vector alone to nearly all of the context.
        slopes = torch.logspace(-0.05, -1.5, spec.heads).tolist()
        self.decays = DecayingMeans(slopes)
        across, inputs = spec.heads * spec.width, spec.heads * dimension
        self.ask = seeded_linear(dimension, across, seed, "query_tower", "ask")
        self.key = seeded_linear(dimension, across, seed, "query_tower", "key")
        self.inner = seeded_linear(inputs, spec.hidden, seed, "query_tower", "inner")
        self.outer = seeded_linear(spec.hidden, dimension, seed, "query_tower", "outer")
        self.linear = seeded_linear(inputs, dimension, seed, "query_tower", "linear")
        self.drop = nn.Dropout(spec.dropout)
        for last in (self.outer, self.linear):
            nn.init.zeros_(last.weight)

    def forward(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return one query a context."""
        mean: Tensor = self.mean(context, present)[:, 0]
        read = self._read(context, present, mean).flatten(1)
        hidden = self.drop(nn.functional.gelu(self.inner(read)))
        residual: Tensor = self.linear(read) + self.outer(hidden)
        return mean + residual.float()

    def _read(
        self,
        context: Float[Tensor, "n t d"],
        present: Bool[Tensor, "n t"],
        mean: Float[Tensor, "n d"],
    ) -> Float[Tensor, "n h d"]:
        """Return what each head reads, at length 1."""
        count, length, _ = context.shape
        asked = self.ask(mean).view(count, self.heads, 1, self.width)
        keys = self.key(context).view(count, length, self.heads, self.width).transpose(1, 2)
        scores = (asked * keys).sum(dim=-1).float() * sqrt(self.width)
        scores = scores + self.decays.log_weights(length)
        weights = scores.masked_fill(~present.unsqueeze(1), -torch.inf).softmax(dim=-1)
        return nn.functional.normalize(weights @ context.float(), dim=-1)
