"""One optimiser step: each task's batches forward and backward, then AdamW."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.training.loop.optimizer import gradient_norm, set_learning_rates
from gonogo.training.loop.run import Run
from gonogo.training.parts.determinism import seed_step
from gonogo.training.parts.schedules import Part, Step

_SMALLEST_SCALE = 1.0

Figure = float | Float[Tensor, ""]


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """What one task's share of a step did; its loss is the mean over its batches.

    So is each of its figures, over the batches that have it.
    """

    task: str
    loss: float
    examples: int
    tokens: int
    padded_tokens: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step did; ``failure`` says why it was not taken, if it was not."""

    parts: tuple[PartOutcome, ...]
    gradient_norm: float | None
    seconds: float
    failure: str | None


def take_step(
    run: Run, plan: Step, rates: tuple[float, float], *, seed: int, clip: float | None
) -> StepOutcome:
    """Take one step; the weights stay as they are if a loss or gradient is not finite.

    Args:
        run: moved on by one step.
        plan: which batches of which task, and their weights.
        rates: learning rates of backbone and heads.
        seed: the trial's seed; dropout draws from it and the step's number alone.
        clip: largest gradient norm.
    """
    started = time.perf_counter()
    number = run.step + 1
    for part in plan.parts:
        _start_epoch(run, part)
    seed_step(seed, number)
    run.model.train()
    run.optimizer.zero_grad()
    set_learning_rates(run.optimizer, *rates)
    parts = tuple(_backward(run, part) for part in plan.parts)
    norm, failure = _update(run, parts, number, clip)
    if failure is None:
        run.step = number
        for done in parts:
            run.examples[done.task] += done.examples
    return StepOutcome(parts, norm, time.perf_counter() - started, failure)


def _start_epoch(run: Run, part: Part) -> None:
    """Tell a task to prepare the epoch that its last batch of this step reaches into."""
    task = run.tasks[part.task]
    epoch = ((part.batches[-1] + 1) * task.batch_size - 1) // task.examples_per_epoch
    for due in range(run.epochs.get(part.task, -1) + 1, epoch + 1):
        task.start_epoch(due)
        run.epochs[part.task] = due


def _backward(run: Run, part: Part) -> PartOutcome:
    """Add the gradient of one task's batches; each batch's graph is freed before the next."""
    task, share = run.tasks[part.task], 1.0 / len(part.batches)
    losses, figures = [], []
    examples = tokens = padded = 0
    for index in part.batches:
        result = task.loss(task.batch(index))
        loss = result.loss * (part.weight * share)
        torch.autograd.backward(run.scaler.scale(loss) if run.scaler else loss)
        losses.append(result.loss.detach())
        figures.append(result.figures)
        examples += result.examples
        tokens += result.tokens
        padded += result.padded_tokens
    # Read once at the end: reading each loss would make a GPU wait for the host.
    mean = float(torch.stack(losses).mean())
    return PartOutcome(part.task, mean, examples, tokens, padded, _mean(figures))


def _mean(figures: list[Mapping[str, Figure]]) -> dict[str, float]:
    """Return the mean of each figure over the batches that have it."""
    values: dict[str, list[Figure]] = {}
    for batch in figures:
        for name, value in batch.items():
            values.setdefault(name, []).append(value)
    return {name: sum(_read(every)) / len(every) for name, every in values.items()}


def _read(values: list[Figure]) -> list[float]:
    """Read a figure of all batches at once."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    read = iter(torch.stack(tensors).tolist() if tensors else ())
    return [next(read) if isinstance(value, Tensor) else value for value in values]


def _update(
    run: Run, parts: tuple[PartOutcome, ...], number: int, clip: float | None
) -> tuple[float | None, str | None]:
    """Clip and move the weights; return the gradient norm and what forbids the step."""
    for part in parts:
        if not math.isfinite(part.loss):
            return None, f"step {number}: the loss of task {part.task!r} is {part.loss}"
    if run.scaler:
        run.scaler.unscale_(run.optimizer)
    norm: Any = gradient_norm(run.model.trainable().values(), clip).item()
    if not run.scaler:
        if not math.isfinite(norm):
            names = " and ".join(repr(part.task) for part in parts)
            return None, f"step {number}: the gradient of task {names} is {norm}"
        run.optimizer.step()
        return norm, None
    # fp16: a step whose scaled gradients overflow is skipped, and the next one scaled less.
    run.scaler.step(run.optimizer)
    run.scaler.update()
    if run.scaler.get_scale() < _SMALLEST_SCALE:
        return None, f"step {number}: fp16 gradients overflow at every scale"
    return (norm if math.isfinite(norm) else None), None
