"""Text tasks as a study asks for them: kept vectors, GradCache, frozen negatives, idle heads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from study_values import write_beir
from torch import Tensor, nn
from training_toys import equal_bits

from gonogo.core.files import read_json_lines
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.loop.trainer import train
from gonogo.training.passes.frozen_rows import FrozenRows
from gonogo.training.text.retrieval_task import RetrievalTask


def config(backbone: Path, objective: str) -> TrialConfig:
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "frozen"},
                "projection": {"kind": "mlp", "dimension": 12, "dropout": 0.0},
                "similarity": "euclidean",
            },
            "tasks": {
                "embed": {
                    "kind": "retrieval",
                    "data": ["left"],
                    "batch_size": 4,
                    "negatives": {"kind": "bm25", "count": 2, "ranks": [1, 6]},
                    "objective": {"kind": objective},
                    "regularisers": [{"kind": "sigreg", "slices": 16}, {"kind": "covariance"}],
                }
            },
            "training": {
                "accumulation": 1,
                "max_steps": 6,
                "head_learning_rate": 0.001,
                "precision": "fp32",
            },
            "evaluation": {"datasets": ["left"]},
        }
    )


def tuned(backbone: Path, *names: str, **changes: Any) -> TrialConfig:
    """Return LoRA with a projection on the named tasks; changes are those of training and embed."""
    task = {"data": ["left"], "negatives": {"kind": "bm25", "count": 2, "ranks": [1, 6]}}
    hard = changes.pop("hard_negatives", "exact")
    loss = changes.pop("objective", {"kind": "infonce"})
    tasks = {
        "embed": {
            "kind": "retrieval",
            "batch_size": 4,
            "hard_negatives": hard,
            "objective": loss,
            **task,
        },
        "rerank": {"kind": "relevance", "batch_size": 6, **task},
    }
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "lora", "rank": 2, "dropout": 0.2},
                "projection": {"kind": "mlp", "dimension": 12, "dropout": 0.2},
                "scoring": {"kind": "mlp", "hidden": 8},
            },
            "tasks": {name: tasks[name] for name in names},
            "training": {
                "accumulation": 1,
                "max_steps": 3,
                "learning_rate": 0.01,
                "precision": "fp32",
                "token_budget": 64,
                **changes,
            },
            "evaluation": {"datasets": ["left"]},
        }
    )


def head_of(model: nn.Module) -> dict[str, Tensor]:
    assert isinstance(model, RetrievalModel)
    return dict(model.bi_encoder.projection.named_parameters())


def trained(
    spec: TrialConfig, folder: Path, *, kept: bool
) -> tuple[list[float], dict[str, Tensor]]:
    """Return losses and the head's weights; without kept vectors each step runs the backbone."""
    model = build_model(spec.model, 1)
    tasks = build_tasks(spec, 1, model, Workplace(folder))
    assert isinstance(tasks["embed"]._frozen, FrozenRows)
    if not kept:
        tasks["embed"]._frozen = None
    place = folder / f"trial_{kept}"
    train(spec, 1, model, tasks, place, progress=Silent())
    lines = list(read_json_lines(place / "logs/train.jsonl"))
    assert all((line["tokens"] > 0) != kept for line in lines)
    assert not kept or all(line["padding"] == 0.0 for line in lines)  # no token passes at all
    return [line["loss"] for line in lines], head_of(model)


@pytest.mark.parametrize("objective", ["triplet", "infonce"])
def test_a_frozen_backbone_teaches_from_kept_vectors_what_it_teaches_anew(
    tmp_path: Path,
    tiny_encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    objective: str,
) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    write_beir(tmp_path / "left", 0)
    spec = config(tiny_encoder_folder, objective)
    losses, head = trained(spec, tmp_path, kept=True)
    again, other = trained(spec, tmp_path, kept=False)
    start = head_of(build_model(spec.model, 1))
    assert len(losses) == 6
    assert losses == pytest.approx(again, rel=1e-5)
    assert head.keys() == other.keys() == start.keys()
    for name, value in head.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=1e-5)
        assert (value - start[name]).abs().max() > 1e-3


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the data set ``left``."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    write_beir(tmp_path / "left", 40)
    return tmp_path


