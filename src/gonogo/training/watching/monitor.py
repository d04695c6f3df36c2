"""What a monitor is: an observer with a memory that may end a training, but never bend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one optimiser step did.

    Args:
        step: optimiser steps taken so far, counted from 1.
        total_steps: optimiser steps of the whole training.
        learning_rate: the backbone's learning rate at this step.
        gradient_norm: Euclidean norm before clipping; None where a scaled step was skipped.
        losses: mean loss of each task that acted.
        examples: examples seen so far, by task.
        figures: what each acting task reported besides its loss.
    """

    step: int
    total_steps: int
    learning_rate: float
    gradient_norm: float | None
    losses: Mapping[str, float]
    examples: Mapping[str, int]
    figures: Mapping[str, Mapping[str, float]]


@runtime_checkable
class Monitor(Protocol):
    """Looks at the training from time to time; with or without it the weights are bit-equal.

    The trainer shields its own random numbers, gradients and train/eval mode from a monitor. A
    monitor that writes lines to ``logs/*.jsonl`` gives each a ``step``: after a resume the lines
    beyond the checkpoint are dropped, so that each step stands there once.
    """

    name: str

    def wants(self, step: int) -> bool:
        """Say whether :meth:`after_step` shall be called after this step (from 1)."""
        ...

    def after_step(self, record: StepRecord) -> str | None:
        """Observe; return the reason to abort the training, or None to go on."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what it must remember over a resume: tensors and JSON values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        ...
