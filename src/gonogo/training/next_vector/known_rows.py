"""Bank rows that are known not to be a pair's negatives."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.search.search import Filters, search

_REPEATS = 16  # repeats of a target looked for at first
_DEEPER = 4  # times as many, for targets that have all of those


class KnownRows:
    """The rows of each pair's context and all that repeat its target, the target among them.

    Args:
        data: bank and pairs.
        numbers: of the pairs that will be asked for.
        duplicate_above: cosine with the target above which a row repeats it.
    """

    def __init__(
        self, data: NextVectors, numbers: Int64[np.ndarray, "n"], duplicate_above: float
    ) -> None:
        self._data = data
        targets = np.unique(data.pairs.targets[numbers])
        found = _repeats(data, targets, duplicate_above)
        # Not one table: a passage that a thousand articles share would make it a thousand wide.
        self._repeats = dict(zip(targets.tolist(), found, strict=True))

    def of(self, numbers: Int64[np.ndarray, "b"]) -> Int64[np.ndarray, "b k"]:
        """Return the rows of some pairs; -1 pads.

        Raises:
            KeyError: for a pair that was not among those announced.
        """
        targets = self._data.pairs.targets[numbers]
        found = [self._repeats[target] for target in targets.tolist()]
        repeats = np.full((len(found), max(map(len, found), default=0)), -1, dtype=np.int64)
        for line, rows in zip(repeats, found, strict=True):
            line[: len(rows)] = rows
        contexts = self._data.pairs.contexts[numbers]
        return np.concatenate([contexts, repeats], axis=1)


def _repeats(
    data: NextVectors, targets: Int64[np.ndarray, "n"], above: float
) -> list[Int64[np.ndarray, "k"]]:
    """Return the rows whose cosine with each target is higher; where full, search deeper."""
    found: list[Int64[np.ndarray, "k"]] = [np.empty(0, np.int64)] * len(targets)
    beyond = Filters(lowest=float(np.nextafter(np.float32(above), np.float32(2))))
    wanted: Float[np.ndarray, "n d"] = data.bank.take(targets)
    pending, depth = np.arange(len(targets)), _REPEATS
    while pending.size:
        rows = search(wanted[pending], data.bank.vectors, depth, "cosine", filters=beyond).rows
        for place, line in zip(pending.tolist(), rows, strict=True):
            found[place] = line[line >= 0]
        pending = pending[rows[:, -1] >= 0] if depth < len(data.bank) else pending[:0]
        depth *= _DEEPER
    return found
