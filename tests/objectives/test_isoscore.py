from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gonogo.analysis.geometry.isotropy import isoscore_star
from gonogo.objectives.isoscore import isoscore_distance


def rows(count, width, seed=0):
    draws = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.3, 2.0, width, dtype=torch.float64)
    return torch.randn(count, width, generator=draws, dtype=torch.float64) * scale


def by_the_papers_steps(covariance):
    """Return IsoScore* as the paper computes it: over singular values, step by step."""
    n = len(covariance)
    values = np.linalg.svd(covariance, compute_uv=False)
    values = np.sqrt(n) * values / np.linalg.norm(values)
    defect = np.linalg.norm(values - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    return ((n - defect**2 * (n - np.sqrt(n))) ** 2 - n) / (n * (n - 1))


def test_two_directions_by_hand():
    # Covariance diag(2, 8) / 3: participation ratio 100 / 68, IsoScore* 32 / 68.
    corners = torch.tensor([[1.0, 0], [-1, 0], [0, 2], [0, -2]], dtype=torch.float64)
    assert float(isoscore_distance(corners + 7)) == pytest.approx(36 / 68, rel=1e-12)


def test_it_equals_the_papers_steps_with_a_covariance_drawn_to_the_memorys():
    batch, memory = rows(9, 5), rows(40, 5, seed=1)
    own, held = np.cov(batch.numpy().T), np.cov(memory.numpy().T)
    for shrinkage in (0.0, 0.2, 0.9):
        expected = 1 - by_the_papers_steps((1 - shrinkage) * own + shrinkage * held)
        found = isoscore_distance(batch, memory=memory, shrinkage=shrinkage)
        assert float(found) == pytest.approx(expected, rel=1e-10)
    assert float(isoscore_distance(batch)) == pytest.approx(1 - isoscore_star(own), rel=1e-10)
    torch.testing.assert_close(
        isoscore_distance(batch, memory=memory[:1]), isoscore_distance(batch)
    )


def test_its_gradient_is_that_of_finite_differences_and_the_memory_has_none():
    batch, memory = rows(6, 4).requires_grad_(), rows(8, 4, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: isoscore_distance(x, memory=memory.detach()), batch)
    isoscore_distance(batch, memory=memory).backward()
    assert memory.grad is None
    assert float(batch.grad.abs().sum()) > 0


@given(st.floats(0.01, 100), st.integers(2, 12), st.integers(2, 6))
def test_scale_shift_and_similarity_do_not_count_and_it_stays_within_0_and_1(scale, count, width):
    batch = rows(count, width)
    found = isoscore_distance(batch)
    assert -1e-9 <= float(found) <= 1 + 1e-9
    torch.testing.assert_close(isoscore_distance(batch * scale + 3), found)
    torch.testing.assert_close(isoscore_distance(batch, similarity="cosine"), found)


def test_one_direction_is_1_isotropic_rows_are_0_and_a_point_has_no_infinite_slope():
    line = torch.arange(6.0)[:, None] * torch.tensor([1.0, -2.0, 0.5])
    assert float(isoscore_distance(line)) == pytest.approx(1.0, abs=1e-6)
    corners = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert float(isoscore_distance(corners)) == pytest.approx(0.0, abs=1e-6)
    point = torch.ones(4, 3, requires_grad=True)
    isoscore_distance(point).backward()
    assert torch.isfinite(point.grad).all()


@pytest.mark.parametrize("shape", [(1, 4), (4, 1)])
def test_what_cannot_be_isotropic_is_refused(shape):
    with pytest.raises(ValueError, match="isotropy of"):
        isoscore_distance(torch.ones(shape))
