from collections import deque

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.training.loop.checkpoints import join_memory, split_memory
from gonogo.training.parts.vector_queue import VectorQueue, kept_by_id


def rows(ids):
    """Vectors that tell whose they are."""
    ids = torch.as_tensor(ids, dtype=torch.int64)
    return torch.stack([ids.float(), -ids.float(), torch.ones(len(ids))], dim=1)


def block(ids):
    return rows(ids), torch.as_tensor(ids, dtype=torch.int64)


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def filled(capacity):
    queue = VectorQueue(capacity, 3, lookup=rows)
    queue.push(*block(range(capacity)))
    return queue


@settings(deadline=None, max_examples=60)
@given(
    capacity=st.integers(1, 7),
    pushes=st.lists(st.lists(st.integers(0, 99), max_size=10), max_size=6),
)
def test_equals_a_deque(capacity, pushes):
    queue, oracle = VectorQueue(capacity, 3, lookup=rows), deque(maxlen=capacity)
    for ids in pushes:
        queue.push(rows(ids) if ids else torch.zeros(0, 3), torch.tensor(ids, dtype=torch.int64))
        oracle.extend(ids)
        assert queue.ids.tolist() == list(oracle)
        assert len(queue) == len(oracle)
    if oracle:
        assert queue.vectors.equal(rows(list(oracle)))


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="0 vectors"):
        VectorQueue(0, 3, lookup=rows)


def test_what_is_stored_belongs_to_its_ids_and_holds_no_graph():
    queue = filled(4)
    queue.push(rows([50, 51]).requires_grad_(), torch.tensor([50, 51]))
    stored = queue.stored
    assert set(stored.ids.tolist()) == {2, 3, 50, 51}
    assert stored.vectors.equal(rows(stored.ids))
    assert not stored.vectors.requires_grad


def test_resumed_equals_uninterrupted():
    def fresh():
        return VectorQueue(6, 3, lookup=rows)

    queue, resumed = fresh(), fresh()
    queue.push(*block(range(6)))
    queue.push(*block([20, 21, 22, 23]))
    state = queue.state_dict()
    assert state.keys() == {"ids", "oldest"}  # the vectors can be had again
    tensors, plain = split_memory({"distill": state})
    resumed.load_state_dict(join_memory(tensors, plain)["distill"])
    for step in range(5):
        for one in (queue, resumed):
            one.push(*block([30 + step, 40 + step]))
        # Sums over what is stored have the same bits only in the same order.
        assert queue.stored.ids.equal(resumed.stored.ids)
        assert queue.stored.vectors.equal(resumed.stored.vectors)
    assert resumed.ids.equal(queue.ids)


def test_a_state_is_no_view_of_the_queue_and_must_fit():
    queue = filled(4)
    state = queue.state_dict()
    queue.push(*block([70, 71]))
    assert state["ids"].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="do not fit"):
        VectorQueue(3, 3, lookup=rows).load_state_dict(state)
    with pytest.raises(ValueError, match="do not fit"):
        VectorQueue(4, 2, lookup=rows).load_state_dict(state)


def test_the_anchor_and_its_own_neighbours_are_masked_in_its_row_alone():
    ids = torch.tensor([1, 2, 3, 4, 2])
    kept = kept_by_id(ids, torch.tensor([1, 9]), torch.tensor([[3, 8], [7, 2]]))
    assert kept.int().tolist() == [[0, 1, 0, 1, 1], [1, 0, 1, 1, 0]]


@settings(deadline=None, max_examples=60)
@given(
    b=st.integers(1, 4), k=st.integers(0, 4), m=st.integers(0, 8), seed=st.integers(0, 999)
)  # fmt: skip
def test_masks_equal_sets(b, k, m, seed):
    source = draws(seed)
    ids, anchors, near = (
        torch.randint(-1, 6, shape, generator=source) for shape in ((m,), (b,), (b, k))
    )
    kept = kept_by_id(ids, anchors, near)
    for i in range(b):
        own = {int(anchors[i]), *near[i].tolist()}
        assert kept[i].tolist() == [one not in own for one in ids.tolist()]


@settings(deadline=None, max_examples=60)
@given(
    ids=st.lists(st.integers(0, 9), max_size=8),
    own=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=4),
)
def test_masks_equal_those_of_comparing_all_with_all(ids, own):
    rows_own = torch.tensor(own)
    kept = kept_by_id(torch.tensor(ids, dtype=torch.int64), rows_own[:, 0], rows_own[:, 1:])
    assert kept.tolist() == [[each not in row for each in ids] for row in own]


def test_a_mask_is_made_without_reading_what_an_accelerator_holds():
    away = {"device": "meta", "dtype": torch.int64}  # sizes without values: what reads one raises
    kept = kept_by_id(torch.zeros(9, **away), torch.zeros(2, **away), torch.zeros(2, 3, **away))
    assert kept.shape == (2, 9)
