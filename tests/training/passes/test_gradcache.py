"""Recomputed chunks give the gradients of one graph; frozen hard negatives give none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from training_toys import FakeModel, make_embed, make_model, retrieval_data, settings

from gonogo.data.examples.batching import pad
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.objectives.build import build_embedding_objective
from gonogo.objectives.infonce import infonce
from gonogo.spec.model.model import LoraAdapter, TextModel
from gonogo.spec.task.objectives import InfoNce
from gonogo.training.text.retrieval_task import RetrievalBatch, RetrievalTask

SPEC = InfoNce(temperature=0.5, false_negative_margin=0.1)
"""At 0.05 the toy's gradients are in the tens, and fp32 itself rounds by more than 1e-6."""


def one_graph(
    model: FakeModel | RetrievalModel,
    task: RetrievalTask,
    batch: RetrievalBatch,
    *,
    frozen: bool = False,
) -> torch.Tensor:
    """Return the loss of all texts in one padded pass, written out anew."""

    def embed(numbers: object) -> torch.Tensor:
        ids, mask = pad([task._tokens[int(n)] for n in numbers.ravel()], 0)
        return model.bi_encoder(torch.from_numpy(ids), torch.from_numpy(mask))

    negatives = embed(batch.negatives).unflatten(0, batch.negatives.shape)
    return infonce(
        embed(batch.queries),
        embed(batch.positives),
        negatives.detach() if frozen else negatives,
        temperature=SPEC.temperature,
        false_negative_margin=SPEC.false_negative_margin,
        relevant=torch.from_numpy(batch.relevant),
        negative_kept=torch.from_numpy(batch.negative_kept),
        same_query=torch.from_numpy(batch.same_query),
    )


def gradients(model: FakeModel | RetrievalModel, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    names, parameters = zip(*model.trainable().items(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return {n: g for n, g in zip(names, found, strict=True) if g is not None}


def check(model: FakeModel | RetrievalModel, hard: str, **changes: object) -> None:
    objective = build_embedding_objective(SPEC)
    task = make_embed(model, hard_negatives=hard, objective=objective, **changes)
    batch = task.batch(0)
    found = gradients(model, task.loss(batch).loss)
    wanted = gradients(model, one_graph(model, task, batch, frozen=hard == "frozen"))
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, wanted[name], rtol=0, atol=1e-6)


@examples(deadline=None, max_examples=25)
@given(
    budget=st.integers(8, 400),
    size=st.integers(2, 24),
    seed=st.integers(0, 99),
    hard=st.sampled_from(["exact", "frozen"]),
)
def test_gradients_equal_one_graph_within_a_millionth(
    budget: int, size: int, seed: int, hard: str
) -> None:
    model = make_model(0.0, seed)
    check(model, hard, settings=settings(model, budget, replay=True), batch_size=size)


def test_frozen_negatives_change_the_gradient_and_not_the_loss() -> None:
    model = make_model(0.0)
    losses, found = [], []
    for hard in ("exact", "frozen"):
        task = make_embed(model, hard_negatives=hard)
        losses.append(task.loss(task.batch(0)))
        found.append(gradients(model, losses[-1].loss))
    torch.testing.assert_close(losses[0].loss, losses[1].loss, rtol=1e-6, atol=0)
    assert losses[1].tokens >= losses[0].tokens > 0
    difference = max((found[0][n] - found[1][n]).abs().max() for n in found[0])
    assert difference > 1e-3


@pytest.mark.parametrize("hard", ["exact", "frozen"])
def test_examples_without_negatives(hard: str) -> None:
    bare = [
        type(example)(
            **{
                **{name: getattr(example, name) for name in example.__slots__},
                "negatives": (),
                "negative_ids": (),
            }
        )
        for example in retrieval_data()
    ]
    check(make_model(0.0), hard, examples=bare)


def test_a_frozen_negative_that_is_a_positive_too_learns_as_a_positive() -> None:
    model = make_model(0.0)
    # Documents 1 and 2 are negatives of query 0, and the positives of queries 1 and 2.
    batch = make_embed(model, batch_size=24).batch(0)
    others = np.isin(batch.negatives, batch.positives) & batch.negative_kept
    assert others.any(axis=1).sum() == 23  # the last document's next one is no positive
    check(model, "frozen", batch_size=24)


def lora_encoder(folder: Path, seed: int) -> RetrievalModel:
    """Return a text model without dropout in the middle of a training, where B is not 0."""
    adapter = LoraAdapter(rank=4, dropout=0.0)
    model = build_model(TextModel(backbone=str(folder), adapter=adapter), seed)
    draws = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.trainable().values():
            value.add_(0.02 * torch.randn(value.shape, generator=draws))
    return model.eval()


@examples(deadline=None, max_examples=8)
@given(
    budget=st.integers(16, 400),
    size=st.integers(2, 12),
    seed=st.integers(0, 99),
    hard=st.sampled_from(["exact", "frozen"]),
)
def test_gradients_of_lora_equal_one_graph_within_a_millionth(
    tiny_encoder_folder: Path, budget: int, size: int, seed: int, hard: str
) -> None:
    model = lora_encoder(tiny_encoder_folder, seed)
    check(model, hard, settings=settings(model, budget, replay=True), batch_size=size)
