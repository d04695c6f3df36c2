import math

import pytest
import torch

from gonogo.objectives.neighbour_contrast import neighbour_contrast


def test_by_hand():
    student = torch.tensor([[0.9, 0.5, 0.1, 0.3]])
    kept = torch.tensor([[True, False]])
    loss = neighbour_contrast(student, kept, temperature=0.5, positives=2)

    def one(own):
        return -math.log(math.exp(own / 0.5) / (math.exp(own / 0.5) + math.exp(0.1 / 0.5)))

    assert loss.item() == pytest.approx((one(0.9) + one(0.5)) / 2, abs=1e-6)


def test_a_batch_is_the_mean_of_its_rows():
    student, kept = torch.rand(3, 5), torch.tensor([[True, False], [True, True], [False, True]])
    rows = [
        neighbour_contrast(student[row : row + 1], kept[row : row + 1], temperature=0.2)
        for row in range(3)
    ]
    whole = neighbour_contrast(student, kept, temperature=0.2)
    torch.testing.assert_close(whole, torch.stack(rows).mean())


def test_neighbours_behind_the_positives_are_neither():
    student = torch.tensor([[0.9, 0.5, 0.1]])
    kept = torch.tensor([[True]])
    moved = student.clone()
    moved[0, 1] = -0.7
    losses = [neighbour_contrast(s, kept, temperature=0.1, positives=1) for s in (student, moved)]
    assert losses[0].item() == losses[1].item()


def test_a_row_without_negatives_has_no_loss_and_no_nan():
    student = torch.tensor([[0.9, 0.2, 0.5]], requires_grad=True)
    loss = neighbour_contrast(student, torch.tensor([[False]]), temperature=0.1)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert student.grad is not None
    assert student.grad.isfinite().all()
