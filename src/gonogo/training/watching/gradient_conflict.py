"""Do two tasks pull the shared weights apart? Their gradients compared, layer by layer.

The measures are those of PCGrad (Yu et al. 2020, arXiv 2001.06782): gradients conflict where their
cosine is negative, and then PCGrad would remove from each its component along the other.
"""

from __future__ import annotations

import copy
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.core.files import append_json_line
from gonogo.core.seeds import derive_seed
from gonogo.training.parts.task import Task
from gonogo.training.watching.monitor import StepRecord

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)(?:\.|$)")

Gradients = Mapping[str, Tensor]
"""Gradient of one task's loss, by parameter name."""


def layer_name(parameter: str) -> str:
    """Return ``layers.7`` for a parameter of transformer layer 7, ``other`` outside all layers."""
    found = _LAYER.search(parameter)
    return f"layers.{found[1]}" if found else "other"


@dataclass(frozen=True, slots=True)
class GradientComparison:
    """How two gradients lie to each other; None where a gradient is zero or not finite.

    A gradient of zero has no direction: LoRA's A matrices have none before the first step, because
    B is zero there. Such a cosine is undefined, not 0.

    Attributes:
        cosine: of the two whole gradients.
        layers: cosine within each layer, in the order of the layers.
        mean_cosine: mean over the layers whose cosine is defined.
        norm_ratio: Euclidean norm of the first over that of the second.
        fraction_negative: share of the defined layer cosines that are below zero.
        projection_magnitude: length of what PCGrad would remove from the first, and from the
            second; 0 where they do not conflict.
    """

    cosine: float | None
    layers: dict[str, float | None]
    mean_cosine: float | None
    norm_ratio: float | None
    fraction_negative: float | None
    projection_magnitude: tuple[float | None, float | None]


def compare_gradients(
    first: Gradients, second: Gradients, layer_of: Callable[[str], str] = layer_name
) -> GradientComparison:
    """Compare two gradients over the parameters that both have.

    Args:
        first: gradient of one task.
        second: gradient of the other; parameters that only one task uses are left out.
        layer_of: the layer that a parameter belongs to, by name.
    """
    names = [name for name in first if name in second]
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for name, products in zip(names, _products(first, second, names), strict=True):
        for key in (layer_of(name), ""):
            sums[key] = [total + value for total, value in zip(sums[key], products, strict=True)]
    dot, own, other = sums.pop("", [0.0, 0.0, 0.0])
    layers = {layer: _cosine(*sums[layer]) for layer in sorted(sums, key=_natural)}
    defined = [value for value in layers.values() if value is not None]
    return GradientComparison(
        cosine=_cosine(dot, own, other),
        layers=layers,
        mean_cosine=math.fsum(defined) / len(defined) if defined else None,
        norm_ratio=_ratio(math.sqrt(own), math.sqrt(other)),
        fraction_negative=sum(c < 0 for c in defined) / len(defined) if defined else None,
        projection_magnitude=(
            _ratio(max(0.0, -dot), math.sqrt(other)),
            _ratio(max(0.0, -dot), math.sqrt(own)),
        ),
    )


def _products(first: Gradients, second: Gradients, names: list[str]) -> list[list[float]]:
    """Return (<a, b>, <a, a>, <b, b>) of each parameter; read from the device all at once."""
    rows = []
    for name in names:
        a, b = first[name].flatten().float(), second[name].flatten().float()
        rows.append(torch.stack([a @ b, a @ a, b @ b]))
    values: list[list[float]] = torch.stack(rows).tolist() if rows else []
    return values


def _cosine(dot: float, own: float, other: float) -> float | None:
    cosine = _ratio(dot, math.sqrt(own) * math.sqrt(other))
    return None if cosine is None else max(-1.0, min(1.0, cosine))


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 and math.isfinite(above) and math.isfinite(below) else None


def _natural(layer: str) -> tuple[bool, int, str]:
    """Sort ``layers.2`` before ``layers.10``, and names without a number last."""
    digits = re.search(r"\d+", layer)
    return digits is None, int(digits[0]) if digits else 0, layer


