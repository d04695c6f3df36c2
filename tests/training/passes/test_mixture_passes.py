"""Mixtures go through every kind of pass: replayed bit for bit, cut without a change, logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from training_toys import make_embed, make_rerank

from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.mixture import (
    Expert,
    HardRouting,
    MixtureAdapter,
    SoftmaxRouting,
    SparsegenRouting,
)
from gonogo.spec.model.model import TextModel
from gonogo.training.parts.task import TaskLoss
from gonogo.training.passes.chunked import ChunkSettings

EXPERTS = tuple(Expert(name=name, rank=2) for name in ("embed", "rerank", "shared"))
ROUTERS = {
    "sparsegen": SparsegenRouting(most=2),
    "bias": SoftmaxRouting(top=2, balance="bias"),
    "sequence": SoftmaxRouting(level="sequence"),
    "hard": HardRouting(),
}


def model_of(folder: Path, router: Any, dropout: float = 0.2) -> RetrievalModel:
    adapter = MixtureAdapter(experts=EXPERTS, router=router, dropout=dropout)
    model = build_model(TextModel(backbone=str(folder), adapter=adapter), 1)
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in model.trainable().values():
            value.add_(0.05 * torch.randn(value.shape, generator=random))
    return model


def run(
    model: RetrievalModel, make: Any, budget: int, *, replay: bool = False, cores: bool = False
) -> tuple[TaskLoss, dict[str, Tensor]]:
    how = ChunkSettings(
        budget, 0, "cpu", model.autocast, replay, model.trainable if cores else None
    )
    task = make(model, settings=how)
    model.train().zero_grad()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        result = task.loss(task.batch(0))
        result.loss.backward()
    learns = model.trainable().items()
    return result, {name: p.grad.clone() for name, p in learns if p.grad is not None}


@pytest.mark.parametrize("cores", [False, True])
@pytest.mark.parametrize("kind", ROUTERS)
def test_gradcache_is_the_same_training_bit_for_bit(
    kind: str, cores: bool, tiny_encoder_folder: Path
) -> None:
    """With dropout and jitter: both passes of a chunk draw the same."""
    model = model_of(tiny_encoder_folder, ROUTERS[kind])
    plain, kept = run(model, make_embed, 60, cores=cores)
    replayed, found = run(model, make_embed, 60, replay=True, cores=cores)
    assert torch.equal(plain.loss, replayed.loss)
    assert kept.keys() == found.keys()
    assert all(torch.equal(kept[name], found[name]) for name in kept)
    moving = [name for name, gradient in kept.items() if gradient.abs().max() > 0]
    assert any("experts" in name for name in moving)
    assert (kind == "hard") != any("router" in name for name in moving)


@pytest.mark.parametrize("make", [make_embed, make_rerank])
@pytest.mark.parametrize("level", ["token", "sequence"])
def test_chunks_equal_one_graph(make: Any, level: Any, tiny_decoder_folder: Path) -> None:
    """But for the balance, whose shares are those of each pass."""
    router = SparsegenRouting(level=level, balance="none", jitter=0.0)
    model = model_of(tiny_decoder_folder, router, dropout=0.0)
    whole, kept = run(model, make, 10**6)
    balances = {name for name in whole.figures if name.startswith("router_balance")}
    for cores in (False, True):
        parts, found = run(model, make, 60, replay=True, cores=cores)
        torch.testing.assert_close(parts.loss, whole.loss)
        for name, gradient in kept.items():
            torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-6)
        for name in whole.figures.keys() - balances:
            torch.testing.assert_close(
                parts.figures[name], whole.figures[name], rtol=1e-4, atol=1e-5
            )


def test_each_task_logs_its_own_routing(tiny_encoder_folder: Path) -> None:
    model = model_of(tiny_encoder_folder, SparsegenRouting())
    embed, rerank = (run(model, make, 10**6)[0] for make in (make_embed, make_rerank))
    own = model.spec.adapter.figures()
    for result in (embed, rerank):
        layers = {name for name in result.figures if ".layer_" in name}
        assert own == result.figures.keys() - layers
        assert {name.rpartition(".layer_")[2] for name in layers} == {"0", "1"}
        gates = [float(result.figures[f"gate.{each.name}"]) for each in EXPERTS]
        assert sum(gates) == pytest.approx(1, abs=1e-5)
        objective, balance = (result.figures[name] for name in ("objective", "router_balance"))
        torch.testing.assert_close(result.loss, objective + 0.01 * balance)
    assert embed.figures["gate.embed"] != rerank.figures["gate.embed"]
    hard = model_of(tiny_encoder_folder, HardRouting())
    for make, on in ((make_embed, [1, 0, 1]), (make_rerank, [0, 1, 1])):
        figures = run(hard, make, 10**6)[0].figures
        assert [float(figures[f"gate.{each.name}"]) for each in EXPERTS] == on
        assert hard.spec.adapter.figures() == {n for n in figures if ".layer_" not in n}


def test_jitter_leaves_dropout_as_it_is(tiny_encoder_folder: Path) -> None:
    """A weight of zero hides what jitter does to the gates, and nothing else changes."""

    def scores(jitter: float) -> Tensor:
        router = SoftmaxRouting(balance="none", jitter=jitter)
        model = model_of(tiny_encoder_folder, router)
        with torch.no_grad():
            for name, value in model.named_parameters():
                if name.endswith("router.weight"):
                    value.zero_()
        return run(model, make_embed, 60, cores=True)[0].loss

    assert torch.equal(scores(0.0), scores(0.5))
