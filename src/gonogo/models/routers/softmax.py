"""Softmax gates over all experts, or over the largest few.

Source: Shazeer et al. 2017, Outrageously large neural networks (arXiv 1701.06538), without their
noise; the gates of chosen experts are made to sum to 1 again (Mixtral, arXiv 2401.04088).
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.models.routers.learned import LearnedRouter, Routing
from gonogo.models.routers.router import Place
from gonogo.spec.model.mixture import SoftmaxRouting


class SoftmaxRouter(LearnedRouter):
    """g = softmax(W x), or over the ``top`` of them.

    Args:
        spec: how many are chosen, balance and jitter.
        place: where it stands.
    """

    def __init__(self, spec: SoftmaxRouting, place: Place) -> None:
        super().__init__(spec, place)
        self._top = spec.top

    def route(
        self,
        inputs: Float[Tensor, "m d"],  # noqa: ARG002
        scores: Float[Tensor, "m e"],
        shifted: Float[Tensor, "m e"],
        real: Bool[Tensor, " m"] | None,  # noqa: ARG002
    ) -> Routing:
        """Return the gates."""
        return largest(scores, shifted, self._top)


def largest(
    scores: Float[Tensor, "m e"], shifted: Float[Tensor, "m e"], top: int | None
) -> Routing:
    """Return softmax gates of the experts whose shifted scores are largest; None for all.

    Where all are used, the likeliest of each row counts as chosen (arXiv 2101.03961): shares of
    what everyone has would say nothing.
    """
    gates = scores.softmax(-1)
    count = scores.shape[-1]
    chosen = first(shifted, 1 if top is None or top == count else top)
    if top is None or top == count:
        return Routing(gates, gates, chosen)
    kept = gates * chosen
    return Routing(kept / kept.sum(-1, keepdim=True), gates, chosen)


def first(values: Float[Tensor, "m e"], count: int) -> Bool[Tensor, "m e"]:
    """Return which are the largest of each row, just so many."""
    places = values.detach().topk(count, -1).indices
    return torch.zeros_like(values, dtype=torch.bool).scatter_(-1, places, True)
