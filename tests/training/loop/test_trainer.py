"""The loop: repeatable, resumable, complete in what it writes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from training_toys import (
    FakeModel,
    equal_bits,
    make_config,
    make_embed,
    make_model,
    make_tasks,
    settings,
)

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.training.loop.trainer import TrainingResult, train
from gonogo.training.parts.task import TaskLoss
from gonogo.training.watching.monitor import StepRecord


def run(
    folder: Path, *names: str, model: FakeModel | None = None, tasks: Any = None, **options: Any
) -> tuple[TrainingResult, FakeModel]:
    model = model or make_model()
    keys = ("should_stop", "monitors", "fingerprint")
    passed = {key: options.pop(key) for key in keys if key in options}
    seed = options.pop("seed", 1)
    config = make_config(*names, **options)
    tasks = tasks or make_tasks(model, *names, seed=seed)
    result = train(config, seed, model, tasks, folder, progress=Silent(), **passed)
    return result, model


def lines(folder: Path, name: str = "train.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "logs" / name).read_text().splitlines()]


def losses(folder: Path) -> list[tuple[int, str, float]]:
    return [(line["step"], line["task"], line["loss"]) for line in lines(folder)]


def stop_after(calls: int) -> Any:
    asked = iter(range(10**6))
    return lambda: next(asked) >= calls


def test_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    _, first = run(tmp_path / "a")
    torch.rand(7)  # the caller's generator moves on between two trials
    _, second = run(tmp_path / "b")
    assert equal_bits(first.bits(), second.bits())
    assert losses(tmp_path / "a") == losses(tmp_path / "b")


def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    _, first = run(tmp_path / "a")
    _, second = run(tmp_path / "b", seed=2)
    assert not equal_bits(first.bits(), second.bits())


def test_callers_generator_and_settings_are_untouched(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    run(tmp_path)
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("schedule", ["alternating", "mixed", "staged"])
@pytest.mark.parametrize("stop", [0, 1, 4])
def test_stop_and_resume_equals_uninterrupted(tmp_path: Path, schedule: str, stop: int) -> None:
    options = {"schedule": {"kind": schedule}}
    whole, uninterrupted = run(tmp_path / "whole", **options)
    first, _ = run(tmp_path / "parts", should_stop=stop_after(stop), **options)
    assert first.stopped
    assert first.steps == stop
    second, resumed = run(tmp_path / "parts", **options)
    assert not second.stopped
    assert equal_bits(uninterrupted.bits(), resumed.bits())
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert (second.steps, second.examples) == (whole.steps, whole.examples)


def test_crash_resumes_from_last_checkpoint_and_logs_each_step_once(tmp_path: Path) -> None:
    class CrashError(RuntimeError):
        pass

    def crash_at_five() -> bool:
        if next(asked) == 5:
            raise CrashError
        return False

    _, uninterrupted = run(tmp_path / "whole")
    asked = iter(range(100))
    with pytest.raises(CrashError):
        run(tmp_path / "parts", should_stop=crash_at_five)
    assert (tmp_path / "parts/checkpoints/step_000003").is_dir()
    assert max(line["step"] for line in lines(tmp_path / "parts")) == 5
    _, resumed = run(tmp_path / "parts")
    assert equal_bits(uninterrupted.bits(), resumed.bits())
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")


def test_finished_trial_is_not_trained_again(tmp_path: Path) -> None:
    first, model = run(tmp_path)
    again, untouched = run(tmp_path)
    assert (again.steps, again.examples) == (first.steps, first.examples)
    assert equal_bits(untouched.bits(), make_model().bits())
    assert not equal_bits(model.bits(), untouched.bits())


def test_checkpoints_of_another_configuration_are_not_used(tmp_path: Path) -> None:
    run(tmp_path / "used", should_stop=stop_after(4), learning_rate=0.5)
    _, model = run(tmp_path / "used")
    _, fresh = run(tmp_path / "fresh")
    assert equal_bits(model.bits(), fresh.bits())
    assert losses(tmp_path / "used") == losses(tmp_path / "fresh")


def test_half_written_checkpoint_is_ignored(tmp_path: Path) -> None:
    _, uninterrupted = run(tmp_path / "whole")
    run(tmp_path / "parts", should_stop=stop_after(5))
    folder = tmp_path / "parts/checkpoints"
    newest = folder / "step_000005"
    weights = newest / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    (folder / "step_000006").mkdir()
    (folder / "final").mkdir()
    (folder / ".final.1a2b3c4d.tmp").mkdir()
    result, resumed = run(tmp_path / "parts")
    assert equal_bits(uninterrupted.bits(), resumed.bits())
    assert result.steps == result.total_steps
    assert not list(folder.glob(".*.tmp"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")


def test_last_two_checkpoints_and_final_are_kept(tmp_path: Path) -> None:
    result, _ = run(tmp_path, checkpoint_every=2)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    last = result.total_steps - 2
    assert names == ["final", f"step_{last - 2:06d}", f"step_{last:06d}"]
    state = json.loads((tmp_path / "checkpoints/final/state.json").read_text())
    assert state["complete"] is True
    assert state["step"] == result.total_steps
    assert (tmp_path / "checkpoints/final/model.safetensors").is_file()
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds == {".safetensors", ".json", ".jsonl", ".parquet"}  # no pickle


def test_tasks_alternate_by_optimiser_step(tmp_path: Path) -> None:
    run(tmp_path, epochs=1)
    order = [line["task"] for line in lines(tmp_path)]
    assert order == ["embed", "rerank"] * 3
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("schedule", ["alternating", "mixed", "staged"])
def test_joint_arm_sees_what_the_specialists_see(tmp_path: Path, schedule: str) -> None:
    seen: dict[str, dict[str, list[int]]] = {}
    for arm in (("embed",), ("rerank",), ("embed", "rerank")):
        model = make_model()
        tasks = make_tasks(model, *arm)
        asked = seen.setdefault("+".join(arm), {name: [] for name in arm})
        for name, task in tasks.items():
            batch = task.batch
            task.batch = lambda index, name=name, batch=batch, asked=asked: (
                asked[name].append(index),
                batch(index),
            )[1]
        kind = {"schedule": {"kind": schedule}} if len(arm) > 1 else {}
        result, _ = run(tmp_path / "+".join(arm), *arm, model=model, tasks=tasks, **kind)
        sizes = {"embed": 4, "rerank": 6}
        assert result.examples == {n: len(asked[n]) * sizes[n] for n in arm}
    joint = seen["embed+rerank"]
    assert joint == {"embed": seen["embed"]["embed"], "rerank": seen["rerank"]["rerank"]}


def test_log_holds_everything_and_has_a_parquet_twin(tmp_path: Path) -> None:
    result, _ = run(tmp_path, schedule={"kind": "mixed"})
    rows = lines(tmp_path)
    assert len(rows) == 2 * result.total_steps
    assert set(rows[0]) == {
        "step",
        "task",
        "loss",
        "learning_rate",
        "gradient_norm",
        "examples",
        "examples_per_second",
        "tokens",
        "padding",
        "memory_mb",
    }
    last = {row["task"]: row["examples"] for row in rows}
    assert last == result.examples == {"embed": 48, "rerank": 72}
    assert all(0.0 <= row["padding"] < 0.5 for row in rows)
    assert all(row["memory_mb"] > 10 and row["tokens"] > 0 for row in rows)
    assert rows[0]["learning_rate"] == pytest.approx(0.01)
    assert rows[-1]["learning_rate"] < 0.01
    twin = pl.read_parquet(tmp_path / "logs/train.parquet")
    assert twin.to_dicts() == rows


def test_the_rate_moves_at_every_step_of_an_epoch_and_not_once_an_epoch(tmp_path: Path) -> None:
    run(tmp_path, "embed", accumulation=1, epochs=2, warmup=4)
    rates = [line["learning_rate"] for line in lines(tmp_path)]
    assert len(rates) == 12  # two epochs of six
    assert rates[:4] == pytest.approx([0.0025, 0.005, 0.0075, 0.01])
    assert rates[4] == pytest.approx(0.01)  # the cosine starts at its peak
    assert all(later < earlier for earlier, later in pairwise(rates[4:]))
    assert len(set(rates[6:])) == 6


def test_log_every(tmp_path: Path) -> None:
    result, _ = run(tmp_path, "embed", log_every=4)
    assert result.total_steps == 6
    assert [line["step"] for line in lines(tmp_path)] == [4, 6]
    assert lines(tmp_path)[-1]["examples"] == 48


def test_loss_falls_on_a_learnable_toy(tmp_path: Path) -> None:
    run(tmp_path, epochs=30, model=make_model(0.0), checkpoint_every=1000)
    for task, fall in (("embed", 0.6), ("rerank", 0.92)):
        curve = [line["loss"] for line in lines(tmp_path) if line["task"] == task]
        assert sum(curve[-5:]) < fall * sum(curve[:5])


def test_golden_curve(tmp_path: Path) -> None:
    """Committed values: a change of the loop's arithmetic must be meant."""
    run(tmp_path, model=make_model(0.0))
    curve = {f"{step} {task}": loss for step, task, loss in losses(tmp_path)}
    path = Path(__file__).with_name("golden_curve.json")
    assert curve == pytest.approx(json.loads(path.read_text()), rel=1e-4)