def bits(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def learned(
    spec: TrialConfig, world: Path, place: str, stop: Callable[[], bool] = lambda: False
) -> tuple[dict[str, Tensor], int]:
    """Train; return all weights and how often the backbone was run."""
    model, passes = build_model(spec.model, 1), []
    model.backbone.register_forward_hook(lambda *_: passes.append(1))
    tasks = build_tasks(spec, 1, model, Workplace(world))
    train(spec, 1, model, tasks, world / place, progress=Silent(), should_stop=stop)
    return bits(model), len(passes)


def test_gradcache_of_a_study_runs_the_backbone_twice_and_learns_the_same(
    world: Path, tiny_encoder_folder: Path
) -> None:
    plain, once = learned(tuned(tiny_encoder_folder, "embed"), world, "plain")
    spec = tuned(tiny_encoder_folder, "embed", gradcache=True)
    cached, twice = learned(spec, world, "cached")
    assert twice == 2 * once > 2 * spec.training.max_steps
    assert equal_bits(plain, cached)
    start = bits(build_model(spec.model, 1))
    assert any("lora_A" in name and not torch.equal(start[name], plain[name]) for name in plain)


def test_gradcache_with_other_queries_negatives_learns_the_same_and_not_what_it_learns_without(
    world: Path, tiny_encoder_folder: Path
) -> None:
    wider = {"objective": {"kind": "infonce", "other_negatives": True}}
    plain, _ = learned(tuned(tiny_encoder_folder, "embed", **wider), world, "plain")
    cached, _ = learned(tuned(tiny_encoder_folder, "embed", gradcache=True, **wider), world, "c")
    assert equal_bits(plain, cached)
    own, _ = learned(tuned(tiny_encoder_folder, "embed"), world, "own")
    assert not equal_bits(plain, own)


def test_another_querys_negative_that_answers_the_own_one_is_known(
    world: Path, tiny_encoder_folder: Path
) -> None:
    """Of all batches: where ids or texts say so, and only there."""
    spec = tuned(
        tiny_encoder_folder, "embed", objective={"kind": "infonce", "other_negatives": True}
    )
    task = build_tasks(spec, 1, build_model(spec.model, 1), Workplace(world))["embed"]
    assert isinstance(task, RetrievalTask)
    seen = 0
    for index in range(6):
        picked, batch = task._stream.batch(index), task.batch(index)
        assert batch.negative_relevant is not None
        for i, first in enumerate(picked):
            for j, second in enumerate(picked):
                for k, (_, document) in enumerate(task._negative_documents[second]):
                    known = document in task._relevant[first][1]
                    assert batch.negative_relevant[i, j, k] == known
                    seen += known
    assert seen
    plain = tuned(tiny_encoder_folder, "embed")
    task = build_tasks(plain, 1, build_model(plain.model, 1), Workplace(world))["embed"]
    assert task.batch(0).negative_relevant is None


def test_frozen_negatives_of_a_study_are_no_exact_ones(
    world: Path, tiny_encoder_folder: Path
) -> None:
    exact, _ = learned(tuned(tiny_encoder_folder, "embed"), world, "exact")
    spec = tuned(tiny_encoder_folder, "embed", hard_negatives="frozen")
    frozen, _ = learned(spec, world, "frozen")
    again, _ = learned(spec, world, "again")
    assert equal_bits(frozen, again)
    moved = {name for name in exact if not torch.equal(exact[name], frozen[name])}
    assert any("lora_" in name for name in moved)
    assert any("projection" in name for name in moved)


SCORING, PROJECTION = 32 * 8 + 8 + 8 + 1, 32 * 64 + 64 + 64 * 12 + 12


def heads_in(model: RetrievalModel) -> int:
    groups = [group.parameters for group in model.parameter_groups() if group.rate == "head"]
    return sum(value.numel() for parameters in groups for value in parameters.values())


def test_a_head_learns_where_a_task_moves_it(world: Path, tiny_encoder_folder: Path) -> None:
    both = tuned(tiny_encoder_folder, "embed", "rerank")
    model = build_model(both.model, 1)
    for names, count in (
        (("embed",), PROJECTION),
        (("rerank",), SCORING),  # one model, as a forecast takes the tasks one by one
        (("embed", "rerank"), PROJECTION + SCORING),
    ):
        build_tasks(tuned(tiny_encoder_folder, *names), 1, model, Workplace(world))
        assert heads_in(model) == count


def test_an_idle_head_is_in_no_checkpoint_of_the_training_and_in_the_model_as_it_began(
    world: Path, tiny_encoder_folder: Path
) -> None:
    spec = tuned(tiny_encoder_folder, "embed", checkpoint_every=2)
    whole, _ = learned(spec, world, "whole")
    asked = iter((False, False, True))
    learned(spec, world, "parts", lambda: next(asked))
    kept = load_file(world / "parts/checkpoints/step_000002/weights.safetensors")
    assert any("projection" in name for name in kept)
    assert not any("cross_encoder.head" in name for name in kept)
    resumed, _ = learned(spec, world, "parts")
    assert equal_bits(whole, resumed)
    start = bits(build_model(spec.model, 1))
    saved = load_file(world / "parts/checkpoints/final/heads.safetensors")
    idle = {name: value for name, value in saved.items() if "cross_encoder.head" in name}
    assert sum(value.numel() for value in idle.values()) == SCORING
    assert equal_bits(idle, {name: start[name] for name in idle})


def test_a_blended_term_weakens_the_objective_in_the_loss(
    data_home: Path, tiny_encoder_folder: Path
) -> None:
    """LeJEPA's convex form: (1 - blend) x objective + blend x term."""
    values = config(tiny_encoder_folder, "triplet").model_dump(mode="json", by_alias=True)
    values["tasks"]["embed"]["regularisers"] = [{"kind": "variance", "blend": 0.25}]
    asked = TrialConfig.model_validate(values)
    model = build_model(asked.model, 1)
    task = build_tasks(asked, 1, model, Workplace(beside=data_home))["embed"]
    found = task.loss(task.batch(0))
    expected = 0.75 * found.figures["objective"] + 0.25 * found.figures["variance"]
    torch.testing.assert_close(found.loss.detach(), expected)
