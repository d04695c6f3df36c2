"""The rule that a figure must not leave a range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from gonogo.spec.monitors import Limit, Range
from gonogo.training.watching.rules import ROUNDING, Said, Seen, with_advice


class RangeRule:
    """Raises a flag beyond either end of a range, and one for what is not finite.

    A flag is told when it goes up, and again only after it was down.

    Args:
        spec: figure, ends, patience and advice.
    """

    def __init__(self, spec: Range) -> None:
        self._spec = spec
        self._ends = {"low": spec.low, "high": spec.high}
        self._beyond = dict.fromkeys(self._ends, 0)
        self._up: frozenset[str] = frozenset()

    def update(self, seen: Seen) -> list[Said]:
        """Take in one figure; return the flags that went up with it."""
        found = dict(self._flags(seen))
        new = [Said(text) for flag, text in found.items() if flag not in self._up]
        self._up = frozenset(found)
        return new

    def _flags(self, seen: Seen) -> Iterator[tuple[str, str]]:
        called, value = self._spec.called or self._spec.figure, seen.value
        if not math.isfinite(value):
            yield "not finite", f"{called} is {value} at epoch {seen.completed}"
            return
        said = f"{called} is {value:.3f} at epoch {seen.completed}"
        for name, limit in self._ends.items():
            if limit is None:
                continue
            outside = value > limit.bound if name == "high" else value < limit.bound
            counts = outside and _counts(limit, seen)
            self._beyond[name] = self._beyond[name] + 1 if counts else 0
            if self._beyond[name] >= limit.patience:
                where = "above" if name == "high" else "below"
                text = f"{said}, {where} {limit.bound:g}{_when(limit, self._beyond[name])}"
                yield name, with_advice(text, limit.advice, ": ")

    def state_dict(self) -> dict[str, Any]:
        """Return how many figures in a row were beyond each end and which flags are up, as JSON."""
        return {"beyond": dict(self._beyond), "up": sorted(self._up)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._beyond, self._up = dict(state["beyond"]), frozenset(state["up"])


def _counts(limit: Limit, seen: Seen) -> bool:
    late = limit.before_epoch is not None and seen.completed >= limit.before_epoch
    return seen.epoch > limit.after_epoch + ROUNDING and not late


def _when(limit: Limit, beyond: int) -> str:
    for_long = f" in {beyond} evaluations in a row" if limit.patience > 1 else ""
    return for_long + (f" before epoch {limit.before_epoch:g}" if limit.before_epoch else "")