class Poisoned:
    """A task whose loss becomes NaN at one batch, or whose gradient becomes infinite."""

    def __init__(self, inner: Any, index: int, how: str) -> None:
        self.inner, self.index, self.how = inner, index, how
        self.name, self.batch_size = inner.name, inner.batch_size
        self.examples_per_epoch, self.head = inner.examples_per_epoch, inner.head

    def batch(self, index: int) -> Any:
        return index, self.inner.batch(index)

    def loss(self, batch: Any) -> TaskLoss:
        index, inner = batch
        result = self.inner.loss(inner)
        if index != self.index:
            return result
        if self.how == "loss":
            poison = result.loss * math.nan
        else:
            poison = result.loss + (result.loss - result.loss.detach()).sqrt()
        return TaskLoss(poison, result.examples, result.tokens, result.padded_tokens)

    def start_epoch(self, epoch: int) -> None:
        self.inner.start_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        return self.inner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.inner.load_state_dict(state)


@pytest.mark.parametrize("how", ["loss", "gradient"])
def test_nan_aborts_with_step_and_task(tmp_path: Path, how: str) -> None:
    model = make_model()
    tasks = {"embed": Poisoned(make_embed(model), 5, how)}
    result, _ = run(tmp_path, "embed", model=model, tasks=tasks)
    assert result.abort_reason is not None
    for word in ("step 3", "'embed'", how):
        assert word in result.abort_reason
    assert result.steps == 2
    assert all(torch.isfinite(value).all() for value in model.bits().values())
    state = json.loads((tmp_path / "checkpoints/abort/state.json").read_text())
    assert state["abort_reason"] == result.abort_reason
    assert not (tmp_path / "checkpoints/final").exists()
    assert [line["step"] for line in lines(tmp_path)] == [1, 2]


