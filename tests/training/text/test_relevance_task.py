"""Pairs and whole lists of the relevance task: what a batch holds, and one loss over its passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training_toys import make_model, make_rerank, relevance_data, settings

from gonogo.objectives.build import build_score_objective
from gonogo.spec.task.objectives import ListwiseSoftmax

LISTWISE = build_score_objective(ListwiseSoftmax(temperature=0.5))


def listwise(model, **changes):
    return make_rerank(model, objective=LISTWISE, whole_lists=True, **{"batch_size": 4, **changes})


def test_a_batch_holds_whole_lists_and_an_epoch_each_list_once():
    task = listwise(make_model())
    assert (task.batch_size, task.examples_per_epoch) == (4, 12)
    seen = []
    for index in range(3):
        batch = task.batch(index)
        assert batch.labels.tolist() == [1, 0, 0] * 4
        assert batch.lists.tolist() == [n for n in range(4) for _ in range(3)]
        seen += batch.rows.tolist()
    pairs = [task.batch(0).rows[3 * n : 3 * n + 3] for n in range(4)]
    assert all(len(set(each.tolist())) == 3 for each in pairs)
    assert len(seen) == 36


def test_lists_may_differ_in_length():
    examples = [each for n, each in enumerate(relevance_data(4)) if n not in (2, 10, 11)]
    task = listwise(make_model(), examples=examples)
    lengths = sorted(np.bincount(task.batch(0).lists).tolist())
    assert lengths == [1, 2, 3, 3]


def test_pairs_are_drawn_one_by_one_without_lists():
    task = make_rerank(make_model(), batch_size=6)
    batch = task.batch(0)
    assert task.examples_per_epoch == 36
    assert batch.lists.tolist() == list(range(6))


@pytest.mark.parametrize("replay", [False, True])
def test_a_loss_does_not_depend_on_how_its_pairs_are_cut_into_passes(replay):
    """Chunks of one pair, GradCache or one pass: the same loss and gradient over whole lists."""
    found = []
    for budget, again in ((1, replay), (4096, False)):
        model = make_model(dropout=0.0)
        task = listwise(model, settings=settings(model, budget, again))
        loss = task.loss(task.batch(0)).loss
        torch.autograd.backward(loss)
        grads = [p.grad for p in model.trainable().values() if p.grad is not None]
        found.append((loss.item(), torch.cat([g.ravel() for g in grads])))
    (one, first), (all_at_once, second) = found
    assert one == pytest.approx(all_at_once, rel=1e-6)
    torch.testing.assert_close(first, second, atol=1e-6, rtol=1e-4)
    assert first.abs().sum() > 0
