"""How a mixture's routers weighed its experts: in training by task, in evaluation by data set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from gonogo.spec.base import Spec

_GATE = re.compile(r"gate\.([^.]+)")
_BLOCK = re.compile(r"gate\.([^.]+)\.layer_(\d+)")

DEAD = 0.01
"""Mean gate below which an expert has no work."""


class Routing(Spec):
    """Gates of one trial on the texts of one task, or of one data set of it."""

    arm: str
    seed: int
    task: str
    dataset: str | None = None
    """On which texts; None: those of training, in the last quarter of its steps."""
    texts: int | None = None
    """How many texts were asked; None in training."""
    experts: tuple[str, ...]
    gates: tuple[float, ...]
    """Mean gate of each expert, over layers and texts."""
    entropy: float | None = None
    """Mean entropy of a token's gates over its largest value: 1 where all are equal, 0 where one
    expert has everything."""
    active: float | None = None
    """Experts of a token with a gate above zero, on average."""
    balance: float | None = None
    """Experts x sum of (share of choices x mean gate): 1 where all have equal work."""
    blocks: tuple[int, ...] = ()
    block_gates: tuple[tuple[float | None, ...], ...] = ()
    """One row a transformer block, one column an expert."""
    steps: tuple[int, ...] = ()
    step_gates: tuple[tuple[float | None, ...], ...] = ()
    """Over training: one row an expert, one column a step, thinned to at most 300."""

    @property
    def dead(self) -> tuple[str, ...]:
        """Return the experts whose mean gate is below `DEAD`."""
        return tuple(n for n, gate in zip(self.experts, self.gates, strict=True) if gate < DEAD)


def tells_gates(row: Mapping[str, Any]) -> bool:
    """Return whether figures by name hold those of a mixture."""
    return any(_GATE.fullmatch(key) for key in row)


def routing_from(
    rows: Sequence[Mapping[str, Any]],
    *,
    arm: str,
    seed: int,
    task: str,
    dataset: str | None = None,
    texts: int | None = None,
    over: Sequence[Mapping[str, Any]] = (),
) -> Routing:
    """Return the means of logged figures as one record.

    Args:
        rows: figures by the names under which routers tell them, at least one row.
        arm: whose they are.
        seed: likewise.
        task: on which texts.
        dataset: likewise, in evaluation.
        texts: how many, in evaluation.
        over: rows with a step each, for the curve over training.
    """
    experts = tuple(m[1] for key in rows[-1] if (m := _GATE.fullmatch(key)))
    blocks = sorted({int(m[2]) for key in rows[-1] if (m := _BLOCK.fullmatch(key))})
    return Routing(
        arm=arm,
        seed=seed,
        task=task,
        dataset=dataset,
        texts=texts,
        experts=experts,
        gates=tuple(_mean(rows, f"gate.{name}") or 0.0 for name in experts),
        entropy=_mean(rows, "gate_entropy"),
        active=_mean(rows, "active_experts"),
        balance=_mean(rows, "router_balance"),
        blocks=tuple(blocks),
        block_gates=tuple(
            tuple(_mean(rows, f"gate.{name}.layer_{block}") for name in experts) for block in blocks
        ),
        steps=tuple(int(row["step"]) for row in over),
        step_gates=tuple(tuple(row.get(f"gate.{name}") for row in over) for name in experts)
        if over
        else (),
    )


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [float(row[key]) for row in rows if row.get(key) is not None]
    return fsum(values) / len(values) if values else None


class RoutingFile(Spec):
    """``routing.json``: what a trial's routers did on each data set that it was scored on."""

    routing: tuple[Routing, ...]
