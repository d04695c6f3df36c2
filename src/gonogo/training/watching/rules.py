"""A rule on one figure: what it sees, and what it says about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Action = Literal["continue", "warn", "abort"]
ROUNDING = 1e-9
"""A figure that misses a bound by no more than this has reached it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure at one moment.

    Args:
        epoch: completed epochs of the first task, as a fraction.
        last: whether the training ends here.
        value: of the figure.
    """

    epoch: float
    last: bool
    value: float

    @property
    def completed(self) -> int:
        """Return how many epochs are completed."""
        return math.floor(self.epoch + ROUNDING)


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says.

    Args:
        text: one sentence, with what to do.
        then: what follows from it.
        facts: further keys of the line in ``judgements.jsonl``.
    """

    text: str
    then: Action = "continue"
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Rule(Protocol):
    """Judges one figure as it comes in; nothing but the rule and its memory."""

    def update(self, seen: Seen) -> list[Said]:
        """Take in one figure; return what there is to say."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return its memory, as JSON."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        ...


def with_advice(text: str, advice: str, between: str = "; ") -> str:
    """Return a sentence with what to do, if anything is known to help."""
    return f"{text}{between}{advice}" if advice else text
