"""The mined negatives in force: mined anew each epoch, found again by the pair's own number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64

from gonogo.core.progress import Progress
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.mining.mining import Mined, MinedRows
from gonogo.evaluation.next_vector.next_vector import encode_contexts
from gonogo.evaluation.next_vector.next_vector_mining import mine_next
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.curriculum import Curriculum, Segment
from gonogo.spec.next_vector.next_vector_task import NextVectorTask


class NegativeMiner:
    """Mines what the curriculum asks for, and keeps it by training pair, not by shuffle.

    Args:
        data: bank and pairs.
        model: encodes the contexts, as it is at the start of an epoch.
        spec: unit of the windows, and what is a duplicate.
        curriculum: how many, how near, when.
        progress: told how full the windows were.
    """

    def __init__(
        self,
        data: NextVectors,
        model: QueryTower,
        spec: NextVectorTask,
        curriculum: Curriculum,
        progress: Progress,
    ) -> None:
        self._data, self._model, self._spec = data, model, spec
        self._curriculum, self._progress = curriculum, progress
        self._mined: MinedRows | None = None
        self._epoch = 0
        self.facts: dict[str, float] = {}
        """Of the last mining: ``mined_fill`` (share of what was asked for) and what was dropped."""

    @property
    def segment(self) -> Segment:
        """Return the segment in force; the steps that end the last epoch stay in its segment."""
        return self._curriculum.at(min(self._epoch + 1, self._curriculum.epochs))

    def mine(self, epoch: int, train: Int64[np.ndarray, "n"]) -> None:
        """Prepare an epoch, counted from 0 as the trainer does."""
        self._epoch, self._mined, self.facts = epoch, None, {}
        if self.segment.window is None:
            return
        mined = self.of_queries(encode_contexts(self._model, self._data, train), train)
        if mined is None:
            return
        self._mined, drops = mined, mined.drops
        self.facts = {
            "mined_fill": mined.fill_rate,
            "mined_above_window": drops.above_window / len(train),
            "mined_positives": float(drops.positives),
            "mined_own_context": float(drops.barred),
            "mined_near_positive": float(drops.near_positive),
            "mined_near_both": float(drops.near_both),
        }
        self._progress.say(
            f"epoch {epoch + 1}: {self.segment.count} negatives {self.segment.window}"
            f" ({self._spec.window}), {mined.fill_rate:.1%} filled;"
            f" {drops.near_positive} dropped near the positive"
        )

    def of_queries(
        self, queries: Float[np.ndarray, "n d"], numbers: Int64[np.ndarray, "n"]
    ) -> Mined | None:
        """Mine for any queries by the segment in force; None where it mines nothing."""
        segment = self.segment
        if segment.window is None:
            return None
        return mine_next(
            queries,
            self._data,
            numbers,
            count=segment.count,
            window=segment.window,
            unit=self._spec.window,
            duplicate_above=self._spec.duplicate_above,
        )

    def of(self, numbers: Int64[np.ndarray, "b"]) -> Int64[np.ndarray, "b k"]:
        """Return bank rows of training pairs' negatives, -1 where there is none; k may be 0.

        Raises:
            KeyError: for a pair that was not mined.
        """
        none = np.empty((len(numbers), 0), dtype=np.int64)
        return none if self._mined is None else self._mined.of(numbers)

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch and what was mined for it."""
        state: dict[str, Any] = {"mined_epoch": self._epoch, "mined_facts": dict(self.facts)}
        if self._mined is not None:
            state["mined_ids"] = torch.from_numpy(self._mined.ids)
            state["mined_rows"] = torch.from_numpy(self._mined.rows)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._epoch, self.facts = int(state["mined_epoch"]), dict(state["mined_facts"])
        self._mined = None
        if "mined_rows" in state:
            ids, rows = (state[name].numpy().copy() for name in ("mined_ids", "mined_rows"))
            self._mined = MinedRows(ids, rows)
