"""Attention for training on a CPU: a few texts at a time, so that their weights stay in the cache.

torch's fused CPU kernel knows no dropout and its backward pass is slow; with dropout torch builds
the weights of the whole batch in fp32, in some ten passes through main memory. Here the softmax
weights of a block of texts are made, dropped, used and kept while they lie in the cache, by plain
batched products. Forward and backward of 16 texts of 256 tokens, 12 heads of 32, in bf16 on two
cores: torch 72 ms without and 252 ms with dropout, this file 29 ms and 37 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from gonogo.models.kernels.random_bits import RandomBits, without_negatives, zero_where_negative

BLOCKED = "gonogo_blocked"
"""The name under which transformers finds it."""

_WEIGHTS = 1 << 20
"""Softmax weights in one block, 2 MB in bf16; a longer text makes a block alone."""

_PART = 128
"""Least queries of a part: a text of 256 tokens makes two."""

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
    lengths: tuple[int, ...] | None = None,
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
        lengths: tokens of texts laid end to end in one row; each sees itself alone.
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
    if lengths is None:
        lengths = (query.shape[2],) * query.shape[0]
    else:
        attention_mask = None
    bias = None if attention_mask is None else _bias(attention_mask, query.dtype)
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    how = _How(lengths, causal and bias is None, dropout, scale)
    output: Tensor = _Attention.apply(query, key, value, bias, how)  # type: ignore[no-untyped-call]
    return output.transpose(1, 2), None


AttentionInterface.register(BLOCKED, blocked_attention)
AttentionMaskInterface.register(BLOCKED, sdpa_mask)


class _How(NamedTuple):
    """Lengths of the texts, whether they are read left to right, dropout and scaling."""

    lengths: tuple[int, ...]
    causal: bool
    p: float
    scale: float


class TextBlock(NamedTuple):
    """Texts of one length that stand next to each other: which, at which tokens, how long."""

    texts: slice
    tokens: slice
    length: int


def text_blocks(lengths: Sequence[int], heads: int) -> Iterator[TextBlock]:
    """Yield neighbours of one length, as many at once as keep their softmax weights in a cache."""
    text = token = 0
    for length, same in groupby(lengths):
        left, most = len(list(same)), max(1, _WEIGHTS // (heads * length * length))
        while left:
            count = min(left, most)
            texts, tokens = slice(text, text + count), slice(token, token + count * length)
            yield TextBlock(texts, tokens, length)
            text, token, left = texts.stop, tokens.stop, left - count


def attend_from_one(
    query: Float[Tensor, "n h d"],
    key: Float[Tensor, "m g d"],
    value: Float[Tensor, "m g d"],
    lengths: Sequence[int],
    scale: float | None = None,
) -> Float[Tensor, "n h d"]:
    """Let one token of each text attend to the whole of it.

    Args:
        query: of that token, one vector a head.
        key: of all tokens, text behind text; each head's is shared by as many query heads.
        value: as key.
        lengths: tokens of each text.
        scale: of the products; 1 / sqrt(d) when not given.
    """
    shared = key.shape[1] != query.shape[1]
    attended = []
    for texts, tokens, length in text_blocks(lengths, query.shape[1]):
        k, v = (
            each[tokens].view(-1, length, *each.shape[1:]).transpose(1, 2) for each in (key, value)
        )
        found = scaled_dot_product_attention(
            query[texts].unsqueeze(2), k, v, scale=scale, enable_gqa=shared
        )
        attended.append(found.squeeze(2))
    return torch.cat(attended)


def query_parts(length: int, causal: bool) -> list[slice]:
    """Return parts of a text's queries, the last first; those up to ``stop`` see no key behind it.

    What a causal mask would hide need not be computed: three eighths of four parts.
    """
    count = max(1, length // _PART) if causal else 1
    ends = [length * number // count for number in range(count + 1)]
    return [slice(*pair) for pair in pairwise(ends)][::-1]


def _bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what is added to the products: 0, or as good as minus infinity where none is seen.

    A padded place may see nothing at all: its weights shall be useless, but numbers.
    """
    if mask.dtype != torch.bool:
        return mask.to(dtype)
    unseen = torch.finfo(dtype).min / 2
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, unseen)


