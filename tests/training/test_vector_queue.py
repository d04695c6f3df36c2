from collections import deque

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.training.checkpoints import join_memory, split_memory
from gonogo.training.vector_queue import VectorQueue, kept_by_id


def rows(ids):
    """Vectors that tell whose they are."""
    ids = torch.as_tensor(ids, dtype=torch.int64)
    return torch.stack([ids.float(), -ids.float(), torch.ones(len(ids))], dim=1)


def block(ids):
    return rows(ids), torch.as_tensor(ids, dtype=torch.int64)


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def warmed(capacity=8, held=8):
    queue = VectorQueue(capacity, 3)
    queue.warm_up([block(range(held))])
    return queue


@settings(deadline=None, max_examples=60)
@given(
    capacity=st.integers(1, 7),
    pushes=st.lists(st.lists(st.integers(0, 99), max_size=10), max_size=6),
)
def test_equals_a_deque(capacity, pushes):
    queue, oracle = VectorQueue(capacity, 3), deque(maxlen=capacity)
    for ids in pushes:
        queue.push(rows(ids) if ids else torch.zeros(0, 3), torch.tensor(ids, dtype=torch.int64))
        oracle.extend(ids)
        assert queue.ids.tolist() == list(oracle)
        assert len(queue) == len(oracle)
    if oracle:
        assert queue.vectors.equal(rows(list(oracle)))


def test_a_queue_that_was_pushed_to_first_is_warmed_all_the_same():
    queue = VectorQueue(6, 3)
    queue.push(*block([100, 101]))
    queue.warm_up([block([0, 1, 2]), block([3, 4, 5, 6]), block([7])])
    assert queue.ids.tolist() == [100, 101, 0, 1, 2, 3]
    assert queue.warm


def test_warming_reads_no_block_more_than_it_needs():
    def blocks():
        yield block([0, 1])
        yield block([2, 3])
        raise AssertionError("read on after it was full")

    queue = VectorQueue(4, 3)
    queue.warm_up(blocks())
    assert len(queue) == 4


def test_a_cold_queue_gives_no_sample_and_an_empty_one_no_warmth():
    queue = VectorQueue(4, 3)
    queue.push(*block([1, 2, 3, 4]))
    with pytest.raises(RuntimeError, match="warm"):
        queue.sample(2, draws())
    with pytest.raises(UserError, match="not one vector"):
        VectorQueue(4, 3).warm_up([])
    with pytest.raises(ValueError, match="0 vectors"):
        VectorQueue(0, 3)


def test_asking_for_more_than_it_holds_is_told():
    with pytest.raises(UserError, match="9 negatives asked from a queue that holds 5"):
        warmed(8, 5).sample(9, draws())


@settings(deadline=None, max_examples=30)
@given(count=st.integers(0, 8), seed=st.integers(0, 999))
def test_samples_are_distinct_places_and_vectors_belong_to_ids(count, seed):
    queue = warmed()
    queue.push(*block([50, 51, 52]))
    sample = queue.sample(count, draws(seed))
    assert len(set(sample.ids.tolist())) == count
    assert set(sample.ids.tolist()) <= {3, 4, 5, 6, 7, 50, 51, 52}
    assert count == 0 or sample.vectors.equal(rows(sample.ids))
    assert queue.sample(count, draws(seed)).ids.equal(sample.ids)


def test_every_place_is_drawn_equally_often():
    queue, source = warmed(5, 5), draws(1)
    drawn = torch.cat([queue.sample(2, source).ids for _ in range(2_000)])
    shares = drawn.bincount(minlength=5) / 2_000
    assert (shares - 0.4).abs().max() < 0.05  # 4.5 standard errors


def test_a_sample_is_a_copy_and_holds_no_graph():
    queue = warmed(4, 4)
    sample = queue.sample(4, draws())
    before = sample.vectors.clone()
    new = rows([9, 9, 9, 9]).requires_grad_()
    queue.push(new, torch.tensor([9, 9, 9, 9]))
    assert sample.vectors.equal(before)
    assert not queue.vectors.requires_grad


@pytest.mark.parametrize("lookup", [None, rows])
def test_resumed_equals_uninterrupted(lookup):
    def fresh():
        return VectorQueue(6, 3, lookup=lookup)

    queue, resumed = fresh(), fresh()
    queue.warm_up([block(range(6))])
    queue.push(*block([20, 21, 22, 23]))
    state = queue.state_dict()
    assert ("vectors" in state) == (lookup is None)
    tensors, plain = split_memory({"distill": state})
    resumed.load_state_dict(join_memory(tensors, plain)["distill"])
    for step in range(5):
        for one in (queue, resumed):
            one.push(*block([30 + step, 40 + step]))
        first, second = queue.sample(4, draws(step)), resumed.sample(4, draws(step))
        assert first.ids.equal(second.ids)
        assert first.vectors.equal(second.vectors)
    assert resumed.ids.equal(queue.ids)


def test_a_state_is_no_view_of_the_queue_and_must_fit():
    queue = warmed(4, 4)
    state = queue.state_dict()
    queue.push(*block([70, 71]))
    assert state["ids"].tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="do not fit"):
        VectorQueue(3, 3).load_state_dict(state)
    with pytest.raises(ValueError, match="do not fit"):
        VectorQueue(4, 2).load_state_dict(state)


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
