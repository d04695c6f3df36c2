"""Passes side by side: the gradients of one graph, the same bits again, one graph at a time."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch import Tensor, nn

from gonogo.models.build.build import build_model
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import FullTuning, LoraAdapter, TextModel
from gonogo.spec.model.projections import MlpProjection
from gonogo.training.passes.chunked import ChunkSettings, forward_chunks
from gonogo.training.passes.core_passes import Forwarded, Pass
from gonogo.training.passes.core_passes import side_by_side as run_side_by_side


def tower(dropout: float = 0.0) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), Dropout(dropout), nn.Linear(8, 4))


def side_by_side(shares: list[list[Callable[[], Tensor]]], *how: object, **more: bool):
    """Run passes that tell nothing, and return their rows."""

    def telling_nothing(each: Callable[[], Tensor]) -> Pass:
        return lambda: Forwarded(each())

    passes = [[telling_nothing(each) for each in share] for share in shares]
    return [out.rows for out in run_side_by_side(passes, *how, **more)]


def parts(*sizes: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(size, 6, generator=generator) for size in sizes]


def dealt(passes: list[Callable[[], Tensor]]) -> list[list[Callable[[], Tensor]]]:
    """Give each core neighbours, so that the outputs keep their order."""
    each = -(-len(passes) // torch.get_num_threads())
    return [passes[start : start + each] for start in range(0, len(passes), each)]


def loss_of(rows: list[Tensor]) -> Tensor:
    vectors = torch.cat(rows)
    return (vectors @ vectors.T).logsumexp(1).sum()


def gradients(net: nn.Module, inputs: list[Tensor], **how: bool) -> list[Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        passes = [partial(net, each) for each in inputs]
        rows = side_by_side(dealt(passes), list(net.parameters()), **how)
        found = torch.autograd.grad(loss_of(rows), list(net.parameters()))
        return [*found, torch.rand(2)]


@pytest.mark.parametrize("replay", [False, True])
def test_gradients_are_those_of_one_graph(cores: int, replay: bool) -> None:
    net, inputs = tower(), parts(3, 1, 4, 2, 5)
    whole = torch.autograd.grad(loss_of([net(torch.cat(inputs))]), list(net.parameters()))
    for ours, oracle in zip(gradients(net, inputs, replay=replay), whole, strict=False):
        torch.testing.assert_close(ours, oracle, rtol=1e-5, atol=1e-6)


@examples(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=7), replay=st.booleans())
def test_equal_seeds_give_equal_bits_with_and_without_replay(
    sizes: list[int], replay: bool
) -> None:
    net, inputs = tower(0.4).train(), parts(*sizes)
    once = gradients(net, inputs)
    again = gradients(net, inputs, replay=replay)
    assert all(map(torch.equal, once, again))


def test_passes_draw_different_dropout() -> None:
    net, one = tower(0.4).train(), parts(5)[0]
    rows = side_by_side([[lambda: net(one), lambda: net(one)]], list(net.parameters()))
    assert not torch.equal(*rows)


def test_dropout_does_not_depend_on_the_number_of_cores() -> None:
    net, inputs, before = tower(0.4).train(), parts(3, 1, 4, 2), torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            found.append(gradients(net, inputs))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_an_unused_parameter_gets_no_gradient(cores: int) -> None:
    net, idle = tower(), nn.Parameter(torch.ones(2))
    passes = [partial(net, each) for each in parts(2, 3)]
    rows = side_by_side(dealt(passes), [*net.parameters(), idle])
    loss_of(rows).backward()
    assert idle.grad is None
    assert all(each.grad is not None for each in net.parameters())


def test_without_gradients_nothing_is_kept(cores: int) -> None:
    net = tower()
    passes = [partial(net, each) for each in parts(2, 3)]
    with torch.no_grad():
        rows = side_by_side(dealt(passes), list(net.parameters()))
    assert not any(row.requires_grad for row in rows)
    torch.testing.assert_close(torch.cat(rows), net(torch.cat(parts(2, 3))).detach())


def test_a_failing_pass_says_so(cores: int) -> None:
    def fails() -> Tensor:
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        side_by_side(dealt([fails, fails]), list(tower().parameters()))
    assert torch.get_num_threads() == cores


@pytest.mark.parametrize(("replay", "least", "most"), [(False, 9, 9), (True, 1, 3)])
def test_replayed_passes_are_alive_one_a_core(replay: bool, least: int, most: int) -> None:
    net, kept, alive = tower(), [], []

    def forward(each: Tensor) -> Tensor:
        factor = torch.ones(len(each), 4)
        kept.append(weakref.ref(factor))
        alive.append(sum(ref() is not None for ref in list(kept)))
        return net(each) * factor  # which keeps it for the backward pass

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inputs = parts(*[2] * 9)
        passes = [partial(forward, each) for each in inputs]
        loss_of(side_by_side(dealt(passes), list(net.parameters()), replay=replay)).backward()
    finally:
        torch.set_num_threads(before)
    assert least <= max(alive) <= most


@pytest.mark.parametrize("adapter", [FullTuning(), LoraAdapter(rank=4, dropout=0.3)])
@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_models_that_pack_draw_nothing_from_torchs_generator(
    adapter: FullTuning | LoraAdapter,
    kind: str,
    tiny_encoder_folder: Path,
    tiny_decoder_folder: Path,
) -> None:
    """Else two passes at once would draw in whatever order they come."""
    folder = tiny_encoder_folder if kind == "encoder" else tiny_decoder_folder
    spec = TextModel(
        backbone=str(folder), adapter=adapter, projection=MlpProjection(dimension=12, dropout=0.2)
    )
    model = build_model(spec, 1, precision="fp32")
    assert isinstance(model, RetrievalModel)
    assert model.backbone.packs
    how = ChunkSettings(8, 0, "cpu", model.autocast, learns=model.trainable)
    rows = [[1 + n % 5] * (3 + n % 4) for n in range(9)]

    def run(training: bool = True) -> list[Tensor]:
        model.train(training)
        model.zero_grad()
        torch.manual_seed(11)
        forward_chunks(model.bi_encoder, rows, how).rows[:, 0].sum().backward()
        learnt = [each.grad for each in model.trainable().values() if each.grad is not None]
        return [*learnt, torch.get_rng_state()]

    with torch.random.fork_rng():
        first, again, without = run(), run(), run(training=False)
    assert all(map(torch.equal, first, again))
    assert torch.equal(first[-1], without[-1])
    assert not torch.equal(first[-2], without[-2])
