"""The rule that a figure must not stay below a bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gonogo.spec.monitors import Floor
from gonogo.training.watching.rules import ROUNDING, Said, Seen, with_advice


class FloorRule:
    """Speaks when a figure is below its floor so many times in a row.

    A figure that is not finite counts as below: NaN is below nothing, and what gives NaN once has
    gone wrong for good.

    Args:
        spec: figure, floor, patience, and what follows.
    """

    def __init__(self, spec: Floor) -> None:
        self._spec = spec
        self._below: list[tuple[int, float | None]] = []

    def update(self, seen: Seen) -> list[Said]:
        """Take in one figure; say something where it was below too often."""
        spec, value = self._spec, seen.value
        if spec.at == "end" and not seen.last:
            return []
        finite = math.isfinite(value)
        early = seen.epoch <= spec.after_epoch + ROUNDING
        if early or (finite and value >= spec.least - ROUNDING):
            self._below = []
            return []
        # None for what JSON cannot hold; only the streak's length and last values are needed.
        entry = (seen.completed, value if finite else None)
        self._below = [*self._below, entry][-spec.patience :]
        if len(self._below) < spec.patience:
            return []
        return [Said(with_advice(self._sentence(), spec.advice), spec.then)]

    def _sentence(self) -> str:
        spec = self._spec
        told = ", ".join(
            f"{'not finite' if value is None else f'{value:.4f}'} at epoch {epoch}"
            for epoch, value in self._below
        )
        below = f"{spec.called or spec.figure} is below {spec.least:g}"
        if spec.at == "end":
            return f"{below} at the end ({told})"
        if spec.patience == 1:
            return f"{below} ({told})"
        return f"{below} in {spec.patience} evaluations in a row ({told})"

    def state_dict(self) -> dict[str, Any]:
        """Return the figures in a row that were below, as JSON."""
        return {"below": [list(entry) for entry in self._below]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._below = [(int(epoch), value) for epoch, value in state["below"]]
