"""A trial's tasks: data and model bound to an objective, whatever the model reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.core.workplace import ANYWHERE, Workplace
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import TrialConfig
from gonogo.spec.task import tasks as specs
from gonogo.training.neighbours.neighbour_tasks import build_neighbour_task
from gonogo.training.next_vector.next_vector_task import build_next_vector_task
from gonogo.training.parts.task import Task, TaskLoss
from gonogo.training.parts.trainable import TextModel, TrainableModel
from gonogo.training.text.text_tasks import TextTasks

__all__ = ["Task", "TaskLoss", "build_tasks", "task_budgets"]


def build_tasks(
    config: TrialConfig,
    seed: int,
    model: TrainableModel,
    workplace: Workplace = ANYWHERE,
) -> dict[str, Task]:
    """Return the trial's tasks by name; all that can be prepared is prepared here, once.

    From then on only those heads of the model learn that one of the tasks moves.

    Args:
        config: the trial.
        seed: draws negatives and the order of examples.
        model: what will be trained.
        workplace: where relative data folders lie, and what is shown bars of the preparation.

    Raises:
        UserError: for data that cannot be read or hold nothing to train on, or for a task that
            the model cannot learn.
    """

    @cache
    def texts() -> TextTasks:
        if not isinstance(model, TextModel):
            raise UserError("this model reads no texts", place="model.kind")
        return TextTasks(config.training, seed, model, workplace)

    tasks: dict[str, Task] = {}
    for name, spec in config.tasks.items():
        match spec:
            case specs.RetrievalTask() | specs.RelevanceTask():
                tasks[name] = texts().build(name, spec)
            case NeighbourTask():
                tasks[name] = build_neighbour_task(name, spec, seed, model, workplace)
            case NextVectorTask():
                tasks[name] = build_next_vector_task(
                    name, spec, config.training, seed, model, workplace
                )
            case _:
                assert_never(spec)
    model.learn_heads({task.head for task in tasks.values()})
    return tasks


def task_budgets(config: TrialConfig, tasks: Mapping[str, Task]) -> dict[str, int]:
    """Return the optimiser steps that each task takes when it is learned alone.

    A started step is taken whole: ceil(epochs * examples / (batch * accumulation)), at most the
    task's own ``max_steps`` and the training's.
    """
    training = config.training

    def steps(name: str, task: Task) -> int:
        batches = training.epochs * task.examples_per_epoch / task.batch_size
        needed = max(math.ceil(batches / training.accumulation - 1e-9), 1)  # 1.1 * 100 / 10 is 11
        own = config.tasks[name].max_steps if name in config.tasks else None
        return min(needed, own or needed, training.max_steps or needed)

    return {name: steps(name, task) for name, task in tasks.items()}
