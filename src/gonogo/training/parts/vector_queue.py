"""A first-in-first-out memory of vectors with their ids: negatives beyond the batch.

The queue of MoCo (He et al. 2020, arXiv 1911.05722) and the cross-batch memory of XBM (Wang et al.
2020, arXiv 1912.06798) without momentum or drift: what enters here comes from a frozen encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

Lookup = Callable[[Tensor], Tensor]
"""From ids (n,) to their vectors (n, d)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Vectors of a queue and the ids that tell whose they are."""

    vectors: Float[Tensor, "m d"]
    ids: Int64[Tensor, "m"]


class VectorQueue:
    """Holds the last ``capacity`` vectors; a new one takes the place of the oldest.

    Args:
        capacity: most vectors held.
        dimension: of each vector.
        device: where they lie.
        dtype: how they are kept.
        lookup: where the vectors of ids can be had again. A checkpoint keeps ids alone: 32,768
            vectors of 384 numbers are 50 MB, their ids 0.26.
    """

    def __init__(
        self,
        capacity: int,
        dimension: int,
        *,
        lookup: Lookup,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a queue of {capacity} vectors holds nothing")
        self.capacity = capacity
        self._vectors = torch.zeros(capacity, dimension, device=device, dtype=dtype)
        self._ids = torch.full((capacity,), -1, device=device)
        self._next, self._count, self._lookup = 0, 0, lookup

    def __len__(self) -> int:
        return self._count

    @property
    def vectors(self) -> Float[Tensor, "n d"]:
        """Return a copy of the vectors held, the oldest first."""
        return self._vectors[self._slots(torch.arange(self._count))]

    @property
    def ids(self) -> Int64[Tensor, "n"]:
        """Return a copy of the ids held, the oldest first."""
        return self._ids[self._slots(torch.arange(self._count))]

    @property
    def stored(self) -> Stored:
        """Return everything held as it lies in memory, in no order, without a copy."""
        return Stored(self._vectors[: self._count], self._ids[: self._count])

    def push(self, vectors: Float[Tensor, "n d"], ids: Int64[Tensor, "n"]) -> None:
        """Take in vectors, the first as the oldest of them; no gradient is kept."""
        vectors, ids = vectors[-self.capacity :].detach(), ids[-self.capacity :]
        slots = (self._next + torch.arange(len(ids))) % self.capacity
        slots = slots.to(self._ids.device)
        self._vectors[slots] = vectors.to(self._vectors)
        self._ids[slots] = ids.to(self._ids)
        self._next = (self._next + len(ids)) % self.capacity
        self._count = min(self._count + len(ids), self.capacity)

    def state_dict(self) -> dict[str, Any]:
        """Return the ids, oldest first, and where they lie."""
        return {"ids": self.ids, "oldest": (self._next - self._count) % self.capacity}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Hold again what :meth:`state_dict` returned.

        Raises:
            ValueError: if it does not fit into this queue.
        """
        ids = state["ids"]
        vectors = self._lookup(ids)
        if len(ids) > self.capacity or vectors.shape != (len(ids), self._vectors.shape[1]):
            raise ValueError(
                f"{len(ids)} ids and vectors of shape {tuple(vectors.shape)} do not fit into a"
                f" queue of shape {tuple(self._vectors.shape)}"
            )
        # Sums over what is stored must come out with the same bits, so the same places are taken.
        self._next, self._count = int(state.get("oldest", 0)), 0
        self.push(vectors, ids)

    def _slots(self, ages: Int64[Tensor, "n"]) -> Int64[Tensor, "n"]:
        """Return where the vectors of these ages (0: the oldest) lie."""
        oldest = self._next - self._count
        return ((oldest + ages) % self.capacity).to(self._ids.device)


def kept_by_id(
    ids: Int64[Tensor, "m"], anchors: Int64[Tensor, "b"], neighbours: Int64[Tensor, "b k"]
) -> Bool[Tensor, "b m"]:
    """Return where an id is neither the row's anchor nor one of its neighbours.

    Each row's ids are looked up among the sorted negatives: few are there, and comparing all with
    all would take ``b * m * k`` flags. Nothing here has a size that depends on the ids, so an
    accelerator need not wait.

    Args:
        ids: of the negatives, shared by all rows.
        anchors: id of each row's anchor; for pairs, of its positive.
        neighbours: ids that are known to belong to the row; k may be 0.
    """
    own = torch.cat([anchors.unsqueeze(1), neighbours], dim=1)
    if not len(ids):
        return torch.ones(len(anchors), 0, dtype=torch.bool, device=ids.device)
    ordered, order = ids.sort()
    at = torch.searchsorted(ordered, own).clamp(max=len(ids) - 1)
    at = torch.where(ordered[at] == own, at, len(ids))  # there: a column that no negative reads
    taken = torch.zeros(len(anchors), len(ids) + 1, dtype=torch.bool, device=ids.device)
    taken[torch.arange(len(anchors), device=ids.device).unsqueeze(1), at] = True
    return ~taken[:, _first_places(ordered, order)]


def _first_places(ordered: Int64[Tensor, "m"], order: Int64[Tensor, "m"]) -> Int64[Tensor, "m"]:
    """Return where each id stands first among the sorted ones, in the order before sorting."""
    repeats = torch.zeros_like(ordered, dtype=torch.bool)
    repeats[1:] = ordered[1:] == ordered[:-1]
    every = torch.arange(len(ordered), device=ordered.device)
    first = every.masked_fill(repeats, 0).cummax(dim=0).values
    return torch.empty_like(first).index_copy(0, order, first)
