"""An expert without work is named once, and only where no task uses it."""

from __future__ import annotations

import json
from pathlib import Path

from training_toys import make_config, make_model, make_tasks

from gonogo.spec.model.mixture import Expert, MixtureAdapter, SoftmaxRouting
from gonogo.spec.model.model import TextModel
from gonogo.training.watching.dead_experts import EVERY, DeadExpertRule, dead_expert_monitors
from gonogo.training.watching.figure_monitor import Judgements
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.monitors import build_monitors
from gonogo.training.watching.rules import Seen
from gonogo.training.watching.training_log import TrainingLog

TASKS = ("embed", "rerank")


def record(step: int, task: str, **gates: float) -> StepRecord:
    figures = {task: {f"gate.{name}": value for name, value in gates.items()}}
    return StepRecord(step, 10**6, 1e-4, 1.0, {task: 1.0}, dict.fromkeys(TASKS, 8), figures)


def test_idle_for_one_task_is_not_dead_and_dead_is_told_once(tmp_path: Path) -> None:
    warned: list[str] = []
    judgements = Judgements(TrainingLog(tmp_path), tmp_path, warned.append)
    epochs = [step / 100 for step in range(1, 5 * EVERY)]
    monitors = dead_expert_monitors(("a", "b"), TASKS, epochs, judgements)
    for step in range(1, 4 * EVERY):
        embeds = record(step, "embed", a=0.0, b=0.001)
        done = embeds if step % 2 else record(step, "rerank", a=1.0, b=0.0)
        for monitor in monitors:
            assert monitor.after_step(done) is None
        if step == 2 * EVERY:  # as after an interruption
            states = [monitor.state_dict() for monitor in monitors]
            monitors = dead_expert_monitors(("a", "b"), TASKS, epochs, judgements)
            for monitor, state in zip(monitors, json.loads(json.dumps(states)), strict=True):
                monitor.load_state_dict(state)
    assert len(warned) == 1
    assert "expert 'b' is dead: its mean gate is 0.0010" in warned[0]
    [line] = (tmp_path / "judgements.jsonl").read_text().splitlines()
    assert json.loads(line)["step"] == EVERY
    assert json.loads(line)["expert"] == "b"


def test_it_is_told_again_after_it_rose() -> None:
    rule = DeadExpertRule("a")
    told = [len(rule.update(Seen(1.0, False, value))) for value in (0.3, 0.0, 0.0, 0.2, 0.0)]
    assert told == [0, 1, 0, 0, 1]


def test_every_mixture_is_watched_and_nothing_else(tmp_path: Path) -> None:
    model, config = make_model(), make_config()
    tasks = make_tasks(model)
    assert build_monitors(config, tasks, model, 1, tmp_path) == []
    adapter = MixtureAdapter(experts=(Expert(name="a"), Expert(name="b")), router=SoftmaxRouting())
    mixed = config.model_copy(update={"model": TextModel(backbone="fake", adapter=adapter)})
    names = [monitor.name for monitor in build_monitors(mixed, tasks, model, 1, tmp_path)]
    assert names[1:] == ["dead_expert.a", "dead_expert.b"]
