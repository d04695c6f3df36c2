import math

import pytest
import torch
from torch.nn.functional import normalize, triplet_margin_loss

from gonogo.objectives.build import EmbeddingLoss
from gonogo.objectives.infonce import infonce
from gonogo.objectives.triplet import triplet


def embeddings(batch=4, negatives=3, width=5, seed=0):
    draws = torch.Generator().manual_seed(seed)
    shapes = [(batch, width), (batch, width), (batch, negatives, width)]
    return [torch.randn(shape, generator=draws, dtype=torch.float64) for shape in shapes]


def test_by_hand():
    queries = torch.zeros(1, 2)
    positives = torch.tensor([[3.0, 4.0]])  # distance 5
    negatives = torch.tensor([[[0.0, 5.5], [6.0, 8.0], [0.0, 1.0]]])  # distances 5.5, 10, 1
    found = triplet(queries, positives, negatives, margin=1.0)
    assert float(found) == pytest.approx((0.5 + 0 + 5) / 3)
    kept = torch.tensor([[True, True, False]])
    assert float(triplet(queries, positives, negatives, negative_kept=kept)) == pytest.approx(0.25)


def test_equals_torchs_own_for_one_negative():
    queries, positives, negatives = embeddings(batch=20, negatives=1)
    expected = triplet_margin_loss(queries, positives, negatives[:, 0], margin=1.0, eps=0)
    torch.testing.assert_close(triplet(queries, positives, negatives), expected)


def test_cosine_compares_by_dot_product():
    queries, positives, negatives = (normalize(part, dim=-1) for part in embeddings())
    own = (queries * positives).sum(-1)
    others = torch.einsum("bd,bkd->bk", queries, negatives)
    expected = (others - own[:, None] + 0.3).clamp(min=0).mean()
    found = triplet(queries, positives, negatives, margin=0.3, similarity="cosine")
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("similarity", ["euclidean", "dot"])
def test_gradient_agrees_with_finite_differences(similarity):
    leaves = [part.requires_grad_() for part in embeddings(batch=3, negatives=2, width=3)]
    assert torch.autograd.gradcheck(
        lambda q, p, n: triplet(q, p, n, margin=0.7, similarity=similarity), tuple(leaves)
    )


def test_nothing_kept_is_a_loss_of_zero_with_a_gradient_of_zero():
    queries, positives, negatives = embeddings(batch=2)
    queries.requires_grad_()
    found = triplet(queries, positives, negatives, negative_kept=torch.zeros(2, 3).bool())
    found.backward()
    assert float(found.detach()) == 0
    assert not queries.grad.any()
    assert float(triplet(queries.detach(), positives, negatives[:, :0])) == 0


def test_padding_that_is_not_a_number_stays_out_of_the_value():
    queries, positives, negatives = embeddings(batch=2)
    kept = torch.tensor([[True, True, False]] * 2)
    spoiled = negatives.clone()
    spoiled[:, 2] = torch.nan
    torch.testing.assert_close(
        triplet(queries, positives, spoiled, negative_kept=kept),
        triplet(queries, positives, negatives[:, :2]),
    )


def test_half_precision_is_compared_in_fp32():
    parts = [part.bfloat16() for part in embeddings()]
    expected = triplet(*(part.float() for part in parts))
    assert expected.dtype == torch.float32
    assert torch.equal(triplet(*parts), expected)


def test_stands_where_an_embedding_loss_is_wanted():
    assert isinstance(triplet, EmbeddingLoss)
    queries, positives, negatives = embeddings()
    judged = torch.ones(4, 4).bool()
    torch.testing.assert_close(
        triplet(queries, positives, negatives, relevant=judged, same_query=judged),
        triplet(queries, positives, negatives),
    )


class TestInfoNceOverMinusDistance:
    def loss(self, *parts, temperature=0.05):
        return infonce(
            *parts, temperature=temperature, false_negative_margin=None, similarity="euclidean"
        )

    def test_by_hand(self):
        queries = torch.zeros(1, 2, dtype=torch.float64)
        positives = torch.tensor([[0.0, 2.0]], dtype=torch.float64)
        negatives = torch.tensor([[[3.0, 4.0]]], dtype=torch.float64)
        found = self.loss(queries, positives, negatives, temperature=2.0)
        assert float(found) == pytest.approx(math.log1p(math.exp(-(5 - 2) / 2)), rel=1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_at_distance_zero_value_and_gradient_are_finite(self, dtype):
        parts = [
            torch.ones(shape, dtype=dtype, requires_grad=True)
            for shape in [(3, 4), (3, 4), (3, 2, 4)]
        ]
        found = self.loss(*parts)
        found.backward()
        # The positive, 2 hard negatives, and 2 others in each of the three in-batch terms.
        assert float(found.detach()) == pytest.approx(math.log(1 + 2 + 6), rel=1e-6)
        assert all(torch.isfinite(part.grad).all() for part in parts)

    @pytest.mark.parametrize("offset", [1e-3, 1e-12, 1e-25, 1e-40])
    def test_next_to_zero_the_gradient_is_bounded(self, offset):
        queries = torch.zeros(2, 3)
        positives = torch.full((2, 3), offset)
        negatives = torch.full((2, 1, 3), -offset)
        leaves = [part.requires_grad_() for part in (queries, positives, negatives)]
        self.loss(*leaves).backward()
        # A distance has slope 1 at most; each row meets at most 6 terms, divided by t = 0.05.
        assert all(float(part.grad.abs().max()) <= 6 / 0.05 for part in leaves)

    def test_far_apart_nothing_overflows(self):
        parts = [(part.float() * 1e4).requires_grad_() for part in embeddings()]
        found = self.loss(*parts)
        found.backward()
        assert torch.isfinite(found)
        assert all(torch.isfinite(part.grad).all() for part in parts)

    def test_gradient_agrees_with_finite_differences(self):
        parts = tuple(part.requires_grad_() for part in embeddings(batch=3, negatives=2, width=3))
        assert torch.autograd.gradcheck(lambda *p: self.loss(*p, temperature=1.0), parts)
