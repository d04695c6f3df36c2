import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from gonogo.objectives.yes_no import yes_no_cross_entropy


def test_by_hand():
    loss = yes_no_cross_entropy(torch.tensor([0.0, math.log(3)]), torch.tensor([1, 0]))
    assert loss.shape == ()
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-6)


def test_equals_cross_entropy_over_two_logits():
    draws = torch.Generator().manual_seed(0)
    logits = torch.randn(20, 2, generator=draws, dtype=torch.float64)  # (no, yes)
    labels = torch.randint(2, (20,), generator=draws)
    loss = yes_no_cross_entropy(logits[:, 1] - logits[:, 0], labels)
    torch.testing.assert_close(loss, cross_entropy(logits, labels))


def test_positive_weight_multiplies_relevant_pairs_alone():
    margins, labels = torch.tensor([0.3, -0.4, 2.0]), torch.tensor([1, 0, 1])
    each = torch.stack(
        [yes_no_cross_entropy(margins[i : i + 1], labels[i : i + 1]) for i in range(3)]
    )
    weighted = yes_no_cross_entropy(margins, labels, positive_weight=4.0)
    torch.testing.assert_close(weighted, (4 * each[0] + each[1] + 4 * each[2]) / 3)


@pytest.mark.parametrize("margin", [-1e4, 1e4])
def test_confident_errors_neither_overflow_nor_saturate(margin):
    margins = torch.tensor([margin], requires_grad=True)
    label = torch.tensor([0 if margin > 0 else 1])
    loss = yes_no_cross_entropy(margins, label)
    assert loss.item() == pytest.approx(1e4)
    assert abs(torch.autograd.grad(loss, margins)[0].item()) == pytest.approx(1.0)


def test_half_precision_margins_are_compared_in_fp32():
    margins = torch.tensor([12.0, -12.0], dtype=torch.float16)
    loss = yes_no_cross_entropy(margins, torch.tensor([1, 0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(math.log1p(math.exp(-12)), rel=0.05)


def test_gradients_equal_finite_differences():
    margins = torch.tensor([0.3, -2.0, 1.5], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([1, 0, 0])
    assert torch.autograd.gradcheck(
        lambda m: yes_no_cross_entropy(m, labels, positive_weight=3.0), (margins,)
    )
