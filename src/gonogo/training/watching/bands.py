"""The rule that says what a figure amounts to, at moments of the training, in a study's words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gonogo.spec.monitors import Band, Bands, band_of
from gonogo.training.watching.figures import readable
from gonogo.training.watching.rules import Said, Seen, with_advice


class BandsRule:
    """Speaks once at each of its moments: the first figure from an epoch on, or the last one.

    Args:
        spec: figure, moments, bands and words.
    """

    def __init__(self, spec: Bands) -> None:
        self._spec = spec
        self._done: set[int] = set()

    def update(self, seen: Seen) -> list[Said]:
        """Take in one figure; name its band at every moment that falls due with it."""
        said = []
        for number, moment in enumerate(self._spec.at):
            due = seen.last if moment.epoch == "end" else seen.completed >= moment.epoch
            if due and number not in self._done:
                self._done.add(number)
                said.append(self._judge(seen, moment.bands))
        return said

    def _judge(self, seen: Seen, bands: Sequence[Band]) -> Said:
        name, value, unit = readable(self._spec.figure, seen.value)
        called = self._spec.called or name[:1].upper() + name[1:]
        if not math.isfinite(value):
            return Said(f"{called} is not finite at epoch {seen.completed}")
        band = band_of(seen.value, bands)
        number = f"{value:.1f} %" if unit == "%" else f"{value:.4f}"
        text = f"{called} {number} at epoch {seen.completed}: {band.word}"
        measure = name.rpartition("/")[2].partition("@")[0]
        facts = {"word": band.word, measure: value}
        return Said(with_advice(text, band.advice, "; next: "), facts=facts)

    def state_dict(self) -> dict[str, Any]:
        """Return which moments are over, as JSON."""
        return {"done": sorted(self._done)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._done = set(state["done"])
