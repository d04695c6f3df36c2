"""Which shared candidates belong to an anchor already, told by their ids."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int64
from torch import Tensor


def kept_by_id(
    ids: Int64[Tensor, "m"], anchors: Int64[Tensor, "b"], neighbours: Int64[Tensor, "b k"]
) -> Bool[Tensor, "b m"]:
    """Return where an id is neither the row's anchor nor one of its neighbours.

    Each row's ids are looked up among the sorted negatives: few are there, and comparing all with
    all would take ``b * m * k`` flags.

    Args:
        ids: of the negatives, shared by all rows.
        anchors: id of each row's anchor; for pairs, of its positive.
        neighbours: ids that are known to belong to the row; k may be 0.
    """
    own = torch.cat([anchors.unsqueeze(1), neighbours], dim=1)
    distinct, places = torch.unique(ids, return_inverse=True)
    at = torch.searchsorted(distinct, own).clamp(max=len(distinct) - 1)
    rows, columns = (distinct[at] == own).nonzero(as_tuple=True)
    taken = torch.zeros(len(anchors), len(distinct), dtype=torch.bool, device=ids.device)
    taken[rows, at[rows, columns]] = True
    return ~taken[:, places]
