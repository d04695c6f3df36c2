"""Warnings from the in-batch loss: too high for too long, or too low too soon.

Only the loss over in-batch negatives fits these bounds. Over a memory of 50,000 the same tower
shows up to ln(50,000 / 32) = 7.4 nats more, so that loss is logged, never judged.

A tower that knows nothing tells no row from another: with B pairs a batch, margin m and temperature
t it shows about ln B + m / t, by default ln 32 + 0.03 / 0.05 = 4.07 nats. The upper bound lies
beyond that, so it finds a tower that goes wrong, not one that stands still.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_WORSE_THAN_NOTHING = (
    "a tower that knows nothing shows about ln(batch size) + margin / temperature, 4.07 by default;"
    " above it the others' targets are nearer than the own one: try a lower"
    " training.learning_rate, and see that margin_in_batch rises"
)


class LossFlags:
    """Watches the in-batch loss epoch by epoch; it warns, it never ends a training.

    A flag is told when it goes up, and again only after it was down.

    Args:
        highest: a loss above it, in nats, in ``patience`` epochs in a row is a red flag. 5 is worse
            than knowing nothing in batches of up to 80 (ln 80 + 0.03 / 0.05 = 4.98); larger ones
            start above it.
        patience: how many epochs make it persistent.
        lowest: a loss below it before ``early`` is one at once: in-batch negatives that are this
            easy point at a leak.
        early: completed epochs from which a low loss is no surprise.
    """

    def __init__(
        self, *, highest: float = 5.0, patience: int = 3, lowest: float = 2.0, early: int = 20
    ) -> None:
        self.highest, self.patience = highest, patience
        self.lowest, self.early = lowest, early
        self._high = 0
        self._up: frozenset[str] = frozenset()

    def update(self, epoch: int, *, in_batch_loss: float) -> list[str]:
        """Take in an epoch's mean in-batch loss (nats, epochs from 1); return the new red flags."""
        found = self._flags(epoch, in_batch_loss)
        new = [text for kind, text in found.items() if kind not in self._up]
        self._up = frozenset(found)
        return new

    def _flags(self, epoch: int, loss: float) -> dict[str, str]:
        if not math.isfinite(loss):
            return {"not finite": f"the in-batch loss is {loss} at epoch {epoch}"}
        self._high = self._high + 1 if loss > self.highest else 0
        said, flags = f"the in-batch loss is {loss:.3f} at epoch {epoch}", {}
        if self._high >= self.patience:
            flags["high"] = (
                f"{said}, above {self.highest:g} for {self._high} epochs: {_WORSE_THAN_NOTHING}"
            )
        if loss < self.lowest and epoch < self.early:
            flags["low"] = (
                f"{said}, below {self.lowest:g} before epoch {self.early}:"
                " look for leaked or trivial pairs"
            )
        return flags

    def state_dict(self) -> dict[str, Any]:
        """Return how many epochs in a row were too high and which flags are up, as JSON."""
        return {"high": self._high, "up": sorted(self._up)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._high, self._up = int(state["high"]), frozenset(state.get("up", ()))
