"""Gates of learned sparsity: a projection onto the simplex that each token makes sharper or softer.

Source: Zhuang et al. 2025, LD-MoLE (arXiv 2509.25684), with the projection of Laha et al. 2018, On
controllable sparse alternatives to softmax (arXiv 1810.11975): sparsegen-lin.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gonogo.models.parts.emitted import emit_term
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.models.routers.learned import LearnedRouter, Routing
from gonogo.models.routers.router import Place, mean
from gonogo.spec.model.mixture import SparsegenRouting

_BELOW_ONE = 0.01  # how far from 1 the sparsity stays, where only one expert could be left


class Sparsity(nn.Module):
    """lam(x) = log sigmoid(w2 . gelu(W1 x + b1) + b2) + 0.99: from minus infinity to 0.99.

    One for all layers of a width, as in the paper.

    Args:
        width: of the input.
        hidden: of the layer between.
        seed: of first values.
    """

    def __init__(self, width: int, hidden: int, seed: int) -> None:
        super().__init__()
        self.inner = seeded_linear(width, hidden, seed, "sparsegen", f"inner {width}")
        self.outer = seeded_linear(hidden, 1, seed, "sparsegen", f"outer {width}")

    def forward(self, inputs: Float[Tensor, "m d"]) -> Float[Tensor, "m 1"]:
        """Return the sparsity of each row's gates."""
        weight, bias = self.inner.weight.to(inputs.dtype), self.inner.bias.to(inputs.dtype)
        inner = nn.functional.gelu(nn.functional.linear(inputs, weight, bias))
        inner = inner.to(torch.promote_types(inner.dtype, torch.float32))
        # Sums of a few values, kept out of autocast's 16 bits.
        outer = (inner * self.outer.weight).sum(-1, keepdim=True) + self.outer.bias
        return nn.functional.logsigmoid(outer) + (1 - _BELOW_ONE)


class SparsegenRouter(LearnedRouter):
    """g = sparsegen(W x, lam(x)).

    With a shift of choices, those experts are chosen that the projection of shifted scores keeps,
    and their gates are the projection of their own scores.

    Args:
        spec: sparsity, balance and jitter.
        place: where it stands.
        sparsity: shared by all layers of this width.
    """

    def __init__(self, spec: SparsegenRouting, place: Place, sparsity: Sparsity) -> None:
        super().__init__(spec, place)
        self.sparsity = sparsity
        self._most, self._weight = spec.most, spec.most_weight

    def route(
        self,
        inputs: Float[Tensor, "m d"],
        scores: Float[Tensor, "m e"],
        shifted: Float[Tensor, "m e"],
        real: Bool[Tensor, " m"] | None,
    ) -> Routing:
        """Return the gates; tell the loss of more than ``most`` active experts while training."""
        lam = self.sparsity(inputs)
        if shifted is not scores:
            kept = sparsegen(shifted.detach(), lam.detach()) > 0
            scores = scores.masked_fill(~kept, -torch.inf)
        gates = sparsegen(scores, lam)
        if self.training and self._most is not None and self._most < gates.shape[-1]:
            excess = mean(too_many(shifted.detach(), lam, self._most), real)
            emit_term("router_active", excess, weight=self._weight, count=len(inputs))
        return Routing(gates, gates, gates > 0)


def sparsegen(scores: Float[Tensor, "m e"], lam: Float[Tensor, "m 1"]) -> Float[Tensor, "m e"]:
    """Return argmin over the simplex of ||p - scores||^2 - lam ||p||^2, for lam below 1.

    That is [u - tau]_+ / (1 - lam) with tau such that it sums to 1: sparsemax at lam = 0, a
    uniform distribution as lam falls, one expert alone near 1. Differentiable in both.
    """
    gates: Tensor = _Sparsegen.apply(scores, lam)  # type: ignore[no-untyped-call]
    return gates


def too_many(
    scores: Float[Tensor, "m e"], lam: Float[Tensor, "m 1"], most: int
) -> Float[Tensor, " m"]:
    """Return by how much lam is too small for at most so many (fewer than all) active experts.

    Exactly k experts are active where lam lies in [1 - (U_k - k u_(k+1)), 1 - (U_k - k u_(k))),
    with u sorted from the largest down and U_k the sum of the first k.
    """
    ordered = scores.sort(-1, descending=True).values
    least = 1 - (ordered[:, :most].sum(-1) - most * ordered[:, most])
    return torch.relu(least - lam.squeeze(-1))


def _support(
    scores: Float[Tensor, "m e"], lam: Float[Tensor, "m 1"]
) -> tuple[Int[Tensor, "m 1"], Float[Tensor, "m 1"]]:
    """Return how many experts are active, and tau."""
    ordered = scores.sort(-1, descending=True).values
    ranks = torch.arange(1, scores.shape[-1] + 1, dtype=scores.dtype, device=scores.device)
    sums = ordered.cumsum(-1)
    active = (1 - lam + ranks * ordered > sums).sum(-1, keepdim=True)
    tau = (sums.gather(-1, active - 1) - 1 + lam) / active
    return active, tau


class _Sparsegen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, lam: Tensor) -> Tensor:
        active, tau = _support(scores, lam)
        gates = torch.relu(scores - tau) / (1 - lam)
        ctx.save_for_backward(gates, lam, active)
        return gates

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        gates, lam, active = ctx.saved_tensors
        on = gradient * (gates > 0)
        level = on.sum(-1, keepdim=True) / active
        towards_scores = (on - level * (gates > 0)) / (1 - lam)
        towards_lam = ((on * gates).sum(-1, keepdim=True) - level) / (1 - lam)
        return towards_scores, towards_lam
