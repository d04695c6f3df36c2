"""From token vectors to one vector a text, found by the attention mask and never by token id.

The padding token may equal the pooling token (Qwen3-Embedding) or the end token, so an id says
nothing about where a text ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

Pooling = Literal["mean", "last_token", "first_token"]


def pad_right(
    input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
) -> tuple[Int[Tensor, "n t"], Int[Tensor, "n t"]]:
    """Move all padding behind the tokens, so that only one layout reaches the transformer.

    With right padding a causal model needs no mask (no token sees what comes after it), positions
    count from 0, and left-padded input gives the same vectors bit for bit.
    """
    if bool(attention_mask[:, 0].all()):
        return input_ids, attention_mask
    order = attention_mask.argsort(dim=1, descending=True, stable=True)
    return input_ids.gather(1, order), attention_mask.gather(1, order)


def pool(
    hidden: Float[Tensor, "n t d"], attention_mask: Int[Tensor, "n t"], pooling: Pooling
) -> Float[Tensor, "n d"]:
    """Return one fp32 vector a row of right-padded token vectors.

    Args:
        hidden: token vectors.
        attention_mask: 1 for tokens, 0 for the padding behind them.
        pooling: the mean over the tokens, or the vector of the last or the first of them.
    """
    if pooling == "first_token":
        return hidden[:, 0].float()
    if pooling == "last_token":
        last = attention_mask.sum(1) - 1
        return hidden[torch.arange(len(hidden), device=hidden.device), last].float()
    # 0 and 1 are exact in any format and the sum runs in fp32, so bf16 loses nothing here.
    summed = (hidden * attention_mask[..., None].to(hidden.dtype)).sum(1, dtype=torch.float32)
    return summed / attention_mask.sum(1, keepdim=True)


def pool_rows(
    hidden: Float[Tensor, "total d"], lengths: Sequence[int], pooling: Pooling
) -> Float[Tensor, "n d"]:
    """Return one fp32 vector a row of token vectors that lie end to end.

    Args:
        hidden: token vectors, one row after the other.
        lengths: tokens of each row, none 0.
        pooling: as in `pool`.
    """
    counts = torch.tensor(lengths, device=hidden.device)
    if pooling == "first_token":
        return hidden[counts.cumsum(0) - counts].float()
    if pooling == "last_token":
        return hidden[counts.cumsum(0) - 1].float()
    return torch.segment_reduce(hidden.float(), "mean", lengths=counts)
