"""Exponentially weighted means of a context with decays that are learned."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class DecayingMeans(nn.Module):
    """Several means of a context, each with a weight of its own for the last vector.

    The k-th vector from the end weighs ``(1 - alpha)^k``, as in Holt's exponential smoothing (1957,
    reprinted in International Journal of Forecasting 20(1), 2004), but normalised over the context.

    Args:
        alphas: where each mean's alpha starts, between 0 and 1.
    """

    def __init__(self, alphas: Sequence[float]) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.logit(torch.tensor(alphas, dtype=torch.float32)))

    def log_weights(self, length: int) -> Float[Tensor, "m t"]:
        """Return the logarithm of each place's weight, oldest first, before they are normalised."""
        ages = torch.arange(length - 1, -1, -1, device=self.logits.device)
        # log(1 - sigmoid(x)) = logsigmoid(-x), without cancellation
        return nn.functional.logsigmoid(-self.logits).unsqueeze(1) * ages

    def forward(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n m d"]:
        """Return the means at length 1."""
        with torch.autocast(context.device.type, enabled=False):
            scores = self.log_weights(context.shape[1]).expand(len(context), -1, -1)
            weights = scores.masked_fill(~present.unsqueeze(1), -torch.inf).softmax(dim=-1)
            return nn.functional.normalize(weights @ context.float(), dim=-1)
