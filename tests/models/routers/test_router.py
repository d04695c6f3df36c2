"""What holds for every router that reads its input: simplex, symmetry, gradients, figures."""

from __future__ import annotations

import math

import pytest
import torch
from router_cases import EXPERTS, LEARNED, inputs, make
from torch.func import functional_call

from gonogo.models.parts.emitted import collected
from gonogo.models.routers.router import mean
from gonogo.spec.model.mixture import SoftmaxRouting


@pytest.mark.parametrize("kind", LEARNED)
def test_gates_lie_on_the_simplex(kind: str) -> None:
    gates = make(LEARNED[kind])(inputs(200))
    assert (gates >= 0).all()
    torch.testing.assert_close(gates.sum(1), torch.ones(200, dtype=torch.float64))
    assert gates.std(0).min() > 0.01  # rows differ: the router does read its input


@pytest.mark.parametrize("kind", LEARNED)
def test_gates_move_with_the_experts_whatever_their_order(kind: str) -> None:
    order = torch.tensor([2, 0, 3, 1])
    router, moved = make(LEARNED[kind]), make(LEARNED[kind])
    with torch.no_grad():
        moved.weight.copy_(router.weight[order])
        if router.bias is not None:
            moved.bias.copy_(router.bias[order])
    torch.testing.assert_close(moved(inputs()), router(inputs())[:, order])


@pytest.mark.parametrize("kind", LEARNED)
def test_gradients_equal_finite_differences(kind: str) -> None:
    router = make(LEARNED[kind])
    names = [name for name, _ in router.named_parameters() if name != "bias"]
    values = [router.get_parameter(name).detach().requires_grad_() for name in names]
    random = torch.Generator().manual_seed(7)
    weights = torch.randn(6, len(EXPERTS), generator=random, dtype=torch.float64)

    def weighed(x: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
        return (functional_call(router, dict(zip(names, given, strict=True)), (x,)) * weights).sum(
            1
        )

    x = inputs(6).requires_grad_()
    assert torch.autograd.gradcheck(weighed, (x, *values), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", LEARNED)
def test_gradients_of_its_own_losses_equal_finite_differences(kind: str) -> None:
    router = make(LEARNED[kind].model_copy(update={"jitter": 0.0})).train()
    names = [name for name, _ in router.named_parameters() if name != "bias"]
    values = [router.get_parameter(name).detach().requires_grad_() for name in names]

    def lost(x: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
        with collected() as told:
            functional_call(router, dict(zip(names, given, strict=True)), (x,))
        terms = told().terms
        # Terms are told in fp32: differences have to be wide.
        return sum((term.value for term in terms.values()), start=x.sum() * 0).double()

    x = inputs(8).requires_grad_()
    assert torch.autograd.gradcheck(lost, (x, *values), eps=1e-3, atol=2e-3, rtol=2e-2)


@pytest.mark.parametrize("kind", LEARNED)
def test_one_expert_alone_has_gate_one(kind: str) -> None:
    spec = LEARNED[kind]
    update = {key: None for key in ("most", "top") if hasattr(spec, key)}
    router = make(spec.model_copy(update={**update, "balance": "none"}), experts=("only",))
    assert router.always_on(None) == (0,)
    assert make(spec).always_on("embedding") is None
    torch.testing.assert_close(router(inputs()), torch.ones(40, 1, dtype=torch.float64))


def test_figures_are_those_of_the_gates_and_padding_has_none() -> None:
    router, x = make(SoftmaxRouting(top=2)), inputs(10)
    real = torch.arange(10) < 7
    with collected() as told:
        gates = router(x, real)
    figures = {name: figure.value.item() for name, figure in told().figures.items()}
    for place, name in enumerate(EXPERTS):
        assert figures[f"gate.{name}"] == pytest.approx(gates[:7, place].mean().item(), rel=1e-6)
        assert figures[f"gate.{name}.layer_3"] == figures[f"gate.{name}"]
    assert figures["active_experts"] == 2
    entropy = -(gates[:7] * gates[:7].clamp_min(1e-300).log()).sum(1).mean().item() / math.log(4)
    assert figures["gate_entropy"] == pytest.approx(entropy, rel=1e-6)
    assert not told().terms  # nothing is lost in evaluation


def test_mean_over_what_is_no_padding() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 6.0], [100.0, 100.0]])
    real = torch.tensor([True, True, False])
    assert mean(values, real).tolist() == [2.0, 4.0]
    assert mean(values[:, 0], real).item() == 2.0
    assert mean(values[:2], None).tolist() == [2.0, 4.0]
