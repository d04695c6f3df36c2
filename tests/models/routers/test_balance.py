"""The balance loss by hand, and a bias that brings work to idle experts without one."""

from __future__ import annotations

import pytest
import torch
from router_cases import inputs, make

from gonogo.models.parts.emitted import collected
from gonogo.models.routers.balance import balance_loss, shares
from gonogo.models.routers.softmax import first
from gonogo.spec.model.mixture import SoftmaxRouting, SparsegenRouting


def test_by_hand() -> None:
    gates = torch.tensor([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    chosen = first(gates, 1)
    assert shares(chosen, None).tolist() == [0.75, 0.25]
    # 2 (0.75 * 0.6 + 0.25 * 0.4)
    assert balance_loss(gates, chosen, None).item() == pytest.approx(1.1)
    real = torch.tensor([True, True, True, False])
    expected = 2 * (2 / 3 * 0.5 + 1 / 3 * 0.5)
    assert balance_loss(gates, chosen, real).item() == pytest.approx(expected)
    even = torch.full((4, 2), 0.5)
    assert balance_loss(even, even > 0, None).item() == 1


@pytest.mark.parametrize("spec", [SoftmaxRouting(top=1), SparsegenRouting()])
def test_the_loss_is_told_while_training_under_its_weight(spec) -> None:
    router = make(spec)
    with collected() as told:
        gates = router.train()(inputs())
    term = told().terms["router_balance"]
    assert (term.weight, term.count) == (0.01, 40)
    assert term.value.item() >= 0.99
    chosen = first(gates, 1) if spec.kind == "softmax" else gates > 0
    value = term.value.item()
    assert told().figures["router_balance"].value.item() == pytest.approx(value)
    assert shares(chosen, None).max() > 0.3
    with collected() as told:
        make(spec.model_copy(update={"balance_weight": 0.0})).train()(inputs())
    assert "router_balance" not in told().terms


@pytest.mark.parametrize(
    "spec", [SoftmaxRouting(top=1, balance="bias"), SparsegenRouting(balance="bias", jitter=0.0)]
)
def test_a_bias_brings_work_to_idle_experts_and_leaves_the_loss_alone(spec) -> None:
    router, x = make(spec, spread=0.3), inputs(200)
    with torch.no_grad():
        router.bias.zero_()
        x = x + 2 * router.weight[0] / router.weight[0].norm() ** 2  # all look like the first's
    optimizer = torch.optim.AdamW([router.bias], lr=1e-2)

    def step() -> torch.Tensor:
        with collected() as told:
            gates = router.train()(x)
        optimizer.zero_grad()
        loss, _ = told().added_to(torch.zeros(()))
        assert loss.item() == 0
        loss.backward()
        optimizer.step()
        assert set(told().terms) == {"router_bias"}
        return shares(gates > 0, None)

    before = step()
    for _ in range(60):
        after = step()
    assert before[0] > 0.4
    assert (after - 0.25).abs().max() < 0.5 * (before - 0.25).abs().max()
