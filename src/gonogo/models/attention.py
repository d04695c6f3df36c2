"""Attention for training on a CPU: a few texts at a time, so that their weights stay in the cache.

torch's fused CPU kernel knows no dropout and its backward pass is slow; with dropout torch builds
the weights of the whole batch in fp32, in some ten passes through main memory. Here the softmax
weights of a block of texts are made, dropped, used and kept while they lie in the cache, by plain
batched products. Forward and backward of 16 texts of 256 tokens, 12 heads of 32, in bf16 on two
cores: torch 72 ms without and 252 ms with dropout, this file 29 ms and 37 ms.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from gonogo.models.random_bits import RandomBits

BLOCKED = "gonogo_blocked"
"""The name under which transformers finds it."""

_WEIGHTS = 1 << 20
"""Softmax weights in one block, 2 MB in bf16; a longer text makes a block alone."""

Heads = Float[Tensor, "n h t d"]


def blocked_attention(
    module: nn.Module,
    query: Heads,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **others: Any,
) -> tuple[Float[Tensor, "n t h d"], None]:
    """Attend, as transformers' attention interface asks; what it cannot do goes to torch's kernels.

    Args:
        module: the layer that asks.
        query: one vector a head and token.
        key: as query, or fewer heads, each shared by as many query heads (n g t d).
        value: as key.
        attention_mask: true, or 0, where a token is seen (n or 1, 1, t or 1, t); None sees all.
        dropout: probability that a softmax weight is dropped.
        scaling: of the products; 1 / sqrt(d) when not given.
        is_causal: whether tokens see only what stands before them; the module's when not given.
        others: what only some architectures need.
    """
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    known = {"cache", "position_bias", "softcap"} & {k for k, v in others.items() if v is not None}
    same_length = query.shape[2] == key.shape[2] and query.shape[3] == value.shape[3]
    if query.device.type != "cpu" or known or not same_length:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **others
        )
    # Under autocast, rotary positions leave queries and keys in fp32.
    query, key = query.to(value.dtype), key.to(value.dtype)
    bias = _bias(attention_mask, causal and attention_mask is None, query)
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    output: Tensor = _Attention.apply(query, key, value, bias, dropout, scale)  # type: ignore[no-untyped-call]
    return output.transpose(1, 2), None


AttentionInterface.register(BLOCKED, blocked_attention)
AttentionMaskInterface.register(BLOCKED, sdpa_mask)


def _bias(mask: Tensor | None, causal: bool, query: Heads) -> Tensor | None:
    """Return what is added to the products: 0, or as good as minus infinity where none is seen.

    A padded place may see nothing at all: its weights shall be useless, but numbers.
    """
    if mask is None:
        if not causal:
            return None
        length = query.shape[2]
        mask = torch.ones(length, length, dtype=torch.bool).tril()[None, None]
    if mask.dtype != torch.bool:
        return mask.to(query.dtype)
    unseen = torch.finfo(query.dtype).min / 2
    return torch.zeros(mask.shape, dtype=query.dtype).masked_fill_(~mask, unseen)


class _Attention(torch.autograd.Function):
    """softmax(q k' + bias) v by blocks of texts; the weights are kept for the backward pass.

    A dropped weight keeps its size and gets a minus sign: one tensor is both the weights and
    their mask.
    """

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, p: float, s: float
    ) -> Tensor:
        output = _like(query)
        bits = RandomBits() if p else None
        kept = []
        with torch.autocast("cpu", enabled=False):
            for rows in _blocks(query):
                q, k, v = _folded(query[rows] * s, key), key[rows].flatten(0, 1), value[rows]
                weights = torch.bmm(q, k.transpose(1, 2))
                if bias is not None:
                    square = weights.view(-1, *query.shape[1:3], key.shape[2])
                    square += bias if len(bias) == 1 else bias[rows]
                torch.softmax(weights, -1, out=weights)
                used = weights
                if bits:
                    bits.flip(weights, p)
                    used = weights.relu()
                product = torch.bmm(used, v.flatten(0, 1))
                output[rows] = product.view_as(output[rows]) * (1 / (1 - p))
                kept.append(weights)
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(query, key, value, *kept)
            ctx.p, ctx.s = p, s
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        p, s = ctx.p, ctx.s
        found = _like(query), _like(key), _like(value)
        for rows, weights in zip(_blocks(query), kept, strict=True):
            out = _folded(gradient[rows] * (1 / (1 - p)), key)
            q, k, v = _folded(query[rows] * s, key), key[rows].flatten(0, 1), value[rows]
            used, shares = (weights.relu(), weights.abs()) if p else (weights, weights)
            towards_v = torch.bmm(out.transpose(1, 2), used).transpose(1, 2)
            slope = torch.bmm(out, v.flatten(0, 1).transpose(1, 2))
            if p:
                slope = torch.ops.aten.threshold_backward(slope, weights, 0)
            slope = torch._softmax_backward_data(slope, shares, -1, slope.dtype)
            towards_q = torch.bmm(slope, k)
            towards_k = torch.bmm(q.transpose(1, 2), slope).transpose(1, 2)
            for whole, part in zip(found, (towards_q * s, towards_k, towards_v), strict=True):
                whole[rows] = part.reshape(whole[rows].shape)
        return *found, None, None, None


def _blocks(query: Heads) -> list[slice]:
    count, heads, length, _ = query.shape
    size = max(1, _WEIGHTS // (heads * length * length))
    return [slice(start, start + size) for start in range(0, count, size)]


def _folded(rows: Heads, key: Tensor) -> Float[Tensor, "m r d"]:
    """Return (texts * key heads, query heads a key head * tokens, d), contiguous."""
    return rows.reshape(rows.shape[0] * key.shape[1], -1, rows.shape[3])


def _like(heads: Shaped[Tensor, "n h t d"]) -> Shaped[Tensor, "n h t d"]:
    """Return an empty tensor of that shape that lies in memory as the projections do."""
    count, number, length, width = heads.shape
    empty = torch.empty(count, length, number, width, dtype=heads.dtype, device=heads.device)
    return empty.transpose(1, 2)