class Nosy:
    """A monitor that remembers, and does its worst to what the trainer must shield."""

    name = "nosy"

    def __init__(self, model: FakeModel, abort_at: int = 10**9) -> None:
        self.model, self.abort_at = model, abort_at
        self.seen: list[int] = []
        self.sum = torch.zeros(2)

    def wants(self, step: int) -> bool:
        return step % 2 == 0

    def after_step(self, record: StepRecord) -> str | None:
        torch.rand(3)
        self.model.eval()
        self.model.body.layer.weight.grad = torch.full((16, 16), 9.0)
        self.seen.append(record.step)
        self.sum += torch.tensor([1.0, sum(record.losses.values())])
        return "the toy collapsed" if record.step >= self.abort_at else None

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen, "sum": self.sum}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.seen, self.sum = list(state["seen"]), state["sum"].clone()


def test_monitor_does_not_change_a_bit(tmp_path: Path) -> None:
    _, plain = run(tmp_path / "off")
    model = make_model()
    run(tmp_path / "on", model=model, monitors=[Nosy(model)])
    assert equal_bits(plain.bits(), model.bits())


def test_monitor_remembers_over_a_resume(tmp_path: Path) -> None:
    model = make_model()
    whole = Nosy(model)
    run(tmp_path / "whole", model=model, monitors=[whole])
    model = make_model()
    run(tmp_path / "parts", model=model, monitors=[Nosy(model)], should_stop=stop_after(5))
    model = make_model()
    resumed = Nosy(model)
    run(tmp_path / "parts", model=model, monitors=[resumed])
    assert resumed.seen == whole.seen
    assert torch.equal(resumed.sum, whole.sum)


