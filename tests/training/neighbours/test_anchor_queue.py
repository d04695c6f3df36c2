"""The queue is held against one that is really pushed to, batch by batch."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.training.neighbours.anchor_queue import AnchorQueue
from gonogo.training.parts.stream import ExampleStream


def queue(capacity=8, documents=12, anchors=10, batch_size=3, seed=0):
    ids = np.arange(anchors) + (documents - anchors)
    stream = ExampleStream(anchors, batch_size, seed, "distill")
    return AnchorQueue(capacity, documents, stream, ids, seed, "distill"), stream, ids


@settings(deadline=None, max_examples=40)
@given(
    capacity=st.integers(1, 30),
    documents=st.integers(2, 12),
    batch_size=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_equals_a_queue_that_takes_in_every_batch(capacity, documents, batch_size, seed):
    held, stream, ids = queue(capacity, documents, documents - 1, batch_size, seed)
    pushed = deque(held.ids(0).tolist(), maxlen=capacity)
    for index in range(12):  # over several epochs
        assert held.ids(index).tolist() == list(pushed)
        pushed.extend(ids[stream.batch(index)].tolist())


def test_it_is_full_before_the_first_batch_and_any_document_may_fill_it():
    held, _, _ = queue(capacity=12)
    assert sorted(held.ids(0).tolist()) == list(range(12))
    assert len(queue(capacity=30)[0].ids(0)) == 30


def test_samples_are_different_places_and_a_function_of_the_batch():
    held, _, _ = queue(capacity=12)
    sample = held.sample(0, 12)
    assert sorted(sample.tolist()) == list(range(12))
    assert held.sample(3, 5).tolist() == queue(capacity=12)[0].sample(3, 5).tolist()
    assert held.sample(3, 12).tolist() != held.sample(4, 12).tolist()
    assert set(held.sample(3, 5).tolist()) <= set(held.ids(3).tolist())


def test_every_place_is_drawn_equally_often():
    held, _, _ = queue(capacity=5, documents=5, anchors=1, batch_size=1)
    drawn = np.concatenate(
        [
            np.flatnonzero(np.isin(held.ids(0), queue(5, 5, 1, 1, seed)[0].sample(0, 2)))
            for seed in range(2000)
        ]
    )
    shares = np.bincount(drawn, minlength=5) / 2000
    assert np.abs(shares - 0.4).max() < 0.05


def test_too_many_and_none_at_all_are_told():
    held, stream, ids = queue()
    with pytest.raises(UserError, match="9 negatives from a queue of 8"):
        held.sample(0, 9)
    with pytest.raises(UserError, match="not one vector to fill the queue"):
        AnchorQueue(8, 0, stream, ids, 0, "distill")