def task_gradients(
    loss: Float[Tensor, ""], parameters: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Return the gradient of a loss without touching any ``.grad``; unused parameters have none."""
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    pairs = zip(parameters, found, strict=True)
    return {name: gradient.detach() for name, gradient in pairs if gradient is not None}


class GradientConflictMonitor:
    """Writes how each pair of tasks' gradients lie to each other, every so many steps.

    With or without it the weights are bit-equal: gradients are taken by ``torch.autograd.grad``,
    which leaves ``.grad`` alone, torch's generators are put back, what tasks remember is restored,
    and its batches are drawn by a random stream of its own. It remembers nothing itself.

    Args:
        tasks: what is learned, by name.
        parameters: what learns, by name.
        seed: the trial's seed.
        every: optimiser steps between measurements; the first step is always measured.
        path: the file that gets one line a measurement and pair of tasks.
        batches: batches of each task in one measurement; as many as a step has fits best.
    """

    name = "gradient_conflict"

    def __init__(
        self,
        tasks: Mapping[str, Task],
        parameters: Mapping[str, nn.Parameter],
        *,
        seed: int,
        every: int,
        path: Path,
        batches: int = 1,
    ) -> None:
        self._tasks, self._parameters = dict(tasks), dict(parameters)
        self._seed, self._every, self._batches, self._path = seed, every, batches, path

    def wants(self, step: int) -> bool:
        """Say whether this step (from 1) is measured."""
        return len(self._tasks) > 1 and (step == 1 or step % self._every == 0)

    def after_step(self, record: StepRecord) -> None:
        """Measure and write; it never asks to abort."""
        for line in self.measure(record.step):
            append_json_line(self._path, line)

    def measure(
        self, step: int, compute_gradients: Callable[[str], Gradients] | None = None
    ) -> list[dict[str, Any]]:
        """Return one JSON object for each pair of tasks.

        Args:
            step: optimiser steps taken.
            compute_gradients: gradient of a task by name; by default over batches of its own.
        """
        compute = compute_gradients or (lambda task: self._gradients(task, step))
        gradients = {}
        for name, task in self._tasks.items():
            with _untouched(task, self._device()):
                torch.manual_seed(derive_seed(self._seed, self.name, name, step))
                gradients[name] = compute(name)
        return [
            _line(step, a, b, compare_gradients(gradients[a], gradients[b]))
            for a, b in combinations(self._tasks, 2)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: every measurement follows from the step alone."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up nothing."""

    def _device(self) -> torch.device:
        return next(iter(self._parameters.values())).device

    def _gradients(self, name: str, step: int) -> dict[str, Tensor]:
        """Return the mean gradient over this measurement's batches of one task."""
        task = self._tasks[name]
        per_epoch = max(1, task.examples_per_epoch // task.batch_size)
        total: dict[str, Tensor] = {}
        for turn in range(self._batches):
            index = derive_seed(self._seed, self.name, name, step, turn) % per_epoch
            loss = task.loss(task.batch(index)).loss / self._batches
            for key, gradient in task_gradients(loss, self._parameters).items():
                total[key] = total[key] + gradient if key in total else gradient
        return total


@contextmanager
def _untouched(task: Task, device: torch.device) -> Iterator[None]:
    """Put torch's generators and the task's memory back afterwards."""
    memory = copy.deepcopy(task.state_dict())
    kind = {} if device.type == "cpu" else {"device_type": device.type}
    devices = [] if device.type == "cpu" else [device.index or 0]
    with torch.random.fork_rng(devices, **kind), torch.enable_grad():
        try:
            yield
        finally:
            task.load_state_dict(memory)


def _line(step: int, first: str, second: str, found: GradientComparison) -> dict[str, Any]:
    magnitudes = zip((first, second), found.projection_magnitude, strict=True)
    return {
        "step": step,
        "tasks": [first, second],
        "cosine": found.cosine,
        "mean_cosine": found.mean_cosine,
        "norm_ratio": found.norm_ratio,
        "fraction_negative": found.fraction_negative,
        "projection_magnitude": dict(magnitudes),
        "layers": found.layers,
    }
