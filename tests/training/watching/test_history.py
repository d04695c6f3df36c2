"""The history of an arm: whose figures they are, and over which steps they are averaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gonogo.training.watching.history import History
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.training_log import TrainingLog
from gonogo.training.watching.validation import Look, Validator

Steps = list[dict[str, dict[str, float]]]
"""Of each step the figures of the tasks that act in it, their loss among them."""


class Looks(Validator):
    """Takes no looks: it has the one that a test puts there."""

    def __init__(self) -> None:
        self.look: Look | None = None


def record(step: int, parts: Mapping[str, Mapping[str, float]], arm: list[str]) -> StepRecord:
    losses = {task: figures["loss"] for task, figures in parts.items()}
    others = {
        task: {name: value for name, value in figures.items() if name != "loss"}
        for task, figures in parts.items()
    }
    return StepRecord(step, 9, 1e-3, 1.0, losses, dict.fromkeys(arm, 0), others)


def entry(folder: Path, steps: Steps, arm: list[str], cut: int | None = None) -> dict[str, Any]:
    """Return the one entry of some steps, all figures but those that are no means."""
    looks = Looks()
    history = History(looks, TrainingLog(folder / "logs"), folder, {})
    for number, parts in enumerate(steps, start=1):
        if number - 1 == cut:
            kept = json.loads(json.dumps(history.state_dict()))
            history = History(looks, TrainingLog(folder / "logs"), folder, {})
            history.load_state_dict(kept)
        looks.look = Look(number, 1.0, False, {}) if number == len(steps) else None
        history.after_step(record(number, parts, arm))
    [found] = json.loads((folder / "history.json").read_text())
    return {k: v for k, v in found.items() if k not in ("epoch", "step", "learning_rate")}


TURNS: Steps = [
    {"distill": {"loss": 2.0}},
    {"embed": {"loss": 8.0, "objective": 8.0}},
    {"embed": {"loss": 8.0, "objective": 8.0}},
]


@pytest.mark.parametrize("cut", [None, 1, 2])
def test_tasks_that_take_turns_keep_their_losses_apart(tmp_path: Path, cut: int | None) -> None:
    found = entry(tmp_path, TURNS, ["distill", "embed"], cut)
    assert found == {"distill/loss": 2.0, "embed/loss": 8.0, "embed/objective": 8.0}


def test_tasks_that_act_together_have_the_same_names(tmp_path: Path) -> None:
    together: Steps = [{"distill": {"loss": 2.0}, "embed": {"loss": 8.0, "objective": 6.0}}]
    found = entry(tmp_path, together, ["distill", "embed"])
    assert found == {"distill/loss": 2.0, "embed/loss": 8.0, "embed/objective": 6.0}


@pytest.mark.parametrize("cut", [None, 1, 2])
def test_a_figure_is_averaged_over_the_steps_that_have_it(tmp_path: Path, cut: int | None) -> None:
    steps: Steps = [
        {"next": {"loss": 4.0}},
        {"next": {"loss": 5.0, "memory_loss": 7.0}},
        {"next": {"loss": 6.0, "memory_loss": 8.0}},
    ]
    assert entry(tmp_path, steps, ["next"], cut) == {"loss": 5.0, "memory_loss": 7.5}


def test_the_log_of_one_task_tells_its_loss(tmp_path: Path) -> None:
    entry(tmp_path, [{"next": {"loss": 4.0}}], ["next"])
    assert (tmp_path / "logs" / "training.log").read_text() == "Epoch 1  step 1  loss 4.0000\n"
