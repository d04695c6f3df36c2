"""Gates out of a training log: means at its end, by transformer block, and over its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gonogo.analysis.records.routing import Routing, routing_from, tells_gates

_LAST = 4
"""The last of so many equal parts of the steps is what routing has come to."""

Thin = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]


def logged_routing(
    arm: str, seed: int, rows: Sequence[dict[str, Any]], thin: Thin
) -> Iterator[Routing]:
    """Yield what each task's routers did, where the log tells of gates.

    Args:
        arm: whose log it is.
        seed: likewise.
        rows: lines of logs/train.jsonl.
        thin: keeps a few rows of many.
    """
    gated = [row for row in rows if tells_gates(row)]
    for task in dict.fromkeys(str(row["task"]) for row in gated):
        own = [row for row in gated if row["task"] == task]
        last = own[-max(1, len(own) // _LAST) :]
        yield routing_from(last, arm=arm, seed=seed, task=task, over=thin(own))
