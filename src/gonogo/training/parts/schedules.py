"""Which task acts at which optimiser step, with which of its batches.

Exposure is the point: a joint arm in which each task gets half of its specialist's steps measures
under-training, not interference. Every schedule spends each task's budget exactly, on the same
batches in the same order as the specialist, and numbers those batches in the plan itself, so that
a resumed training reads its place off the step and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from gonogo.core.errors import UserError, nearest
from gonogo.spec.training import Alternating, Mixed, ScheduleSpec, Staged, TrainingSpec

_OTHER_WEIGHT = 2.0  # lambda of L_embed + lambda * L_rerank


@dataclass(frozen=True, slots=True)
class Part:
    """One task's share of an optimiser step; a step's loss is the sum of its parts'.

    Attributes:
        task: name of the task.
        weight: factor of the mean loss over ``batches``.
        batches: numbers of the task's batches, counted over the whole training; never empty.
    """

    task: str
    weight: float
    batches: range


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step.

    Attributes:
        parts: the tasks that act, in the order of the arm.
        learning_rate: peak of the learning-rate curve at this step.
        head_learning_rate: the same for heads.
    """

    parts: tuple[Part, ...]
    learning_rate: float
    head_learning_rate: float


def plan_steps(
    schedule: ScheduleSpec, budgets: Mapping[str, int], training: TrainingSpec
) -> tuple[Step, ...]:
    """Lay out every optimiser step of a training.

    Args:
        schedule: how the tasks of a joint arm share the training; an arm of one task has none.
        budgets: optimiser steps that each task would take alone, in the order of the arm.
        training: accumulation and learning rates.

    Returns:
        The steps. Where exposure is matched a task's batches are ``0 .. budget * accumulation -
        1``, each exactly once and in order. Where compute is, the budgets are first scaled down so
        that they add up to the largest of them; where updates are, too, unless each update is
        already shared by all tasks.

    Raises:
        UserError: if the schedule names a task that the arm has not.
    """
    _check_names(schedule, budgets)
    if schedule.match == "compute" or (
        schedule.match == "updates" and not isinstance(schedule, Mixed)
    ):
        budgets = sharing_the_largest(budgets)
    size = training.accumulation
    peak, head = training.learning_rate, training.head_learning_rate
    if len(budgets) == 1:
        return _one_task_a_step(_interleave(budgets), size, peak, head or peak)
    match schedule:
        case Alternating(every="step"):
            return _one_task_a_step(_interleave(budgets), size, peak, head or peak)
        case Alternating():
            return _several_tasks_a_step(budgets, size, peak, head or peak)
        case Mixed():
            weights = _weights(schedule, budgets)
            return _all_tasks_a_step(budgets, weights, size, peak, head or peak)
        case Staged():
            return _staged(schedule, budgets, training)
        case _:
            assert_never(schedule)


def sharing_the_largest(budgets: Mapping[str, int]) -> dict[str, int]:
    """Scale budgets, in proportion, so that their sum is the largest of them.

    Rounded by largest remainders; a task keeps one step at least.
    """
    total, whole = max(budgets.values(), default=0), sum(budgets.values())
    exact = {task: total * budget / whole for task, budget in budgets.items()} if whole else {}
    scaled = {task: int(share) for task, share in exact.items()}
    by_remainder = sorted(exact, key=lambda task: scaled[task] - exact[task])  # stable
    for task in by_remainder[: total - sum(scaled.values())]:
        scaled[task] += 1
    return {task: max(scaled[task], min(1, budgets[task])) for task in scaled}


def _check_names(schedule: ScheduleSpec, budgets: Mapping[str, int]) -> None:
    named: dict[str, str] = {}
    if isinstance(schedule, Mixed):
        named = {f"schedule.weights.{task}": task for task in schedule.weights}
    elif isinstance(schedule, Staged) and schedule.first is not None:
        named = {"schedule.first": schedule.first}
    for place, task in named.items():
        if task not in budgets and len(budgets) > 1:
            raise UserError(f"no task {task!r}", place=place, hint=nearest(task, budgets))


def _interleave(counts: Mapping[str, int]) -> list[str]:
    """Spread each task's turns evenly over all; equal counts alternate strictly, in order.

    The k-th of a task's n turns is due at (k + 1/2) / n of the way; ties go to the earlier task.
    """
    due = [
        ((2 * turn + 1) / (2 * count), place, task)
        for place, (task, count) in enumerate(counts.items())
        for turn in range(count)
    ]
    return [task for _, _, task in sorted(due)]


class _Counter:
    """Hands out each task's batches in order."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def take(self, task: str, count: int) -> range:
        first = self._next.get(task, 0)
        self._next[task] = first + count
        return range(first, first + count)


def _one_task_a_step(
    turns: Sequence[str], size: int, peak: float, head: float, counter: _Counter | None = None
) -> tuple[Step, ...]:
    counter = counter or _Counter()
    return tuple(Step((Part(task, 1.0, counter.take(task, size)),), peak, head) for task in turns)


def _several_tasks_a_step(
    budgets: Mapping[str, int], size: int, peak: float, head: float
) -> tuple[Step, ...]:
    """Alternate by batch: every batch weighs the same, whichever task it belongs to."""
    turns = _interleave({task: budget * size for task, budget in budgets.items()})
    counter = _Counter()
    steps = []
    for start in range(0, len(turns), size):
        held = turns[start : start + size]
        counts = {task: held.count(task) for task in budgets if task in held}
        parts = (Part(t, count / size, counter.take(t, count)) for t, count in counts.items())
        steps.append(Step(tuple(parts), peak, head))
    return tuple(steps)


def _weights(schedule: Mixed, budgets: Mapping[str, int]) -> dict[str, float]:
    first = next(iter(budgets))
    default = {task: 1.0 if task == first else _OTHER_WEIGHT for task in budgets}
    return {task: schedule.weights.get(task, default[task]) for task in budgets}


def _all_tasks_a_step(
    budgets: Mapping[str, int], weights: Mapping[str, float], size: int, peak: float, head: float
) -> tuple[Step, ...]:
    """Hold every task in every step; a shorter task's batches are spread evenly over all steps.

    Where they are fewer than the steps, some steps do without that task.
    """
    count = max(budgets.values())
    counter = _Counter()
    steps = []
    for index in range(count):
        parts = []
        for task, budget in budgets.items():
            share = (index + 1) * budget * size // count - index * budget * size // count
            if share:
                parts.append(Part(task, weights[task], counter.take(task, share)))
        steps.append(Step(tuple(parts), peak, head))
    return tuple(steps)


def _staged(
    schedule: Staged, budgets: Mapping[str, int], training: TrainingSpec
) -> tuple[Step, ...]:
    """Spend a share of one task's budget alone, then let what is left of all alternate.

    Heads keep their proportion to the first stage's rate.
    """
    first = schedule.first or next(iter(budgets))
    alone = round(schedule.first_share * budgets[first])
    left = {task: budget - alone * (task == first) for task, budget in budgets.items()}
    counter = _Counter()
    steps: list[Step] = []
    stages = (
        ([first] * alone, schedule.first_learning_rate),
        (_interleave(left), schedule.then_learning_rate),
    )
    for turns, peak in stages:
        ratio = peak / schedule.first_learning_rate
        head = training.head_learning_rate * ratio if training.head_learning_rate else peak
        steps += _one_task_a_step(turns, training.accumulation, peak, head, counter)
    return tuple(steps)
