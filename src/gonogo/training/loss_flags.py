"""Warnings from the in-batch loss: too high for too long, or too low too soon.

Only the loss over in-batch negatives fits these bounds. Over a memory of 50,000 the same tower
shows up to ln(50,000 / 32) = 7.4 nats more, so that loss is logged, never judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


class LossFlags:
    """Watches the in-batch loss epoch by epoch; it warns, it never ends a training.

    Args:
        highest: a loss above it, in nats, in ``patience`` epochs in a row is a red flag.
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

    def update(self, epoch: int, *, in_batch_loss: float) -> list[str]:
        """Take in an epoch's mean in-batch loss (nats, epochs from 1); return the red flags."""
        if not math.isfinite(in_batch_loss):
            return [f"the in-batch loss is {in_batch_loss} at epoch {epoch}"]
        self._high = self._high + 1 if in_batch_loss > self.highest else 0
        flags: list[str] = []
        if self._high >= self.patience:
            flags.append(
                f"the in-batch loss is {in_batch_loss:.3f} at epoch {epoch}, above"
                f" {self.highest:g} for {self._high} epochs: it does not learn"
            )
        if in_batch_loss < self.lowest and epoch < self.early:
            flags.append(
                f"the in-batch loss is {in_batch_loss:.3f} at epoch {epoch}, below"
                f" {self.lowest:g} before epoch {self.early}: look for leaked or trivial pairs"
            )
        return flags

    def state_dict(self) -> dict[str, Any]:
        """Return how many epochs in a row were too high, as JSON."""
        return {"high": self._high}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._high = int(state["high"])