class _Attention(torch.autograd.Function):
    """softmax(q k' + bias) v by blocks of texts; the weights are kept for the backward pass.

    A dropped weight keeps its size and gets a minus sign: one tensor is both the weights and
    their mask.
    """

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, how: _How
    ) -> Tensor:
        output = _like(query)
        bits = RandomBits() if how.p else None
        kept = []
        with torch.autocast("cpu", enabled=False):
            q_flat, k_flat, v_flat, flat = (_flat(each) for each in (query, key, value, output))
            for block in text_blocks(how.lengths, query.shape[1]):
                queries, out = _texts(q_flat, block) * how.scale, _texts(flat, block)
                k, v = (_texts(each, block).flatten(0, 1) for each in (k_flat, v_flat))
                for part in query_parts(block.length, how.causal):
                    q = _folded(queries[:, :, part], key)
                    weights = torch.bmm(q, k[:, : part.stop].transpose(1, 2))
                    heads = weights.view(-1, query.shape[1], part.stop - part.start, part.stop)
                    _mask(heads, bias, block, part, how)
                    torch.softmax(weights, -1, out=weights)
                    used = weights
                    if bits:
                        bits.flip(weights, how.p)
                        used = without_negatives(weights)
                    into = out[:, :, part]
                    into.copy_(torch.bmm(used, v[:, : part.stop]).view_as(into))
                    into.mul_(1 / (1 - how.p))
                    kept.append(weights)
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(query, key, value, *kept)
            ctx.how = how
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        p, scale, found = ctx.how.p, ctx.how.scale, (_like(query), _like(key), _like(value))
        q_flat, k_flat, v_flat, flat = (_flat(each) for each in (query, key, value, gradient))
        found_flat, left = [_flat(each) for each in found], iter(kept)
        for block in text_blocks(ctx.how.lengths, query.shape[1]):
            outs, queries = _texts(flat, block) * (1 / (1 - p)), _texts(q_flat, block) * scale
            k, v = (_texts(each, block).flatten(0, 1) for each in (k_flat, v_flat))
            to_q, to_k, to_v = (_texts(each, block) for each in found_flat)
            for part in query_parts(block.length, ctx.how.causal):
                out, q = (_folded(each[:, :, part], key) for each in (outs, queries))
                seen, weights = slice(0, part.stop), next(left)
                used = without_negatives(weights) if p else weights
                shares = weights.abs() if p else weights
                towards_v = torch.bmm(out.transpose(1, 2), used).transpose(1, 2)
                slope = torch.bmm(out, v[:, seen].transpose(1, 2))
                if p:
                    slope = zero_where_negative(slope, weights)
                slope = torch._softmax_backward_data(slope, shares, -1, slope.dtype)
                towards_k = torch.bmm(q.transpose(1, 2), slope).transpose(1, 2)
                into = to_q[:, :, part]
                into.copy_((torch.bmm(slope, k[:, seen]) * scale).view_as(into))
                for whole, share in ((to_k, towards_k), (to_v, towards_v)):
                    into = whole[:, :, seen]
                    # The first part has seen every key.
                    put = into.copy_ if part.stop == block.length else into.add_
                    put(share.view_as(into))
        return *found, None, None


def _mask(
    weights: Float[Tensor, "c h r s"], bias: Tensor | None, block: TextBlock, part: slice, how: _How
) -> None:
    """Hide from a part's queries what they may not see, in place."""
    if bias is not None:
        weights += bias if len(bias) == 1 else bias[block.texts]
    elif how.causal:
        weights[..., part] += _triangle(weights.shape[2], weights.dtype)


@cache
def _triangle(length: int, dtype: torch.dtype) -> Tensor:
    return _bias(torch.ones(length, length, dtype=torch.bool).tril(), dtype)


def _flat(heads: Shaped[Tensor, "n h t d"]) -> Shaped[Tensor, "m h d"]:
    """Return one row a token, as the projections lie in memory."""
    return heads.transpose(1, 2).flatten(0, 1)


def _texts(flat: Shaped[Tensor, "m h d"], block: TextBlock) -> Shaped[Tensor, "c h t d"]:
    """Return a block's texts as a view."""
    return flat[block.tokens].view(-1, block.length, *flat.shape[1:]).transpose(1, 2)


def _folded(rows: Heads, key: Tensor) -> Float[Tensor, "m r d"]:
    """Return (texts * key heads, query heads a key head * tokens, d), contiguous."""
    return rows.reshape(rows.shape[0] * key.shape[1], -1, rows.shape[3])


def _like(heads: Shaped[Tensor, "n h t d"]) -> Shaped[Tensor, "n h t d"]:
    """Return an empty tensor of that shape that lies in memory as the projections do."""
    count, number, length, width = heads.shape
    empty = torch.empty(count, length, number, width, dtype=heads.dtype, device=heads.device)
    return empty.transpose(1, 2)
