import pytest
import torch

from gonogo.objectives.similarity import similarities


@pytest.mark.parametrize("kind", ["cosine", "dot"])
def test_unit_vectors_are_compared_by_dot_product(kind):
    left, right = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8], [-1.0, 0.0]])
    torch.testing.assert_close(similarities(left, right, kind), torch.tensor([[0.6, -1.0]]))


def test_euclidean_is_minus_the_distance():
    left, right = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    torch.testing.assert_close(similarities(left, right, "euclidean"), torch.tensor([[-5.0, 0.0]]))


def test_near_equal_vectors_keep_their_distance():
    left = torch.randn(64, 32, generator=torch.Generator().manual_seed(0)) + 100
    right = left + 1e-3
    expected = -(left.double() - right.double()).norm(dim=1)
    found = similarities(left, right, "euclidean").diagonal().double()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("kind", ["dot", "euclidean"])
def test_batches_are_compared_row_by_row(kind):
    draws = torch.Generator().manual_seed(0)
    left = torch.randn(3, 2, 5, generator=draws, dtype=torch.float64)
    right = torch.randn(3, 4, 5, generator=draws, dtype=torch.float64)
    rows = [similarities(a, b, kind) for a, b in zip(left, right, strict=True)]
    torch.testing.assert_close(similarities(left, right, kind), torch.stack(rows))
