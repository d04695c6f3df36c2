"""What routers that read their input share: scores, jitter, a shift of choices, and balance."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.core.seeds import derive_seed
from gonogo.models.kernels.random_bits import RandomBits
from gonogo.models.parts.emitted import emit_term
from gonogo.models.parts.module import Head
from gonogo.models.routers.balance import balance_loss, pull_bias
from gonogo.models.routers.router import Place, Router
from gonogo.spec.model.mixture import BalancedRouting

_SPREAD = 0.02
"""Standard deviation of first weights: gates start nearly equal."""
_SHIFT = 10.0
"""The bias moves so many times a learning rate's step: 1e-3 at 1e-4, as in DeepSeek-V3."""


@dataclass(frozen=True, slots=True)
class Routing:
    """What a router decided for each row.

    Attributes:
        gates: what each expert's update is multiplied by; on the simplex.
        before: the same before any choice, which the balance loss moves.
        chosen: which experts count as chosen; the likeliest one where all are used.
    """

    gates: Float[Tensor, "m e"]
    before: Float[Tensor, "m e"]
    chosen: Bool[Tensor, "m e"]


class LearnedRouter(Router):
    """A router with a weight vector for each expert.

    Args:
        settings: level, jitter and balance.
        place: where it stands.
    """

    def __init__(self, settings: BalancedRouting, place: Place) -> None:
        super().__init__(place)
        self._settings = settings
        self.whole_texts = settings.level == "sequence"
        count = len(place.experts)
        self.weight = nn.Parameter(torch.empty(count, place.width, device="cpu"))
        random = torch.Generator().manual_seed(derive_seed(place.seed, "router", place.name))
        nn.init.normal_(self.weight, std=_SPREAD, generator=random)
        self.bias = nn.Parameter(torch.zeros(count)) if settings.balance == "bias" else None

    def always_on(self, purpose: Head | None) -> tuple[int, ...] | None:  # noqa: ARG002
        """Return the only expert, where there is but one: gates sum to 1."""
        return (0,) if len(self.place.experts) == 1 else None

    def forward(
        self, inputs: Float[Tensor, "m d"], real: Bool[Tensor, " m"] | None = None
    ) -> Float[Tensor, "m e"]:
        """Return gates on the simplex; tell their figures, and while training their losses."""
        products = nn.functional.linear(inputs, self.weight.to(inputs.dtype))
        products = products.to(torch.promote_types(products.dtype, torch.float32))
        if self.training and self._settings.jitter:
            products = products + self._noise(inputs)
        scores = self.scores(inputs, products)
        shifted = scores if self.bias is None else scores + _SHIFT * self.bias.detach()
        routing = self.route(inputs, scores, shifted, real)
        balance = balance_loss(routing.before, routing.chosen, real)
        self.tell_gates(routing.gates, balance, real)
        if self.training:
            if self._settings.balance == "loss" and self._settings.balance_weight:
                weight = self._settings.balance_weight
                emit_term("router_balance", balance, weight=weight, count=len(inputs))
            if self.bias is not None:
                pull_bias(self.bias, routing.chosen, real)
        return routing.gates

    def scores(
        self,
        inputs: Float[Tensor, "m d"],  # noqa: ARG002
        products: Float[Tensor, "m e"],
    ) -> Float[Tensor, "m e"]:
        """Return each expert's score from the products of inputs and weights."""
        return products

    @abstractmethod
    def route(
        self,
        inputs: Float[Tensor, "m d"],
        scores: Float[Tensor, "m e"],
        shifted: Float[Tensor, "m e"],
        real: Bool[Tensor, " m"] | None,
    ) -> Routing:
        """Return the gates.

        Args:
            inputs: the layer's.
            scores: what gates are made of.
            shifted: what decides which experts are chosen; the scores, where no bias shifts them.
            real: which rows are no padding.
        """

    @torch.no_grad()
    def _noise(self, inputs: Float[Tensor, "m d"]) -> Float[Tensor, "m e"]:
        """Return what jitter of the input adds to the products, as a constant.

        Fedus et al. 2021 (arXiv 2101.03961) multiply the input by uniform values from 1 - jitter
        to 1 + jitter. Signs of the same variance do the same to a sum over hundreds of values, and
        are exact in 16 bits, where 1.01 is none of the numbers.
        """
        signed = inputs.contiguous().clone()
        bits = RandomBits(beside="jitter")
        if signed.device.type == "cpu" and signed.itemsize <= 4:
            bits.flip(signed, 0.5)
        else:
            draws = bits.hits(signed.numel(), 0.5).view(signed.shape).to(signed)
            signed *= 1 - 2 * draws
        noise = nn.functional.linear(signed, self.weight.to(signed.dtype))
        size = self._settings.jitter / math.sqrt(3)
        return noise.to(torch.promote_types(noise.dtype, torch.float32)) * size
