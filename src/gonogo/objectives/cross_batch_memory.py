"""Cross-batch memory: embeddings of the last batches (XBM, Wang et al., arXiv 1912.06798)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor


class CrossBatchMemory:
    """First in, first out; rows are detached, and stale by as many steps as they are old.

    Push a batch after its loss: pushed before, it would count twice. The rows are part of a
    checkpoint, or a resumed run would see other statistics than an uninterrupted one.

    Args:
        size: most rows kept; 0 keeps none.
    """

    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError(f"a memory of {size} rows")
        self.size = size
        self._rows: Tensor | None = None

    @property
    def rows(self) -> Float[Tensor, "m d"] | None:
        """The rows held, oldest first; None before the first push."""
        return self._rows

    def push(self, embeddings: Float[Tensor, "n d"]) -> None:
        """Remember a batch as it is scored: not rescaled, in the batch's own precision."""
        if not self.size:
            return
        new = embeddings.detach()
        held = new if self._rows is None else torch.cat([self._rows.to(new), new])
        self._rows = held[-self.size :].clone()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the rows held; empty before the first push."""
        return {} if self._rows is None else {"rows": self._rows}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Hold the rows of :meth:`state_dict`, and no others."""
        rows = state.get("rows")
        self._rows = None if rows is None else rows.clone()
