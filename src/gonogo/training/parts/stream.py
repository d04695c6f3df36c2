"""Which examples batch number ``index`` holds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from gonogo.core.errors import UserError
from gonogo.data.examples.batching import epoch_order


class ExampleStream:
    """Epoch after epoch of examples, each shuffled anew, cut into batches of equal size.

    A batch may reach into the next epoch, so none is smaller than the others and no example is
    dropped: after k epochs' worth of batches every example was seen k times.

    Args:
        count: examples of one epoch.
        batch_size: examples of one batch; never more than there are.
        seed: the trial's seed.
        name: the task's name; a specialist and a joint arm see the same order under one name.

    Raises:
        UserError: if there are no examples.
    """

    def __init__(self, count: int, batch_size: int, seed: int, name: str) -> None:
        if count < 1:
            raise UserError(
                "no training examples",
                place=f"tasks.{name}.data",
                hint="the split may hold no judged pairs",
            )
        self.count, self.batch_size = count, min(batch_size, count)
        # Two epochs at most meet in a batch; a permutation of millions is not drawn each time.
        self._order = lru_cache(maxsize=4)(lambda epoch: epoch_order(count, seed, name, epoch))

    def batch(self, index: int) -> Int64[np.ndarray, " b"]:
        """Return the example numbers of a batch; a pure function of the index."""
        if index < 0:
            raise ValueError(f"batches are counted from 0, not {index}")
        return self.examples(index * self.batch_size + np.arange(self.batch_size))

    def examples(self, places: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
        """Return the example numbers at places of the whole training, counted from 0."""
        epochs, within = np.divmod(places, self.count)
        found = np.empty(len(places), dtype=np.int64)
        for epoch in np.unique(epochs).tolist():
            here = epochs == epoch
            found[here] = self._order(epoch)[within[here]]
        return found
