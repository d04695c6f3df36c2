"""The low-rank update of a frozen linear layer in as few passes over its output as there can be.

Written out in torch's operations, an update costs a scaling and a sum of the layer's whole output,
twice over with their gradients; here it is added by the product itself.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from peft.tuners.lora import LoraLayer
from torch import Tensor
from torch.autograd.function import once_differentiable

from gonogo.models.kernels.dropout import Dropout
from gonogo.models.kernels.random_bits import RandomBits, masked, scale_of_kept


class FusedUpdate:
    """What PEFT calls a variant: computes ``result + B A dropout(x) * scaling`` of a layer."""

    @staticmethod
    def forward(
        module: LoraLayer, active_adapter: str, x: Tensor, result: Tensor, **_: Any
    ) -> Tensor:
        """Add one adapter's update to the base layer's output, in place."""
        down, up = module.lora_A[active_adapter].weight, module.lora_B[active_adapter].weight
        drop, scaling = module.lora_dropout[active_adapter], module.scaling[active_adapter]
        if x.device.type != "cpu":
            added: Tensor = module.lora_B[active_adapter](module.lora_A[active_adapter](drop(x)))
            return result.add(added, alpha=scaling)
        p = drop.p if isinstance(drop, Dropout) and drop.training else 0.0
        return add_update(result, x.to(result.dtype), down, up, p, scaling)


def add_update(
    result: Float[Tensor, "*rows o"],
    x: Float[Tensor, "*rows d"],
    down: Float[Tensor, "r d"],
    up: Float[Tensor, "o r"],
    p: float,
    scaling: float | Float[Tensor, " r"],
) -> Float[Tensor, "*rows o"]:
    """Return ``result + up down dropout(x) * scaling``, in place.

    Args:
        result: the base layer's output.
        x: its input, in the same number format.
        down: A.
        up: B.
        p: probability that an input value is dropped.
        scaling: of the update, or of each rank.
    """
    updated: Tensor = _Update.apply(result, x, down, up, p, scaling)  # type: ignore[no-untyped-call]
    return updated


class _Update(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        result: Tensor,
        x: Tensor,
        down: Tensor,
        up: Tensor,
        p: float,
        scaling: float | Tensor,
    ) -> Tensor:
        ctx.mark_dirty(result)
        with torch.autocast(result.device.type, enabled=False):
            kept = scale_of_kept(p)
            down, up = (down * kept).to(result.dtype), _scaled(up.to(result.dtype), scaling)
            mask = RandomBits().mask(x, p) if p else None
            seen = (x if mask is None else masked(x, mask)).flatten(0, -2)
            low = seen @ down.t()
            result.view(-1, result.shape[-1]).addmm_(low, up.t())
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(seen, low, down, up, mask)
            ctx.scaling, ctx.kept = scaling, kept
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        seen, low, down, up, mask = ctx.saved_tensors
        rows = gradient.flatten(0, -2)
        towards_low = rows @ up
        towards_up = (rows.t() @ low).float() * ctx.scaling
        towards_down = (towards_low.t() @ seen).float() * ctx.kept
        towards_x = None
        if ctx.needs_input_grad[1]:
            towards_x = (towards_low @ down).view(*gradient.shape[:-1], -1)
            towards_x = towards_x if mask is None else masked(towards_x, mask)
        return gradient, towards_x, towards_down, towards_up, None, None


def _scaled(up: Tensor, scaling: float | Tensor) -> Tensor:
    return up * (scaling.to(up.dtype) if isinstance(scaling, Tensor) else scaling)
