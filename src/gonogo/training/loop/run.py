"""A training under way: everything that moves, and so everything that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from gonogo.training.loop.checkpoints import Checkpoint, join_memory, load_weights, split_memory
from gonogo.training.loop.optimizer import load_optimizer_tensors, optimizer_tensors
from gonogo.training.loop.states import RunState
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TrainableModel
from gonogo.training.watching.monitor import Monitor


@dataclass
class Run:
    """Model, optimiser and memories after ``step`` optimiser steps.

    Args:
        model: what is trained.
        optimizer: what trains it.
        tasks: what it learns, by name.
        monitors: what watches.
        scaler: keeps fp16 gradients from vanishing; None in other formats.
        step: optimiser steps taken.
        examples: examples seen, by task.
        epochs: the epoch that each task was last told to prepare.
        seconds: wall-clock time spent, over all attempts.
    """

    model: TrainableModel
    optimizer: torch.optim.Optimizer
    tasks: Mapping[str, Task]
    monitors: Sequence[Monitor] = ()
    scaler: torch.amp.GradScaler | None = None
    step: int = 0
    examples: dict[str, int] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.examples = dict.fromkeys(self.tasks, 0)

    def checkpoint(self) -> Checkpoint:
        """Return everything that the next step depends on."""
        trainable = self.model.trainable()
        kept, plain = split_memory({name: task.state_dict() for name, task in self.tasks.items()})
        seen, noted = split_memory({each.name: each.state_dict() for each in self.monitors})
        tensors: dict[str, Mapping[str, torch.Tensor]] = {
            "weights": dict(trainable),
            "optimizer": optimizer_tensors(self.optimizer, trainable),
            "tasks": kept,
            "monitors": seen,
        }
        state = RunState(
            step=self.step,
            examples=self.examples,
            epochs=self.epochs,
            seconds=self.seconds,
            tasks=plain,
            monitors=noted,
            scaler=self.scaler.state_dict() if self.scaler else None,
        )
        return Checkpoint(tensors, state)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was written."""
        tensors, state = checkpoint.tensors, checkpoint.state
        trainable = self.model.trainable()
        load_weights(trainable, tensors["weights"])
        load_optimizer_tensors(self.optimizer, trainable, tensors["optimizer"])
        memories = join_memory(tensors["tasks"], state.tasks)
        for name, task in self.tasks.items():
            task.load_state_dict(memories[name])
        watched = join_memory(tensors["monitors"], state.monitors)
        for monitor in self.monitors:
            # A monitor that was added since then starts with an empty memory.
            if monitor.name in watched:
                monitor.load_state_dict(watched[monitor.name])
        if self.scaler and state.scaler:
            self.scaler.load_state_dict(state.scaler)
        self.step, self.seconds = state.step, state.seconds
        self.examples, self.epochs = dict(state.examples), dict(state.epochs)
