import math

import pytest
import torch

from gonogo.objectives.covariance import covariance_distance
from gonogo.objectives.cross_batch_memory import CrossBatchMemory
from gonogo.objectives.rows import with_memory
from gonogo.objectives.variance import STABILISER, variance_distance


def gaussian(count, width, seed=0, dtype=torch.float64):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draws, dtype=dtype)


def gaussian_covariance_floor(count, dimension):
    """Return the distance that rows of N(0, I) have, as root of the expected square.

    Exact, from the moments of the Wishart distribution:
    ``E ||C - tr(C)/d I||_F^2 = (d - 1)(d + 2) / (n - 1)``. About 1 / sqrt(n - 1) at any d.
    """
    return math.sqrt((dimension - 1) * (dimension + 2) / (count - 1)) / dimension


CORNERS = torch.tensor([[1.0, 0], [-1, 0], [0, 2], [0, -2]], dtype=torch.float64)
"""Covariance diag(2, 8) / 3."""


@pytest.mark.parametrize(
    ("target", "expected"),
    [(None, math.hypot(1, 1) / 2), (1.0, math.hypot(2 / 3 - 1, 8 / 3 - 1) / 2)],
)
def test_covariance_by_hand(target, expected):
    found = covariance_distance(CORNERS + 5, target_variance=target)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_covariance_equals_a_plain_reference():
    rows, memory = gaussian(9, 4), gaussian(20, 4, seed=1) * 2
    everything = torch.cat([rows, memory]).tolist()
    means = [math.fsum(column) / 29 for column in zip(*everything, strict=True)]
    covariance = [
        [math.fsum((r[i] - means[i]) * (r[j] - means[j]) for r in everything) / 28
         for j in range(4)]
        for i in range(4)
    ]  # fmt: skip
    mean = sum(covariance[i][i] for i in range(4)) / 4
    squares = [
        (covariance[i][j] - mean * (i == j)) ** 2 for i in range(4) for j in range(4)
    ]  # fmt: skip
    expected = math.sqrt(math.fsum(squares)) / 4
    assert float(covariance_distance(rows, memory=memory)) == pytest.approx(expected, rel=1e-12)
    single = covariance_distance(rows.float(), memory=memory.float())
    assert float(single) == pytest.approx(expected, rel=1e-5)


def test_a_batch_of_32_has_a_floor_that_a_memory_lowers():
    draws = [gaussian(32, 128, seed, torch.float32) for seed in range(20)]
    alone = sum(float(covariance_distance(rows)) for rows in draws) / 20
    assert alone == pytest.approx(0.18, abs=0.005)
    assert gaussian_covariance_floor(32, 128) == pytest.approx(alone, rel=0.02)
    assert gaussian_covariance_floor(32, 512) == pytest.approx(0.18, abs=0.001)
    memory = gaussian(2016, 128, 99, torch.float32)
    remembered = sum(float(covariance_distance(rows, memory=memory)) for rows in draws) / 20
    assert remembered == pytest.approx(gaussian_covariance_floor(2048, 128), rel=0.05)
    assert remembered < 0.025


def test_covariance_ignores_rotation_and_variance_does_not():
    turn, _ = torch.linalg.qr(gaussian(2, 2))
    torch.testing.assert_close(covariance_distance(CORNERS), covariance_distance(CORNERS @ turn))
    assert abs(float(variance_distance(CORNERS) - variance_distance(CORNERS @ turn))) > 0.01


def test_without_a_target_the_covariance_shrinks_with_the_square_of_the_scale():
    torch.testing.assert_close(covariance_distance(CORNERS * 3), covariance_distance(CORNERS) * 9)


def test_variance_by_hand():
    deviations = [math.sqrt(part / 3 + STABILISER) for part in (2, 8)]
    expected = sum((one - 1.5) ** 2 for one in deviations) / 2
    assert float(variance_distance(CORNERS + 5, target=1.5)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("term", [covariance_distance, variance_distance])
class TestBothTerms:
    def test_gradient_agrees_with_finite_differences(self, term):
        rows = gaussian(6, 3).requires_grad_()
        assert torch.autograd.gradcheck(term, (rows,))

    def test_a_collapsed_batch_has_a_finite_gradient(self, term):
        rows = torch.ones(4, 3, requires_grad=True)
        term(rows).backward()
        assert torch.isfinite(rows.grad).all()

    def test_a_memory_does_not_weaken_the_gradient(self, term):
        batch, width = 5, 3
        rows, memory = gaussian(batch, width), gaussian(15, width, seed=1)
        plain = torch.cat([rows, memory]).requires_grad_()
        term(plain).backward()
        leaf, fixed = rows.clone().requires_grad_(), memory.clone().requires_grad_()
        value = term(leaf, memory=fixed)
        value.backward()
        torch.testing.assert_close(value, term(plain))
        torch.testing.assert_close(leaf.grad, 4 * plain.grad[:batch])  # (5 + 15) / 5
        assert fixed.grad is None

    def test_cosine_models_are_rescaled_and_so_is_their_memory(self, term):
        rows, memory = gaussian(6, 4), gaussian(6, 4, seed=1)
        torch.testing.assert_close(
            term(rows, memory=memory, similarity="cosine"), term(rows * 2, memory=memory * 2)
        )

    def test_half_precision_and_autocast_keep_fp32(self, term):
        rows = gaussian(16, 8, dtype=torch.float32).bfloat16()
        expected = term(rows.float())
        assert expected.dtype == torch.float32
        assert torch.equal(term(rows), expected)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(term(rows.float()), expected)

    def test_one_row_has_no_spread(self, term):
        with pytest.raises(ValueError, match="1 rows"):
            term(torch.zeros(1, 3))
        assert torch.isfinite(term(torch.zeros(1, 3), memory=torch.ones(1, 3)))


def test_an_empty_memory_is_none():
    rows = gaussian(3, 2)
    assert torch.equal(with_memory(rows, torch.zeros(0, 2), "euclidean"), rows)


class TestCrossBatchMemory:
    def test_first_in_first_out(self):
        memory = CrossBatchMemory(3)
        assert memory.rows is None
        memory.push(torch.tensor([[1.0], [2.0]]))
        memory.push(torch.tensor([[3.0], [4.0]]))
        assert memory.rows.flatten().tolist() == [2, 3, 4]
        memory.push(torch.arange(5.0).unsqueeze(1))
        assert memory.rows.flatten().tolist() == [2, 3, 4]

    def test_rows_are_detached_copies(self):
        batch = torch.ones(2, 1, requires_grad=True)
        memory = CrossBatchMemory(2)
        memory.push(batch)
        with torch.no_grad():
            batch.zero_()
        assert not memory.rows.requires_grad
        assert memory.rows.flatten().tolist() == [1, 1]

    def test_a_restored_memory_continues_alike(self):
        whole, resumed = CrossBatchMemory(4), CrossBatchMemory(4)
        whole.push(gaussian(3, 2))
        resumed.load_state_dict(whole.state_dict())
        for memory in (whole, resumed):
            memory.push(gaussian(3, 2, seed=1))
        assert torch.equal(whole.rows, resumed.rows)

    def test_an_empty_one_restores_to_empty(self):
        memory = CrossBatchMemory(4)
        memory.push(gaussian(3, 2))
        memory.load_state_dict(CrossBatchMemory(4).state_dict())
        assert memory.rows is None

    def test_none_is_kept_at_size_zero_and_no_size_is_negative(self):
        memory = CrossBatchMemory(0)
        memory.push(gaussian(3, 2))
        assert memory.rows is None
        with pytest.raises(ValueError, match="-1 rows"):
            CrossBatchMemory(-1)
