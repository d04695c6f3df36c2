import pytest
import torch

from gonogo.objectives.cosine_structure import cosine_structure


def test_by_hand_without_the_diagonal():
    teacher = torch.tensor([[[1.0, 0.5], [0.5, 1.0]]])
    student = torch.tensor([[[0.3, 0.1], [0.2, 0.7]]])
    assert cosine_structure(teacher, student).item() == pytest.approx((0.16 + 0.09) / 2)


def test_anchors_and_pairs_of_neighbours_weigh_alike():
    teacher, student = torch.rand(4, 3, 3), torch.rand(4, 3, 3)
    pairs = [(b, i, j) for b in range(4) for i in range(3) for j in range(3) if i != j]
    each = [(student[at] - teacher[at]).item() ** 2 for at in pairs]
    assert cosine_structure(teacher, student).item() == pytest.approx(sum(each) / len(each))


def test_a_rotation_of_the_teacher_has_the_same_structure():
    rows = torch.nn.functional.normalize(torch.randn(3, 5, 4), dim=-1)
    turned = rows @ torch.linalg.qr(torch.randn(4, 4))[0]
    assert cosine_structure(rows @ rows.mT, turned @ turned.mT).item() < 1e-12


def test_one_neighbour_has_no_structure():
    one = torch.ones(2, 1, 1, requires_grad=True)
    assert cosine_structure(torch.zeros(2, 1, 1), one).item() == 0
