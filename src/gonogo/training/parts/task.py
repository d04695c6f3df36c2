"""What a task is: batches that are a function of their number, and a loss on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from gonogo.models.parts.module import Head


@dataclass(frozen=True, slots=True)
class TaskLoss:
    """The loss of one batch, and what it took.

    Args:
        loss: mean over the batch's examples, with its graph.
        examples: examples in the batch.
        tokens: real tokens that went through the model.
        padded_tokens: the same with padding, never fewer than ``tokens``.
        figures: further numbers for the log, by name; tensors without a graph are read once the
            step has been computed, so that no accelerator waits.
    """

    loss: Float[Tensor, ""]
    examples: int
    tokens: int
    padded_tokens: int
    figures: Mapping[str, float | Float[Tensor, ""]] = field(default_factory=dict)


@runtime_checkable
class Task(Protocol):
    """Data, a head of the model and an objective, bound together; all that the trainer knows.

    Anything that a task remembers between steps (a queue, mined negatives, the token budget) is
    part of its state; everything else must follow from the batch's number and the seed, so that
    an interrupted training can go on bit for bit.
    """

    name: str
    batch_size: int
    examples_per_epoch: int
    head: Head
    """Which head it moves, of a model that has several."""

    def batch(self, index: int) -> Any:
        """Return batch ``index`` (from 0), a pure function of the index, the seed and the state."""
        ...

    def loss(self, batch: Any) -> TaskLoss:
        """Run the model on a batch; dropout draws from torch's own generator."""
        ...

    def start_epoch(self, epoch: int) -> None:
        """Prepare an epoch (from 0) before its first batch, by mining negatives for example."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what the task must remember over a resume: tensors and JSON values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        ...
