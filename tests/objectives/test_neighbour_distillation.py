import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.objectives.neighbour_distillation import (
    candidate_entropy,
    candidate_overlap,
    neighbour_distillation,
)


def case(rows=4, neighbours=3, negatives=6, seed=0, dtype=torch.float64):
    draws = torch.Generator().manual_seed(seed)
    shape = (rows, neighbours + negatives)
    teacher, student = (2 * torch.rand(shape, generator=draws, dtype=dtype) - 1 for _ in range(2))
    kept = torch.rand(rows, negatives, generator=draws) < 0.6
    return teacher, student, kept


def in_force(kept, columns):
    return [[True] * (columns - len(row)) + row for row in kept.tolist()]


def softmax(values, temperature):
    weights = [math.exp(value / temperature) for value in values]
    return [weight / math.fsum(weights) for weight in weights]


def naive(teacher, student, kept, temperature):
    """Each row alone, over the lists of what is in force: (KL, entropy) by row."""
    found = []
    for t, s, force in zip(
        teacher.tolist(), student.tolist(), in_force(kept, teacher.shape[1]), strict=True
    ):
        p, q = (
            softmax([value for value, here in zip(side, force, strict=True) if here], temperature)
            for side in (t, s)
        )
        kl = math.fsum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True))
        found.append((kl, -math.fsum(a * math.log(a) for a in p)))
    return found


def test_two_candidates_by_hand():
    teacher = torch.tensor([[math.log(3.0) / 2, -math.log(3.0) / 2]], dtype=torch.float64)
    student = torch.zeros(1, 2, dtype=torch.float64)
    kept = torch.tensor([[True]])
    # p = (3/4, 1/4), q = (1/2, 1/2)
    loss = neighbour_distillation(teacher, student, kept, temperature=1.0)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    entropy = candidate_entropy(teacher, kept, temperature=1.0)
    assert entropy.tolist() == pytest.approx([math.log(4) - 0.75 * math.log(3)])
    # at half the temperature p = (9/10, 1/10)
    colder = neighbour_distillation(teacher, student, kept, temperature=0.5)
    assert colder.item() == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 4),
    neighbours=st.integers(1, 3),
    negatives=st.integers(0, 6),
    seed=st.integers(0, 999),
    temperature=st.sampled_from([0.05, 0.07, 1.0]),
)
def test_equals_rows_computed_one_by_one(rows, neighbours, negatives, seed, temperature):
    # Rows keep different numbers of negatives: cutting all to the shortest fails here.
    teacher, student, kept = case(rows, neighbours, negatives, seed)
    expected = naive(teacher, student, kept, temperature)
    loss = neighbour_distillation(teacher, student, kept, temperature=temperature)
    assert loss.item() == pytest.approx(sum(kl for kl, _ in expected) / rows, rel=1e-9, abs=1e-12)
    assert loss.item() >= -1e-12
    entropy = candidate_entropy(teacher, kept, temperature=temperature)
    assert entropy.tolist() == pytest.approx([value for _, value in expected], abs=1e-9)


def test_equals_torch_where_nothing_is_masked():
    teacher, student, kept = case()
    loss = neighbour_distillation(teacher, student, torch.ones_like(kept), temperature=0.07)
    p, q = ((side / 0.07).log_softmax(1) for side in (teacher, student))
    expected = torch.nn.functional.kl_div(q, p, reduction="batchmean", log_target=True)
    assert loss.item() == pytest.approx(expected.item())


def test_equal_cosines_give_no_loss_and_no_gradient():
    teacher, _, kept = case()
    student = teacher.clone().requires_grad_()
    loss = neighbour_distillation(teacher, student, kept, temperature=0.07)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-12)
    assert student.grad.abs().max() < 1e-12


def test_all_negatives_masked_keeps_the_neighbours():
    teacher, student, kept = case(neighbours=3)
    kept = torch.zeros_like(kept)
    student.requires_grad_()
    loss = neighbour_distillation(teacher, student, kept, temperature=0.07)
    alone = neighbour_distillation(
        teacher[:, :3], student[:, :3], kept[:, :0], temperature=0.07
    )  # fmt: skip
    loss.backward()
    assert loss.item() == pytest.approx(alone.item())
    assert loss.item() > 0
    assert student.grad.isfinite().all()
    assert not student.grad[:, 3:].any()


def test_gradients_match_differences_and_masked_columns_mean_nothing():
    teacher, student, kept = case(rows=2, neighbours=2, negatives=3, seed=4)
    kept[0], kept[1] = torch.tensor([True, False, False]), torch.tensor([True, True, False])
    assert torch.autograd.gradcheck(
        lambda s: neighbour_distillation(teacher, s, kept, temperature=0.2),
        student.clone().requires_grad_(),
    )
    before = neighbour_distillation(teacher, student, kept, temperature=0.2)
    teacher[:, 4], student[:, 4] = 0.99, -0.99
    assert neighbour_distillation(teacher, student, kept, temperature=0.2) == before


def test_the_teacher_gets_no_gradient():
    teacher, student, kept = case()
    teacher.requires_grad_()
    student.requires_grad_()
    neighbour_distillation(teacher, student, kept, temperature=0.07).backward()
    assert teacher.grad is None
    assert student.grad.any()


def test_bf16_cosines_are_compared_in_fp32():
    teacher, student, kept = (side for side in case(dtype=torch.float32))
    short = [side.bfloat16() for side in (teacher, student)]
    loss = neighbour_distillation(*short, kept, temperature=0.07)
    wide = neighbour_distillation(*(side.float() for side in short), kept, temperature=0.07)
    assert loss.dtype == torch.float32
    assert loss == wide


def test_wrong_shapes_and_temperatures_are_told():
    teacher, student, _ = case(neighbours=0, negatives=5)
    with pytest.raises(ValueError, match="no column for a neighbour"):
        neighbour_distillation(
            teacher, student, torch.ones(4, 5, dtype=torch.bool), temperature=0.07
        )
    with pytest.raises(ValueError, match="not above 0"):
        neighbour_distillation(
            teacher, student, torch.ones(4, 4, dtype=torch.bool), temperature=0.0
        )


def test_overlap_by_hand():
    teacher = torch.tensor([[0.9, 0.8, 0.7, 0.1], [0.9, 0.1, 0.2, 0.3]])
    student = torch.tensor([[0.9, 0.0, 0.8, 0.7], [0.5, 0.4, 0.3, 0.2]])
    kept = torch.tensor([[True, True, True], [False, True, False]])
    # row 0: {0, 1} against {0, 2}; row 1 has two in force and both agree on them
    assert candidate_overlap(teacher, student, kept, k=2).tolist() == [0.5, 1.0]
    # row 0: {0} against {0}; row 1: columns 0 and 2 are in force
    assert candidate_overlap(teacher, student, kept, k=1).tolist() == [1.0, 1.0]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), k=st.integers(1, 10))
def test_overlap_equals_sets(seed, k):
    teacher, student, kept = case(seed=seed)
    overlap = candidate_overlap(teacher, student, kept, k=k).tolist()
    for i, force in enumerate(in_force(kept, teacher.shape[1])):
        here = [j for j, held in enumerate(force) if held]
        t, s = (
            set(sorted(here, key=lambda j: (-side[i, j].item(), j))[:k])
            for side in (teacher, student)
        )
        assert overlap[i] == pytest.approx(len(t & s) / len(t))
