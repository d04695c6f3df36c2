"""What a first-in-first-out queue of anchors holds before each batch, without the queue.

A queue such as MoCo's (He et al. 2020, arXiv 1911.05722) that is filled before the first step and
then takes in every batch's anchors holds the last ``capacity`` members of one endless sequence.
That sequence is a function of the seed, so its window before a batch is one of the batch's number:
nothing has to be pushed, copied, saved or restored, and a resumed training reads the same window.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from gonogo.core.errors import UserError
from gonogo.core.seeds import generator
from gonogo.training.parts.stream import ExampleStream


class AnchorQueue:
    """Ids in a queue that was filled with random documents and then takes in anchors.

    Args:
        capacity: ids held.
        documents: ids are below this number; all of them may stand in the queue at first.
        stream: the anchors' order.
        anchors: the id of each example of the stream.
        seed: the trial's seed.
        name: the task's name.
    """

    def __init__(
        self,
        capacity: int,
        documents: int,
        stream: ExampleStream,
        anchors: Int64[np.ndarray, " n"],
        seed: int,
        name: str,
    ) -> None:
        if capacity < 1 or documents < 1:
            raise UserError("there is not one vector to fill the queue with", place=f"tasks.{name}")
        self.capacity, self._stream, self._anchors = capacity, stream, anchors
        self._seed, self._name = seed, name
        rounds = -(-capacity // documents)
        draws = generator(seed, "queue", name, "warm-up")
        filling = [draws.permutation(documents) for _ in range(rounds)]
        self._warm = np.concatenate(filling)[:capacity].astype(np.int64)

    def ids(self, index: int) -> Int64[np.ndarray, " c"]:
        """Return the ids held before batch ``index``, the oldest first; always full."""
        return self._at(index, np.arange(self.capacity))

    def sample(self, index: int, count: int) -> Int64[np.ndarray, " m"]:
        """Return the ids at ``count`` different places of the queue before batch ``index``.

        An id can stand in the queue twice, from the filling and from an epoch.

        Raises:
            UserError: if the queue holds fewer.
        """
        if count > self.capacity:
            raise UserError(f"{count:,} negatives from a queue of {self.capacity:,}")
        draws = generator(self._seed, "queue", self._name, index)
        places = draws.choice(self.capacity, count, replace=False, shuffle=False)
        return self._at(index, places)

    def _at(self, index: int, places: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
        """Return the ids at these places, 0 the oldest, before batch ``index``."""
        members = places + index * self._stream.batch_size
        ids: Int64[np.ndarray, " m"] = self._warm[np.minimum(members, self.capacity - 1)]
        later = members >= self.capacity
        ids[later] = self._anchors[self._stream.examples(members[later] - self.capacity)]
        return ids
