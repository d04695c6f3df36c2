"""RMS norm: transformers' own, forward bit for bit and gradient, in every format."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from gonogo.models.kernels.rms_norm import RmsNorm, replace_norms


def layer(width: int, dtype: torch.dtype, learns: bool = True) -> LlamaRMSNorm:
    made = LlamaRMSNorm(width, 1e-5).to(dtype)
    gains = torch.randn(width, generator=torch.Generator().manual_seed(1))
    made.weight = nn.Parameter(gains.to(dtype), requires_grad=learns)
    return made


def values(dtype: torch.dtype, *shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def both(norm: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the output and the gradients of values and gain."""
    x = x.clone().requires_grad_()
    output = norm(x)
    output.backward(values(output.dtype, *output.shape, seed=3))
    return output.detach(), x.grad, norm.weight.grad


def test_by_hand():
    norm = RmsNorm(nn.Parameter(torch.tensor([2.0, 1.0])), 0.0)
    # The mean square of 3 and 4 is 12.5.
    expected = torch.tensor([[6.0, 4.0]]) / 12.5**0.5
    torch.testing.assert_close(norm(torch.tensor([[3.0, 4.0]])), expected)


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(1, 5),
    width=st.integers(1, 33),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
    of_weights=st.sampled_from([None, torch.float32]),
)
def test_forward_is_transformers_bit_for_bit(rows, width, dtype, of_weights):
    theirs = layer(width, of_weights or dtype)
    x = values(dtype, 2, rows, width)
    ours = RmsNorm(theirs.weight, theirs.variance_epsilon)(x)
    assert ours.dtype == theirs(x).dtype
    assert torch.equal(ours, theirs(x))


def test_the_gradient_is_that_of_finite_differences():
    norm = RmsNorm(layer(5, torch.float64).weight, 1e-5)
    x = values(torch.float64, 3, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, w: norm(x), (x, norm.weight))


def test_the_gradient_is_transformers_in_fp32():
    theirs, x = layer(48, torch.float32), values(torch.float32, 7, 48)
    oracle = both(theirs, x)
    theirs.weight.grad = None
    for mine, other in zip(both(RmsNorm(theirs.weight, 1e-5), x), oracle, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_the_gradient_in_bf16_is_nearer_to_fp32_than_transformers():
    x = values(torch.bfloat16, 64, 96)
    exact_layer = layer(96, torch.bfloat16).float()
    exact = both(exact_layer, x.float())[1]
    theirs = both(layer(96, torch.bfloat16), x)[1]
    mine = both(RmsNorm(layer(96, torch.bfloat16).weight, 1e-5), x)[1]
    assert (mine.float() - exact).norm() <= (theirs.float() - exact).norm()
    assert mine.dtype == torch.bfloat16


def test_a_frozen_gain_gets_no_gradient():
    frozen = RmsNorm(layer(8, torch.float32, learns=False).weight, 1e-5)
    assert both(frozen, values(torch.float32, 3, 8))[2] is None


def test_replacing_keeps_names_and_weights():
    model = nn.ModuleDict({"norm": layer(4, torch.float32), "other": nn.LayerNorm(4)})
    before, kept = dict(model.state_dict()), model["norm"].weight
    replace_norms(model)
    assert isinstance(model["norm"], RmsNorm)
    assert model["norm"].weight is kept
    assert type(model["other"]) is nn.LayerNorm
    assert model.state_dict().keys() == before.keys()


@pytest.mark.parametrize("eps", [1e-5, 1e-6])
def test_it_shows_what_it_is(eps):
    assert f"eps={eps}" in repr(RmsNorm(nn.Parameter(torch.ones(3)), eps))
