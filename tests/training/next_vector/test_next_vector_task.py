"""The next-vector task: whose negatives are whose, what is masked, resumed and stopped."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted_sequences import planted_vectors, tower_config, write_sequences
from planted_towers import Collapsed
from shipped_monitors import monitor
from torch import Tensor
from training_toys import make_model

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.evaluation.mining.mining import MinedRows
from gonogo.models.build.build import build_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.checks.figure_names import LOOKS
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.checkpoints import join_memory, split_memory
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.loop.trainer import TrainingResult, train
from gonogo.training.next_vector.next_vector_task import NextVectorTask


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sequences(tmp_path_factory.mktemp("world"))


def made(config: TrialConfig, seed: int = 1) -> tuple[QueryTower, NextVectorTask]:
    model = build_model(config.model, seed)
    task = build_tasks(config, seed, model)["next"]
    assert isinstance(model, QueryTower)
    assert isinstance(task, NextVectorTask)
    return model, task


def mined_by_pair(task: NextVectorTask, epoch: int) -> dict[int, list[int]]:
    task.start_epoch(epoch)
    per_epoch = math.ceil(task.examples_per_epoch / task.batch_size)
    found: dict[int, list[int]] = {}
    for index in range(epoch * per_epoch, (epoch + 1) * per_epoch):
        batch = task.batch(index)
        found |= dict(zip(batch.numbers.tolist(), batch.mined.tolist(), strict=True))
    return found


def test_mined_negatives_belong_to_their_sample_in_every_shuffle(pairs: Path) -> None:
    # Stored by place in one shuffle and read in another they would belong to other samples.
    _, one = made(tower_config(pairs), seed=1)
    model, other = made(tower_config(pairs), seed=2)
    model.load_state_dict(one.model.state_dict())
    first, second = mined_by_pair(one, 1), mined_by_pair(other, 2)
    assert one.batch(40).numbers.tolist() != other.batch(40).numbers.tolist()
    shared = first.keys() & second.keys()
    assert len(shared) > 0.8 * len(one.data.train)
    assert all(first[number] == second[number] for number in shared)
    assert len({tuple(rows) for rows in first.values()}) > 0.9 * len(first)  # they do differ


def test_what_is_mined_is_near_its_own_query(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    task.start_epoch(1)
    batch = task.batch(50)
    context = torch.from_numpy(task.data.contexts(batch.numbers))
    queries = task.model(context, torch.from_numpy(task.data.present(batch.numbers)))
    bank = torch.from_numpy(task.data.bank.take(batch.mined))
    own = torch.einsum("bd,bkd->bk", queries, bank).mean()
    others = torch.einsum("bd,bkd->bk", queries.roll(1, 0), bank).mean()
    assert own > others + 0.2


def test_neither_target_nor_context_is_a_negative(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    task.start_epoch(1)
    for index in range(30):
        batch = task.batch(index)
        own = np.concatenate(
            [task.data.pairs.contexts[batch.numbers], batch.targets[:, None]], axis=1
        )
        assert not (batch.mined[:, :, None] == own[:, None, :]).any(where=own[:, None, :] >= 0)


def test_the_memory_masks_what_belongs_to_the_query(pairs: Path) -> None:
    # stride 1: the memory soon holds the context's own rows, and the query's own target
    _, task = made(tower_config(pairs, task={"memory": 1000, "curriculum": "0-10:none"}))
    for index in range(60):
        task.loss(task.batch(index))
    batch = task.batch(60)
    loss = task.loss(batch)
    held, queries, targets = _parts(task, batch)
    contexts = torch.from_numpy(task.data.pairs.contexts[batch.numbers])
    rows = torch.from_numpy(batch.targets)
    never = torch.cat([contexts, rows[:, None]], dim=1)
    in_batch = (queries @ targets.T).masked_fill(
        (rows[None, :, None] == never[:, None, :]).any(-1), -torch.inf
    )
    memory = (queries @ held.vectors.T).masked_fill(
        (held.ids[None, :, None] == never[:, None, :]).any(-1), -torch.inf
    )
    own = (queries * targets).sum(1, keepdim=True) - 0.03
    logits = torch.cat([own, in_batch, memory], dim=1) / 0.05
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(len(rows), dtype=torch.long))
    torch.testing.assert_close(loss.loss, expected, rtol=1e-4, atol=1e-5)
    assert torch.isinf(memory).any()
    assert len(held.ids) == len(task.data.train)  # no more than there are targets


def _parts(task: NextVectorTask, batch: Any) -> tuple[Any, Tensor, Tensor]:
    memory = task._memory
    assert memory is not None
    context = torch.from_numpy(task.data.contexts(batch.numbers))
    queries = task.model(context, torch.from_numpy(task.data.present(batch.numbers)))
    return memory.stored, queries, torch.from_numpy(task.data.targets(batch.numbers))


def test_what_was_not_asked_for_has_no_figure_rather_than_a_zero(pairs: Path) -> None:
    _, alone = made(tower_config(pairs, task={"memory": 0, "curriculum": "0-10:none"}))
    assert alone.loss(alone.batch(0)).figures.keys() == {"in_batch_loss", "positive_cosine"}
    empty = {"curriculum": "0-10:3@0.99999-1.0", "window": "cosine"}  # nothing is as near as that
    _, task = made(tower_config(pairs, task=empty))
    assert "memory_loss" not in task.loss(task.batch(0)).figures  # nothing is remembered yet
    task.start_epoch(0)
    figures = task.loss(task.batch(1)).figures
    assert float(figures["memory_loss"]) > 0
    assert figures["mined_fill"] == 0.0  # asked, and nothing found
    assert float(figures["mined_loss"]) == 0.0


def test_figures_are_tensors_without_a_graph(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    task.start_epoch(1)
    for index in range(2):
        figures = task.loss(task.batch(index)).figures
    tensors = {name: value for name, value in figures.items() if isinstance(value, Tensor)}
    assert figures.keys() - tensors.keys() == {"mined_fill"}  # which the host knows anyway
    assert not any(value.requires_grad for value in tensors.values())


def test_a_step_reads_nothing_back_from_an_accelerator(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # "meta" has sizes and no values: whatever asks for one raises. It knows no autocast.
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    config = tower_config(pairs)
    model = build_model(config.model, 1).to("meta")
    assert isinstance(model, QueryTower)
    model.device = "meta"  # type: ignore[assignment]
    monkeypatch.setattr(model, "autocast", nullcontext)
    task = build_tasks(config, 1, model)["next"]
    assert isinstance(task, NextVectorTask)
    train = task.data.train
    task.mined._mined = MinedRows(train, np.zeros((len(train), 3), np.int64))
    for index in range(3):
        found = task.loss(task.batch(index))
        found.loss.backward()
    assert found.figures.keys() == {
        "in_batch_loss",
        "memory_loss",
        "mined_loss",
        "mined_fill",
        "positive_cosine",
    }


def test_in_batch_and_memory_losses_are_told_apart(pairs: Path) -> None:
    _, task = made(tower_config(pairs, task={"memory": 1000, "curriculum": "0-10:none"}))
    for index in range(40):
        figures = task.loss(task.batch(index)).figures
    assert figures["memory_loss"] > figures["in_batch_loss"] + 1  # ln of their numbers apart


def test_no_repeat_of_the_target_is_a_negative_in_the_batch_or_the_memory(tmp_path: Path) -> None:
    # 40 articles end alike: each of those targets is the positive of all of them, and no negative
    vectors, names = planted_vectors(40, 5, 16)
    vectors[4::5] = vectors[4]
    vectors[4::5] += 1e-3 * np.random.default_rng(0).standard_normal((40, 16)).astype(np.float32)
    np.savez(tmp_path / "bank.npz", vectors=vectors, articles=names)
    bank = open_bank(tmp_path / "bank.npz")
    rule = WindowRule(context=4, stride=1, most=9, least=4)
    settings = PairSettings(rule=rule, validation=0.25, seed=1, near_duplicate=1.1)
    write_pairs(tmp_path / "pairs", bank, make_pairs(bank, settings), settings)
    changes = {"memory": 30, "curriculum": "0-10:none", "looked_at": 30}
    _, task = made(tower_config(tmp_path / "pairs", task=changes))
    for index in range(4):
        figures = task.loss(task.batch(index)).figures
    # Nothing is in force: every other target repeats the own one.
    assert float(figures["in_batch_loss"]) == 0.0
    assert float(figures["memory_loss"]) == 0.0
    assert "margin" not in task.validate()


def test_a_curriculum_that_ends_before_training_is_refused(pairs: Path) -> None:
    config = tower_config(pairs, task={"curriculum": "0-2:none"})
    with pytest.raises(UserError, match=r"ends after 2 epochs, training after 3"):
        made(config)


def test_a_text_model_cannot_learn_it(pairs: Path) -> None:
    with pytest.raises(UserError, match="only a query tower"):
        build_tasks(tower_config(pairs), 1, make_model())


def run(
    config: TrialConfig, folder: Path, *, stop_at: int | None = None, model: Any = None
) -> tuple[TrainingResult, QueryTower]:
    tower, task = made(config)
    seen = [0]

    def should_stop() -> bool:
        seen[0] += 1
        return stop_at is not None and seen[0] > stop_at

    result = train(
        config, 1, tower, {"next": task}, folder, progress=Silent(), should_stop=should_stop
    )
    return result, tower


MONITORS = [monitor(name) for name in ("margin_guard", "recall_gates", "loss_flags")]


@pytest.mark.parametrize("kind", ["gru", "residual_mean"])
@pytest.mark.parametrize("stop_at", [4, 17])
def test_resumed_equals_uninterrupted_with_memory_and_mined_negatives(
    pairs: Path, tmp_path: Path, kind: str, stop_at: int
) -> None:
    config = tower_config(pairs, encoder={"kind": kind, "hidden": 8}, monitors=MONITORS)
    _, whole = run(config, tmp_path / "whole")
    stopped, _ = run(config, tmp_path / "parts", stop_at=stop_at)
    assert stopped.stopped
    _, resumed = run(config, tmp_path / "parts")
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    for file in ("history.json", "logs/training.log", "logs/judgements.jsonl"):
        whole_text, parts_text = ((tmp_path / n / file).read_text() for n in ("whole", "parts"))
        assert parts_text == whole_text, file


def test_the_memory_of_a_task_survives_its_files(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    task.start_epoch(1)
    for index in range(30):
        task.loss(task.batch(index))
    tensors, plain = split_memory({"next": task.state_dict()})
    assert all(value.dtype == torch.int64 for value in tensors.values())  # ids, never vectors
    _, again = made(tower_config(pairs))
    again.load_state_dict(join_memory(tensors, json.loads(json.dumps(plain)))["next"])
    again.model.load_state_dict(task.model.state_dict())
    one, other = task.loss(task.batch(31)), again.loss(again.batch(31))
    assert torch.equal(one.loss, other.loss)
    assert one.figures == other.figures


def test_looks_tell_recall_margins_and_fill(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    task.start_epoch(1)
    figures = task.validate()
    assert LOOKS["next_vector"] <= figures.keys()
    assert figures["R@10"] <= figures["R@100"] <= figures["R@1000"] <= 1.0
    # The diagnostic is over the nearest of the bank, so it lies far below the margin in force.
    assert figures["margin_top16"] < figures["margin"]
    assert figures["margin_mined"] < figures["margin"] < figures["margin_in_batch"]
    assert figures["mined_fill"] == 1.0


def test_looks_mask_the_repeats_that_the_loss_masks(tmp_path: Path) -> None:
    folder = write_sequences(tmp_path, articles=8)
    margins = []
    for above in (0.0, 0.98):
        changes = {"duplicate_above": above, "curriculum": "0-10:none", "memory": 0}
        margins.append(made(tower_config(folder, task=changes))[1].validate()["margin"])
    assert margins[0] > margins[1]  # without their nearest, the negatives lie farther away


def test_the_guard_stops_a_planted_collapse(pairs: Path, tmp_path: Path) -> None:
    guard = monitor("margin_guard", least=0.04, patience=2, after_epoch=2)
    config = tower_config(pairs, training={"epochs": 8}, monitors=[guard])
    model = build_model(config.model, 1)
    model.__class__ = Collapsed
    assert isinstance(model, QueryTower)
    tasks = build_tasks(config, 1, model)
    result = train(config, 1, model, tasks, tmp_path, progress=Silent())
    assert result.abort_reason is not None
    assert "separation margin is below 0.04 in 2 evaluations" in result.abort_reason
    for remedy in ("0.84-0.94", "8 mined negatives", "0.045"):
        assert remedy in result.abort_reason
    looks = json.loads((tmp_path / "history.json").read_text())
    # Epochs 1 and 2 do not count; then two in a row must be too small, and the last one ends it.
    assert 4 <= len(looks) <= 5
    assert all(look["margin"] < 0.04 for look in looks[-2:])
    assert (tmp_path / "checkpoints/abort/heads.safetensors").exists()
    assert not (tmp_path / "checkpoints/final").exists()
    healthy, _ = run(config, tmp_path / "healthy")
    assert healthy.abort_reason is None


def test_a_tower_learns_what_the_weighted_mean_misses(pairs: Path, tmp_path: Path) -> None:
    config = tower_config(pairs, training={"epochs": 6}, task={"curriculum": "0-10:none"})
    _, task = made(config)
    before = task.validate()["R@10"]
    run(config, tmp_path)
    looks = json.loads((tmp_path / "history.json").read_text())
    assert max(look["recall@10"] for look in looks) / 100 > before + 0.05
    assert looks[0]["learning_rate"] > looks[-1]["learning_rate"]


def test_the_log_is_found_by_grep(pairs: Path, tmp_path: Path) -> None:
    changes = {"curriculum": "0-2:none;3-10:3@0.5-0.99"}
    run(tower_config(pairs, monitors=MONITORS, task=changes), tmp_path)
    lines = (tmp_path / "logs/training.log").read_text().splitlines()
    looks = [line for line in lines if line.startswith("Epoch")]
    assert len(looks) == 3
    assert all("Recall@500" in line and "Separation" in line for line in looks)
    assert any(line.startswith("recall_gates: Recall@500") for line in lines)
    assert ["mined 100.0 % filled" in line for line in (looks[0], looks[2])] == [False, True]
    entries = json.loads((tmp_path / "history.json").read_text())
    assert {"mined_fill", "mined_loss", "mined_above_window"}.isdisjoint(entries[0])
    assert entries[2]["mined_fill"] == 1.0
    assert entries[2]["mined_loss"] > 0


def test_batches_are_a_function_of_their_number(pairs: Path) -> None:
    _, task = made(tower_config(pairs))
    one, again = task.batch(3), task.batch(3)
    assert np.array_equal(one.numbers, again.numbers)
    assert one.targets.tolist() == task.data.pairs.targets[one.numbers].tolist()
