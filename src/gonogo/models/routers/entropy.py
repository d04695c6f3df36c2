"""All experts where a token is undecided, the likeliest ones where it is not.

Source: Li et al. 2025, DynMoLE (arXiv 2504.00661): the Tsallis entropy of the gates says which.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.models.parts.emitted import emit_term
from gonogo.models.routers.learned import LearnedRouter, Routing
from gonogo.models.routers.router import Place, mean
from gonogo.models.routers.softmax import first
from gonogo.spec.model.mixture import EntropyRouting


class EntropyRouter(LearnedRouter):
    """p = softmax(W x); g = p where H_q(p) is above the threshold, else of the top-p alone.

    Args:
        spec: entropy, threshold and top-p, balance and jitter.
        place: where it stands.
    """

    def __init__(self, spec: EntropyRouting, place: Place) -> None:
        super().__init__(spec, place)
        self._spec = spec

    def route(
        self,
        inputs: Float[Tensor, "m d"],
        scores: Float[Tensor, "m e"],
        shifted: Float[Tensor, "m e"],
        real: Bool[Tensor, " m"] | None,
    ) -> Routing:
        """Return the gates; tell the loss of undecided ones while training."""
        spec, gates = self._spec, scores.softmax(-1)
        entropy = tsallis(gates, spec.index)
        chosen = top_p(shifted.detach().softmax(-1), spec.top_p, spec.least)
        chosen = chosen | (entropy > spec.threshold)[:, None]
        kept = gates * chosen
        if self.training and spec.entropy_weight:
            undecided = mean(entropy, real)
            weight = spec.entropy_weight
            emit_term("router_entropy", undecided, weight=weight, count=len(inputs))
        # The likeliest counts where all are on, as for softmax.
        counted = torch.where(chosen.all(-1, keepdim=True), first(shifted, 1), chosen)
        return Routing(kept / kept.sum(-1, keepdim=True), gates, counted)


def tsallis(gates: Float[Tensor, "m e"], index: float) -> Float[Tensor, " m"]:
    """Return (1 - sum p^q) / (q - 1) over its largest value, Shannon's entropy at q = 1.

    One expert alone has no entropy: 0.
    """
    count = gates.shape[-1]
    if count == 1:
        return gates.sum(-1) * 0
    if index == 1.0:
        shannon: Tensor = torch.special.entr(gates).sum(-1)
        return shannon / math.log(count)
    most: float = 1 - count ** (1 - index)
    return (1 - gates.pow(index).sum(-1)) / most


def top_p(gates: Float[Tensor, "m e"], reach: float, least: int) -> Bool[Tensor, "m e"]:
    """Return the fewest largest gates of each row that reach a sum, at least so many.

    The one that crosses it is kept: without it a row whose largest gate is above would have none.
    """
    ordered, places = gates.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    kept = before < reach
    kept[:, :least] = True
    return torch.zeros_like(kept).scatter_(-1, places, kept)
