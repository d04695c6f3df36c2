"""What is held equal between a joint arm and its specialists, and comparisons that hold another."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from gonogo.spec.base import Name, Spec

Matching = Literal["exposure", "updates", "compute"]


class Comparison(Spec):
    """Arms that are compared as the gate's are, and reported beside them; they decide nothing."""

    joint: Name | None = None
    """The arm that learns all tasks together; the gate's if not given."""
    specialists: dict[Name, Name] = {}
    """Arms that learn a task alone, by task, where they are not the gate's: longer ones, say."""

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if self.joint is None and not self.specialists:
            raise ValueError("name another joint arm, other specialists, or both")
        return self
