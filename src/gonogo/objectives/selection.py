"""The largest values of each row, where rows keep different numbers of candidates."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


def largest(
    values: Float[Tensor, "b c"], kept: Bool[Tensor, "b c"], count: Int64[Tensor, "b"]
) -> Bool[Tensor, "b c"]:
    """Return where each row's ``count`` largest kept values stand; all kept ones if fewer.

    Ties go to the earlier column, so that exactly ``count`` are chosen and always the same ones.
    Cheaper than sorting the rows: only as many values as the largest count are ranked.

    Args:
        values: what is compared; NaN is never chosen.
        kept: false for columns that do not take part in this row.
        count: how many each row chooses; 0 chooses none.
    """
    if values.numel() == 0 or int(count.max()) < 1:
        return torch.zeros_like(kept)
    known = kept & ~values.isnan()
    ranked = values.masked_fill(~known, -torch.inf).topk(
        min(int(count.max()), values.shape[1]), dim=1
    )
    at = (count.clamp(max=ranked.values.shape[1]) - 1).clamp(min=0)
    last = ranked.values.gather(1, at.unsqueeze(1))
    above = known & (values > last)
    level = known & (values == last)
    room = count.unsqueeze(1) - above.sum(dim=1, keepdim=True)
    return (above | (level & (level.cumsum(dim=1) <= room))) & (count > 0).unsqueeze(1)
