"""The projection against a projected-gradient solution, its special cases, and its sparsity."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from router_cases import inputs, make

from gonogo.models.parts.emitted import collected
from gonogo.models.routers.sparsegen import sparsegen, too_many
from gonogo.spec.model.mixture import SparsegenRouting


def onto_simplex(point: np.ndarray) -> np.ndarray:
    """Project by bisection on the threshold: another way than sorting."""
    low, high = point.min() - 1, point.max()
    for _ in range(100):
        middle = (low + high) / 2
        if np.maximum(point - middle, 0).sum() > 1:
            low = middle
        else:
            high = middle
    return np.maximum(point - low, 0)


def by_projected_gradient(scores: np.ndarray, lam: float) -> np.ndarray:
    """Minimise ||p - scores||^2 - lam ||p||^2 over the simplex."""
    gates = np.full(len(scores), 1 / len(scores))
    for _ in range(200):
        slope = 2 * (gates - scores) - 2 * lam * gates
        gates = onto_simplex(gates - 0.25 / (1 - lam) * slope)
    return gates


CASES = [
    (scores, lam)
    for scores in ([0.3, 0.1, -0.2], [2.0, 1.9, 0.0, -1.0], [0.0, 0.0], [0.05, 0.04, 0.03, 0.9])
    for lam in (0.9, 0.5, 0.0, -2.0)
]


@pytest.mark.parametrize(("scores", "lam"), CASES)
def test_equals_projected_gradient(scores: list[float], lam: float) -> None:
    values = torch.tensor([scores], dtype=torch.float64)
    found = sparsegen(values, torch.tensor([[lam]], dtype=torch.float64))[0].numpy()
    np.testing.assert_allclose(found, by_projected_gradient(np.array(scores), lam), atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(-5, 0.99))
def test_it_is_sparsemax_of_scaled_scores_and_on_the_simplex(
    scores: list[float], lam: float
) -> None:
    values = torch.tensor([scores], dtype=torch.float64)
    sparsity = torch.tensor([[lam]], dtype=torch.float64)
    found = sparsegen(values, sparsity)
    scaled = sparsegen(values / (1 - sparsity), torch.zeros_like(sparsity))
    torch.testing.assert_close(found, scaled, rtol=1e-7, atol=1e-7)
    assert (found >= 0).all()
    assert found.sum().item() == pytest.approx(1)
    np.testing.assert_allclose(
        scaled[0].numpy(), onto_simplex(values[0].numpy() / (1 - lam)), atol=1e-7
    )


def test_hand_computed() -> None:
    # sparsemax of (0.6, 0.2, -1): two active, tau = (0.8 - 1) / 2 = -0.1
    found = sparsegen(torch.tensor([[0.6, 0.2, -1.0]]), torch.zeros(1, 1))
    torch.testing.assert_close(found, torch.tensor([[0.7, 0.3, 0.0]]))
    # lam = 0.6: sparsemax of (1.5, 0.5, -2.5): one alone
    found = sparsegen(torch.tensor([[0.6, 0.2, -1.0]]), torch.full((1, 1), 0.6))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.0, 0.0]]))


def test_too_many_is_zero_just_where_so_many_are_active() -> None:
    scores = inputs(300, 5)
    lam = torch.linspace(-3, 0.95, 300, dtype=torch.float64)[:, None]
    active = (sparsegen(scores, lam) > 0).sum(1)
    for most in (1, 2, 4):
        assert torch.equal(too_many(scores, lam, most) == 0, active <= most)


def test_a_token_can_be_taught_to_have_fewer_experts() -> None:
    spec = SparsegenRouting(most=1, most_weight=1.0, balance="none", jitter=0.0)
    router = make(spec, spread=0.3).train()
    x, first = inputs(), None
    optimizer = torch.optim.Adam(router.sparsity.parameters(), lr=0.1)
    for _ in range(30):
        with collected() as told:
            gates = router(x)
        first = (gates > 0).sum().item() if first is None else first
        optimizer.zero_grad()
        told().terms["router_active"].value.backward()
        optimizer.step()
    assert first > 1.3 * len(x)
    assert (gates > 0).sum().item() < 1.1 * len(x)
