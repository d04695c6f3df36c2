"""Chunks change the padding, not the numbers; replayed passes change the memory, not a bit."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch import Tensor
from training_toys import (
    FakeModel,
    equal_bits,
    make_embed,
    make_model,
    make_rerank,
    settings,
    word_ids,
)

from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import LoraAdapter, TextModel
from gonogo.training.passes.chunked import ChunkSettings, forward_chunks, forward_distinct
from gonogo.training.passes.token_rows import TokenRows

TEXTS = [" ".join(f"w{n}{k}" for k in range(1 + 7 * n % 12)) for n in range(17)]


def one_by_one(model: FakeModel, rows: list[list[int]]) -> Tensor:
    each = [torch.tensor([row]) for row in rows]
    return torch.cat([model.bi_encoder(ids, torch.ones_like(ids)) for ids in each])


@examples(deadline=None, max_examples=20)
@given(
    budget=st.integers(1, 200),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=20),
)
def test_outputs_stand_in_the_rows_own_order(budget: int, lengths: list[int]) -> None:
    model = make_model(0.0)
    rows = [[1 + (7 * n + k) % 60 for k in range(length)] for n, length in enumerate(lengths)]
    output = forward_chunks(model.bi_encoder, rows, settings(model, budget))
    torch.testing.assert_close(output.rows, one_by_one(model, rows))
    assert output.tokens == sum(lengths)
    assert output.padded_tokens >= output.tokens


def test_padding_is_counted() -> None:
    model = make_model(0.0)
    output = forward_chunks(model.bi_encoder, [[1] * 39, [1] * 40], settings(model, 320))
    assert (output.tokens, output.padded_tokens) == (79, 80)


def test_without_padding_rows_of_all_lengths_share_a_pass_and_none_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    model, shapes = make_model(0.0), []

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        shapes.append(tuple(ids.shape))
        return model.bi_encoder(ids, mask)

    rows = [[1] * length for length in (12, 2, 10, 4)]
    chunks = ChunkSettings(27, 0, "cpu", model.autocast, learns=model.trainable)
    output = forward_chunks(forward, rows, chunks)
    torch.testing.assert_close(output.rows, one_by_one(model, rows))
    assert sorted(shapes) == [(1, 12), (3, 10)]
    assert (output.tokens, output.padded_tokens) == (28, 28)


def test_no_pass_exceeds_the_budget() -> None:
    model, shapes = make_model(0.0), []

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        shapes.append(ids.shape)
        return model.bi_encoder(ids, mask)

    forward_chunks(forward, [word_ids(text) for text in TEXTS], settings(model, 24))
    assert len(shapes) > 1
    assert all(shape.numel() <= 24 for shape in shapes)


def test_equal_rows_go_through_once() -> None:
    model, seen = make_model(0.0), []

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        seen.append(len(ids))
        return model.bi_encoder(ids, mask)

    rows = TokenRows()
    numbers = rows.add(["a b", "c", "a b", "a  b"], lambda texts: [word_ids(t) for t in texts])
    assert numbers.tolist() == [0, 1, 0, 0]
    output = forward_distinct(forward, rows, np.array([0, 1, 0, 0]), settings(model))
    assert sum(seen) == 2
    assert output.tokens == 3
    assert torch.equal(output.rows[0], output.rows[2])
    output.rows.sum().backward()
    twice = model.bi_encoder.body.words.weight.grad
    assert twice is not None
    assert twice.abs().sum() > 0


@pytest.mark.parametrize("make", [make_embed, make_rerank])
def test_loss_does_not_depend_on_the_budget(make: Callable[..., object]) -> None:
    model = make_model(0.0)
    seen = []
    for budget in (1, 16, 48, 10**6):
        task = make(model, settings=settings(model, budget))
        model.zero_grad()
        loss = task.loss(task.batch(0)).loss
        loss.backward()
        seen.append((loss.item(), model.body.layer.weight.grad.clone()))
    for loss, gradient in seen[1:]:
        assert loss == pytest.approx(seen[0][0], rel=1e-5)
        torch.testing.assert_close(gradient, seen[0][1], rtol=1e-4, atol=1e-6)


def gradients(model: object, make: Callable[..., object], replay: bool) -> dict[str, Tensor]:
    model.zero_grad()
    model.train()
    torch.manual_seed(5)
    task = make(model, settings=settings(model, 32, replay))
    task.loss(task.batch(0)).loss.backward()
    drawn = {"drawn": torch.rand(3)}  # the generator must stand where it would have stood
    return drawn | {
        name: value.grad.clone()
        for name, value in model.trainable().items()
        if value.grad is not None
    }


@pytest.mark.parametrize("make", [make_embed, make_rerank])
def test_gradcache_replays_dropout_bit_for_bit(make: Callable[..., object]) -> None:
    model = make_model(0.4)
    with torch.random.fork_rng():
        plain, cached = gradients(model, make, False), gradients(model, make, True)
    assert len(plain) > 3
    assert equal_bits(plain, cached)


@pytest.fixture(params=["encoder", "decoder", "decoder-bf16"])
def lora_model(
    request: pytest.FixtureRequest, tiny_encoder_folder: Path, tiny_decoder_folder: Path
) -> RetrievalModel:
    kind, _, precision = request.param.partition("-")
    folder = tiny_encoder_folder if kind == "encoder" else tiny_decoder_folder
    spec = TextModel(backbone=str(folder), adapter=LoraAdapter(rank=4, dropout=0.3))
    model = build_model(spec, 1, precision=precision or "fp32")
    with torch.no_grad():  # past the first step, where B = 0 hides A's gradient
        for index, value in enumerate(model.trainable().values()):
            generator = torch.Generator().manual_seed(index)
            value.add_(0.02 * torch.randn(value.shape, generator=generator))
    return model


@pytest.mark.parametrize("make", [make_embed, make_rerank])
def test_gradcache_with_lora_equals_one_graph(
    lora_model: RetrievalModel, make: Callable[..., object]
) -> None:
    with torch.random.fork_rng():
        plain, cached = gradients(lora_model, make, False), gradients(lora_model, make, True)
    assert any("lora_A" in name and value.abs().max() > 0 for name, value in plain.items())
    assert equal_bits(plain, cached)


def test_gradcache_keeps_one_chunk_at_a_time() -> None:
    """The activations alive at any time are one chunk's, however many chunks there are."""

    def most_alive(replay: bool) -> int:
        model, most = make_model(0.0), 0
        kept: list[weakref.ref[Tensor]] = []

        def forward(ids: Tensor, mask: Tensor) -> Tensor:
            nonlocal most
            vectors = model.bi_encoder(ids, mask)
            factor = torch.ones_like(vectors)  # the product keeps it for the backward pass
            kept.append(weakref.ref(factor))
            most = max(most, sum(each() is not None for each in kept))
            return vectors * factor

        chunks = ChunkSettings(12, 0, "cpu", model.autocast, replay)
        rows = [word_ids(text) for text in TEXTS]
        forward_chunks(forward, rows, chunks).rows.square().sum().backward()
        return most

    assert most_alive(replay=False) > 8
    assert most_alive(replay=True) <= 2
