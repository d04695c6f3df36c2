"""A query that starts as the best heuristic there is, and learns what that one gets wrong.

The residual connection of He et al. (2016, arXiv 1512.03385) around an exponentially weighted mean,
its last layers at zero as in Zhang et al. (2019, arXiv 1901.09321, "Fixup"): at step 0 the tower
*is* the mean, so that no training is spent on finding it, and what it gains is gained over it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.models.next_vector.decaying_means import DecayingMeans
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.spec.next_vector.towers import ResidualMeanContext


class ResidualMean(nn.Module):
    """``m(alpha) + A f + B gelu(C f)`` with f the means of several decays, A and B at first 0.

    A is a vector autoregression on those means; a decay costs one parameter instead of the d^2 of
    a lag.

    Args:
        spec: decays, width, dropout.
        dimension: width of the vectors read and returned.
        seed: of the first values.
    """

    def __init__(self, spec: ResidualMeanContext, dimension: int, seed: int) -> None:
        super().__init__()
        self.means = DecayingMeans([spec.alpha, *spec.alphas])
        inputs = len(spec.alphas) * dimension
        self.inner = seeded_linear(inputs, spec.hidden, seed, "query_tower", "inner")
        self.outer = seeded_linear(spec.hidden, dimension, seed, "query_tower", "outer")
        self.linear = seeded_linear(inputs, dimension, seed, "query_tower", "linear")
        self.drop, self.context_dropout = nn.Dropout(spec.dropout), spec.context_dropout
        for last in (self.outer, self.linear):
            nn.init.zeros_(last.weight)

    def forward(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return one query a context."""
        means: Tensor = self.means(context, self._left(present))
        features = means[:, 1:].flatten(1)
        hidden = self.drop(nn.functional.gelu(self.inner(features)))
        residual: Tensor = self.linear(features) + self.outer(hidden)
        return means[:, 0] + residual.float()

    def _left(self, present: Bool[Tensor, "n t"]) -> Bool[Tensor, "n t"]:
        """Return what is read of the contexts; draws from torch's own generator like dropout."""
        if not self.training or not self.context_dropout:
            return present
        kept = torch.rand(present.shape, device=present.device) >= self.context_dropout
        kept[:, -1] = True
        return present & kept
