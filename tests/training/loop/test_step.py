"""What a step tells of its batches: the mean of each figure over those that have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from training_toys import FakeModel, make_model

from gonogo.spec.training import TrainingSpec
from gonogo.training.loop.optimizer import build_optimizer
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import PartOutcome, take_step
from gonogo.training.parts.schedules import Part, Step
from gonogo.training.parts.task import TaskLoss


class Told:
    """A task whose figures a test chooses; its loss is 1, 2, 3 ..."""

    name, batch_size, examples_per_epoch, head = "told", 4, 100, "embedding"

    def __init__(self, model: FakeModel, figures: list[Mapping[str, float | Tensor]]) -> None:
        self._model, self._figures = model, figures

    def batch(self, index: int) -> int:
        return index

    def loss(self, batch: int) -> TaskLoss:
        weight = self._model.body.layer.weight
        return TaskLoss(weight.sum() * 0 + batch + 1, 4, 0, 0, self._figures[batch])

    def start_epoch(self, epoch: int) -> None:
        """Prepare nothing."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up nothing."""


def outcome(figures: list[Mapping[str, float | Tensor]]) -> PartOutcome:
    model = make_model()
    run = Run(model, build_optimizer(model, TrainingSpec()), {"told": Told(model, figures)})
    plan = Step((Part("told", 1.0, range(len(figures))),), 1e-3, 1e-3)
    [part] = take_step(run, plan, (1e-3, 1e-3), seed=1, clip=None).parts
    return part


def test_a_figure_is_averaged_over_the_batches_that_have_it() -> None:
    part = outcome([{"a": 1.0}, {"a": 2.0, "b": torch.tensor(5.0)}, {"a": 6.0}])
    assert part.figures == {"a": 3.0, "b": 5.0}
    assert part.loss == 2.0


def test_numbers_and_tensors_average_alike() -> None:
    values = [0.1, 0.7, 0.4]
    mixed = [{"a": torch.tensor(values[0], dtype=torch.float64)}, *({"a": v} for v in values[1:])]
    tensors = [{"a": torch.tensor(value, dtype=torch.float64)} for value in values]
    numbers = [{"a": value} for value in values]
    assert outcome(mixed).figures == outcome(tensors).figures == outcome(numbers).figures
    assert outcome(numbers).figures["a"] == pytest.approx(0.4)


def test_batches_without_figures_have_none() -> None:
    assert outcome([{}, {}]).figures == {}
