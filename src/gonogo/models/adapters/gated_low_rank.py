"""Low-rank updates of several experts as one: gates are multiplied in rank space.

With A the experts' down projections one below the other and B their up projections side by side,
sum over e of g_e s_e B_e A_e x is B ((A x) * g), where each of the few ranks has its expert's gate
and B holds the scales. No expert's output is ever in memory: what is gated is ``rank`` values a
token instead of ``experts`` times the layer's width. Beside a plain update of the same rank
(`gonogo.models.adapters.low_rank`) it costs one product of rank values a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gonogo.models.adapters.low_rank import add_update
from gonogo.models.kernels.random_bits import RandomBits, masked, scale_of_kept


@dataclass(frozen=True, slots=True)
class Ranks:
    """What each rank of experts, laid end to end, belongs to.

    Attributes:
        expert: its column of the gates.
        scaling: its expert's alpha / rank.
    """

    expert: Int[Tensor, " r"]
    scaling: Float[Tensor, " r"]


def add_experts(
    result: Float[Tensor, "*rows o"],
    x: Float[Tensor, "*rows d"],
    down: Float[Tensor, "r d"],
    up: Float[Tensor, "o r"],
    ranks: Ranks,
    gates: Float[Tensor, "m e"] | None,
    drop: nn.Module,
    p: float,
) -> Float[Tensor, "*rows o"]:
    """Return ``result`` plus the experts' gated updates; on a CPU it is changed in place.

    Args:
        result: the base layer's output.
        x: its input, ``m`` rows in all.
        down: A of all experts.
        up: B of all experts.
        ranks: which rank is whose.
        gates: what each row multiplies each expert by; None is 1 throughout.
        drop: dropout on the input, off a CPU.
        p: its probability, on a CPU; 0 in evaluation.
    """
    if x.device.type != "cpu":
        low = nn.functional.linear(drop(x), down)
        if gates is not None:
            low = low * gates[:, ranks.expert].view(*low.shape).to(low.dtype)
        return result + nn.functional.linear(low, up * ranks.scaling)
    x = x.to(result.dtype)
    if gates is None:
        alike = bool((ranks.scaling == ranks.scaling[0]).all())
        scaling = float(ranks.scaling[0]) if alike else ranks.scaling
        return add_update(result, x, down, up, p, scaling)
    added: Tensor = _Gated.apply(result, x, down, up, gates, ranks, p)  # type: ignore[no-untyped-call]
    return added


class _Gated(torch.autograd.Function):
    """Keeps the undropped input, which the router keeps too, and drops it anew for the gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        result: Tensor,
        x: Tensor,
        down: Tensor,
        up: Tensor,
        gates: Tensor,
        ranks: Ranks,
        p: float,
    ) -> Tensor:
        ctx.mark_dirty(result)
        with torch.autocast(result.device.type, enabled=False):
            kept, form = scale_of_kept(p), result.dtype
            down, up = (down * kept).to(form), up.to(form) * ranks.scaling.to(form)
            mask = RandomBits().mask(x, p) if p else None
            seen = (x if mask is None else masked(x, mask)).flatten(0, -2)
            low, each = seen @ down.t(), gates.to(form)[:, ranks.expert]
            result.view(-1, result.shape[-1]).addmm_(low * each, up.t())
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(x, low, each, down, up, mask)
            ctx.ranks, ctx.kept, ctx.gates = ranks, kept, (gates.shape[1], gates.dtype)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, low, each, down, up, mask = ctx.saved_tensors
        rows, exact = gradient.flatten(0, -2), torch.promote_types(low.dtype, torch.float32)
        towards_gated = rows @ up
        towards_up = (rows.t() @ (low * each)).to(exact) * ctx.ranks.scaling
        count, form = ctx.gates
        # Exact sums over each expert's ranks, as one product with zeros and ones.
        owners = nn.functional.one_hot(ctx.ranks.expert, count).to(exact)
        towards_gates = ((towards_gated * low).to(exact) @ owners).to(form)
        towards_low = towards_gated.mul_(each)
        seen = (x if mask is None else masked(x, mask)).flatten(0, -2)
        towards_down = (towards_low.t() @ seen).to(exact) * ctx.kept
        towards_x = None
        if ctx.needs_input_grad[1]:
            towards_x = (towards_low @ down).view(*gradient.shape[:-1], -1)
            towards_x = towards_x if mask is None else masked(towards_x, mask)
        return gradient, towards_x, towards_down, towards_up, towards_gates, None, None
