"""What is told of a look: each judgement once, where grep finds it, and again after a resume."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from shipped_monitors import monitor_spec, words_of_the_log

from gonogo.training.watching.bands import BandsRule
from gonogo.training.watching.figure_monitor import FigureMonitor, Judgements
from gonogo.training.watching.figures import FigureReader
from gonogo.training.watching.floor import FloorRule
from gonogo.training.watching.history import History
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.ranges import RangeRule
from gonogo.training.watching.training_log import TrainingLog
from gonogo.training.watching.validation import Look, Validator


class Looks(Validator):
    """Takes no looks: it has the one that a test puts there."""

    def __init__(self) -> None:
        self.look: Look | None = None


@dataclass
class Watched:
    """A history and judgements of looks that a test hands in, one step an epoch."""

    folder: Path
    looks: Looks = field(default_factory=Looks)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines = TrainingLog(self.folder)
        self.history = History(self.looks, self.lines, self.folder.parent, words_of_the_log())
        self.warned: list[str] = []
        self.said = Judgements(self.lines, self.folder, self.warned.append)

    def monitor(self, name: str, **changes: Any) -> FigureMonitor:
        spec = monitor_spec(name, **changes)
        rule = {"floor": FloorRule, "bands": BandsRule, "range": RangeRule}[spec.kind](spec)
        epochs = [float(epoch) for epoch in range(1, 31)]
        reader = FigureReader(spec.figure, spec.every, self.looks, epochs)
        return FigureMonitor(spec.label, reader, rule, self.said)

    def see(self, step: int, last: bool = False, **figures: float) -> StepRecord:
        named = {name.replace("R_", "R@"): value for name, value in figures.items()}
        self.looks.look = Look(step, float(step), last, named)
        return record(step)

    def log(self) -> list[str]:
        return (self.folder / "training.log").read_text().splitlines()

    def judgements(self) -> list[dict[str, Any]]:
        lines = (self.folder / "judgements.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def record(step: int, loss: float = 3.0) -> StepRecord:
    figures = {"next": {"in_batch_loss": loss}}
    return StepRecord(step, 30, 5e-5, 1.0, {"next": loss + 1}, {"next": 32 * step}, figures)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "trial" / "logs")


def guard(watched: Watched) -> FigureMonitor:
    return watched.monitor("margin_guard")


def test_a_margin_too_small_twice_after_the_tenth_epoch_ends_the_training(watched: Watched) -> None:
    monitor = guard(watched)
    reasons = [monitor.after_step(watched.see(step, margin=0.01)) for step in range(1, 13)]
    assert reasons[:11] == [None] * 11
    assert reasons[11] is not None
    assert "0.84-0.94" in reasons[11]
    assert watched.log() == [f"margin_guard: {reasons[11]}"]
    assert watched.judgements()[0]["step"] == 12


def test_a_resume_between_two_small_margins_changes_nothing(watched: Watched) -> None:
    first, second = guard(watched), guard(watched)
    assert first.after_step(watched.see(11, margin=0.01)) is None
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.after_step(watched.see(12, margin=0.01)) is not None


def test_a_step_without_a_look_is_not_judged(watched: Watched) -> None:
    monitor = guard(watched)
    watched.see(11, margin=0.01)
    assert [monitor.after_step(record(step)) for step in (12, 13, 14)] == [None] * 3


def test_a_look_without_the_figure_is_not_judged(watched: Watched) -> None:
    monitor = guard(watched)
    assert [monitor.after_step(watched.see(step, R_500=0.1)) for step in (11, 12)] == [None] * 2


def test_a_warning_is_said_at_once_and_written_down(watched: Watched) -> None:
    monitor = watched.monitor("final_margin")
    assert monitor.after_step(watched.see(30, last=True, margin=0.01)) is None
    assert watched.warned == watched.log()
    assert watched.log()[0].startswith("final_margin: the separation margin is below 0.05 at the")


def test_a_figure_of_steps_is_judged_without_looks(watched: Watched) -> None:
    range_ = {"figure": "loss", "every": 2, "low": None, "high": {"bound": 4.9}}
    monitor = watched.monitor("loss_flags", **range_)
    for step, loss in enumerate((4.0, 4.0, 3.9, 3.99), start=1):  # loss + 1 is the task's loss
        monitor.after_step(record(step, loss))
    assert [line["step"] for line in watched.judgements()] == [2]
    assert "5.000" in watched.log()[0]


def test_a_memory_of_another_rule_under_the_same_name_is_left_alone(watched: Watched) -> None:
    monitor = guard(watched)
    monitor.load_state_dict(watched.monitor("loss_flags").state_dict())
    assert monitor.after_step(watched.see(11, margin=0.01)) is None
    assert monitor.after_step(watched.see(12, margin=0.01)) is not None


@pytest.mark.parametrize(
    ("recall", "early", "final"),
    [
        (0.29, "data volume", "data wall"),
        (0.36, "target", "data wall"),
        (0.56, "target", "success"),
    ],
)
def test_recall_is_judged_at_epoch_ten_and_at_the_end(
    watched: Watched, recall: float, early: str, final: str
) -> None:
    monitor = watched.monitor("recall_gates")
    for step in range(1, 31):
        monitor.after_step(watched.see(step, last=step == 30, R_500=recall))
    told = watched.judgements()
    assert [line["step"] for line in told] == [10, 30]
    assert [line["word"] for line in told] == [early, final]
    assert all(f"Recall@500 {100 * recall:.1f} %" in line for line in watched.log())


def test_loss_flags_judge_the_mean_since_the_last_look(watched: Watched) -> None:
    monitor = watched.monitor("loss_flags")
    for loss in (1.0, 2.6):  # mean 1.8: below 2 before epoch 20, though the last is not
        watched.looks.look = None if loss == 1.0 else Look(2, 2.0, False, {})
        monitor.after_step(record(1 if loss == 1.0 else 2, loss))
    assert len(watched.judgements()) == 1
    assert monitor.state_dict()["reader"] == {"sum": 0.0, "steps": 0}


def test_the_history_holds_percent_and_mean_losses_and_grep_finds_its_lines(
    watched: Watched,
) -> None:
    watched.looks.look = None
    watched.history.after_step(record(1, 2.0))
    watched.looks.look = Look(2, 2.0, False, {"R@500": 0.5, "margin": 0.125, "mined_fill": 0.75})
    watched.history.after_step(record(2, 4.0))
    entries = json.loads((watched.folder.parent / "history.json").read_text())
    assert entries == [
        {
            "epoch": 2.0,
            "step": 2,
            "learning_rate": 5e-5,
            "loss": 4.0,
            "in_batch_loss": 3.0,
            "recall@500": 50.0,
            "margin": 0.125,
            "mined_fill": 0.75,
        }
    ]
    [line] = watched.log()
    assert line.split("  ") == [
        "Epoch 2",
        "step 2",
        "loss 4.0000",
        "Recall@500 50.00 %",
        "Separation 0.1250",
        "mined 75.0 % filled",
    ]


def test_steps_taken_twice_stand_in_the_history_once(watched: Watched, tmp_path: Path) -> None:
    watched.history.after_step(watched.see(1, R_500=0.1))
    kept = json.loads(json.dumps(watched.history.state_dict()))
    lines = json.loads(json.dumps(watched.lines.state_dict()))
    watched.history.after_step(watched.see(2, R_500=0.2))
    resumed = Watched(watched.folder)
    resumed.history.load_state_dict(kept)
    resumed.lines.load_state_dict(lines)
    resumed.history.after_step(resumed.see(2, R_500=0.2))
    entries = json.loads((watched.folder.parent / "history.json").read_text())
    assert [entry["step"] for entry in entries] == [1, 2]
    assert len(resumed.log()) == 2


def test_what_is_not_finite_is_null(watched: Watched) -> None:
    watched.history.after_step(watched.see(1, margin=float("nan")))
    [entry] = json.loads((watched.folder.parent / "history.json").read_text())
    assert entry["margin"] is None