def test_monitor_aborts(tmp_path: Path) -> None:
    model = make_model()
    result, _ = run(tmp_path, model=model, monitors=[Nosy(model, abort_at=4)])
    assert result.abort_reason == "the toy collapsed"
    assert result.steps == 4
    state = json.loads((tmp_path / "checkpoints/abort/state.json").read_text())
    assert state["step"] == 4
    assert (tmp_path / "checkpoints/abort/model.safetensors").is_file()


class Mining:
    """A task with a memory that each epoch renews from the model, as mined negatives are."""

    def __init__(self, inner: Any, model: FakeModel) -> None:
        self.inner, self.model = inner, model
        self.name, self.batch_size = inner.name, inner.batch_size
        self.examples_per_epoch, self.head = inner.examples_per_epoch, inner.head
        self.mined, self.epochs = torch.zeros(16), []

    def batch(self, index: int) -> Any:
        return self.inner.batch(index)

    def loss(self, batch: Any) -> TaskLoss:
        result = self.inner.loss(batch)
        pull = (self.model.body.layer.bias - self.mined).square().mean()
        return TaskLoss(result.loss + pull, result.examples, result.tokens, result.padded_tokens)

    def start_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)
        self.mined = self.model.body.layer.bias.detach() + torch.rand(16)

    def state_dict(self) -> dict[str, Any]:
        return {"mined": self.mined, "epochs": self.epochs, **self.inner.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.mined, self.epochs = state["mined"].clone(), list(state["epochs"])
        self.inner.load_state_dict(state)


def test_task_with_memory_resumes_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    def attempt(folder: Path, **options: Any) -> tuple[FakeModel, Mining]:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            model = make_model()
            task = Mining(make_embed(model), model)
            run(folder, "embed", model=model, tasks={"embed": task}, epochs=3, **options)
        return model, task

    whole, task = attempt(tmp_path / "whole")
    assert task.epochs == [0, 1, 2]
    attempt(tmp_path / "parts", should_stop=stop_after(5))
    resumed, task = attempt(tmp_path / "parts")
    assert task.epochs == [0, 1, 2]
    assert equal_bits(whole.bits(), resumed.bits())


def test_token_budget_of_the_first_attempt_is_kept(tmp_path: Path) -> None:
    """Cutting batches elsewhere draws other dropout: a resume must not measure anew."""

    def attempt(folder: Path, budget: int, **options: Any) -> FakeModel:
        model = make_model()
        tasks = {"embed": make_embed(model, settings=settings(model, budget))}
        run(folder, "embed", model=model, tasks=tasks, **options)
        return model

    whole = attempt(tmp_path / "whole", 32)
    other = attempt(tmp_path / "other", 512)
    attempt(tmp_path / "parts", 32, should_stop=stop_after(2))
    resumed = attempt(tmp_path / "parts", 512)
    assert equal_bits(whole.bits(), resumed.bits())
    assert not equal_bits(whole.bits(), other.bits())


def test_max_steps_caps_each_task(tmp_path: Path) -> None:
    result, _ = run(tmp_path, max_steps=2)
    assert result.total_steps == 4
    assert result.examples == {"embed": 16, "rerank": 24}


def test_model_with_nothing_to_train_is_refused(tmp_path: Path) -> None:
    model = make_model()
    model.trainable = dict  # type: ignore[method-assign]
    with pytest.raises(UserError, match="no trainable parameters"):
        run(tmp_path, model=model)
