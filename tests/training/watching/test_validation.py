from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from gonogo.core.errors import UserError
from gonogo.core.files import read_json_lines
from gonogo.models.parts.module import LearningModule
from gonogo.spec.training import Validation
from gonogo.training.parts.schedules import Part, Step
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.validation import Validator, due_steps, epochs_after


class Blind:
    """A task that cannot be looked at."""

    name, batch_size, examples_per_epoch, head = "find", 2, 6, "embedding"

    def batch(self, index: int) -> int:
        return index

    def loss(self, batch: Any) -> Any:
        raise AssertionError

    def start_epoch(self, epoch: int) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class Looked(Blind):
    """A task whose figures are given."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)

    def validate(self) -> dict[str, float]:
        return {"R@10": self.values.pop(0), "margin": 0.5}


class Model(LearningModule):
    def __init__(self) -> None:
        super().__init__("cpu", "fp32")
        self.layer = torch.nn.Linear(2, 2)

    def save(self, folder: Path) -> None:
        raise AssertionError


def record(step: int, total: int = 9) -> StepRecord:
    return StepRecord(step, total, 1e-3, 1.0, {}, {}, {})


def validator(task: Any, folder: Path, kept: list[Any], **settings: Any) -> Validator:
    spec = Validation(best="R@10", **settings)
    epochs = [(number + 1) / 3 for number in range(9)]
    return Validator(spec, {"find": task}, epochs, Model(), folder, kept.append)


def test_epochs_are_counted_in_the_first_tasks_examples() -> None:
    steps = [
        Step(
            (Part("find", 1.0, range(2 * n, 2 * n + 2)), Part("other", 1.0, range(n, n + 1))),
            1e-3,
            1e-3,
        )
        for n in range(3)
    ]
    assert epochs_after(steps, Looked()) == pytest.approx([4 / 6, 8 / 6, 2.0])


@pytest.mark.parametrize(
    ("settings", "due"),
    [
        ({"every": 4, "unit": "steps"}, {4, 8, 9}),
        ({"every": 1, "unit": "epochs"}, {3, 6, 9}),
        ({"every": 2, "unit": "epochs"}, {6, 9}),
        ({"every": 100, "unit": "steps"}, {9}),  # the last step always
        ({"at": [0, 0.25, 1 / 3, 0.5]}, {0, 3, 5, 9}),  # 2.25 is taken whole, 3.0000000001 is 3
    ],
)
def test_looks_are_due(settings: dict[str, Any], due: set[int]) -> None:
    epochs = [(number + 1) / 3 for number in range(9)]
    assert due_steps(Validation(**settings), epochs) == due


def test_a_look_before_the_first_step_is_taken_where_asked_for(tmp_path: Path) -> None:
    looks = validator(Looked(0.2), tmp_path, [], at=[0, 0.5])
    looks.before_training()
    assert [line["step"] for line in read_json_lines(tmp_path / "validation.jsonl")] == [0]
    other = validator(Looked(), tmp_path / "other", [])
    other.before_training()
    assert not (tmp_path / "other" / "validation.jsonl").exists()


def test_the_best_look_keeps_its_weights(tmp_path: Path) -> None:
    kept: list[Any] = []
    looks = validator(Looked(0.2, 0.6, 0.4), tmp_path, kept)
    for step in (3, 6, 9):
        assert looks.wants(step)
        assert looks.after_step(record(step)) is None
    assert [(facts["step"], facts["value"]) for facts in kept] == [(3, 0.2), (6, 0.6)]
    lines = list(read_json_lines(tmp_path / "validation.jsonl"))
    assert [line["R@10"] for line in lines] == [0.2, 0.6, 0.4]
    assert [line["best"] for line in lines] == [True, True, False]
    assert looks.look is not None
    assert (looks.look.step, looks.look.last, looks.look.epoch) == (9, True, 3.0)


def test_what_was_best_survives_a_resume(tmp_path: Path) -> None:
    kept: list[Any] = []
    first = validator(Looked(0.6), tmp_path, kept)
    first.after_step(record(3))
    second = validator(Looked(0.5, 0.7), tmp_path, kept)
    second.load_state_dict(first.state_dict())
    second.after_step(record(6))
    second.after_step(record(9))
    assert [facts["value"] for facts in kept] == [0.6, 0.7]


def test_a_figure_that_is_not_finite_is_null_and_never_best(tmp_path: Path) -> None:
    kept: list[Any] = []
    validator(Looked(float("nan")), tmp_path, kept).after_step(record(3))
    [line] = read_json_lines(tmp_path / "validation.jsonl")
    assert line["R@10"] is None
    assert kept == []


def test_an_unknown_figure_names_those_there_are(tmp_path: Path) -> None:
    spec = Validation(best="R@11")
    looks = Validator(spec, {"find": Looked(0.1)}, [1.0], Model(), tmp_path, print)
    with pytest.raises(UserError, match=r"R@11.*R@10"):
        looks.after_step(record(1, 1))


def test_a_task_that_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="looked at"):
        Validator(Validation(), {"blind": Blind()}, [1.0], Model(), tmp_path, print)
