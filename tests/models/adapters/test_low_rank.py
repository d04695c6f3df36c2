"""The fused update: PEFT's own as the oracle for values and gradients, dropout through one mask."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from gonogo.models.adapters.low_rank import FusedUpdate
from gonogo.models.kernels.dropout import replace_dropout


def layer(p=0.0, alpha=6, bias=True, dtype=torch.float64):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        net = nn.Sequential(nn.Linear(5, 7, bias=bias)).requires_grad_(False)
        inject_adapter_in_model(
            LoraConfig(r=2, lora_alpha=alpha, lora_dropout=p, target_modules=["0"]), net
        )
        nn.init.normal_(net[0].lora_B["default"].weight)
    net = net.to(dtype)
    replace_dropout(net)
    return net.train()


def fused(net):
    net[0].lora_variant["default"] = FusedUpdate()
    return net


def outcome(net, shape=(3, 4, 5), dtype=torch.float64):
    draws = torch.Generator().manual_seed(2)
    x = torch.randn(shape, generator=draws, dtype=torch.float64).to(dtype).requires_grad_()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        output = net(x)
    learned = [p for p in net.parameters() if p.requires_grad]
    assert len(learned) == 2
    weights = torch.randn(output.shape, generator=draws, dtype=torch.float64).to(output.dtype)
    return output, *torch.autograd.grad((output * weights).sum(), [x, *learned])


@pytest.mark.parametrize("p", [0.0, 0.4])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6, 5), (3, 4, 5)])
def test_equals_pefts_own(p, bias, shape):
    for ours, theirs in zip(
        outcome(fused(layer(p, bias=bias)), shape), outcome(layer(p, bias=bias), shape), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5 if p else 1e-6, atol=1e-6)


def test_dropout_rests_in_evaluation():
    assert torch.equal(outcome(fused(layer(0.4)).eval())[0], outcome(fused(layer(0.0)).eval())[0])
    assert not torch.equal(outcome(fused(layer(0.4)))[0], outcome(fused(layer(0.0)))[0])


def test_under_autocast_what_learns_gets_gradients_in_its_own_format():
    net = fused(layer(0.0, dtype=torch.float32))
    exact = outcome(net, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = outcome(net, dtype=torch.float32)
    assert rounded[0].dtype == torch.bfloat16
    for found, wanted in zip(rounded[1:], exact[1:], strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=0.05, atol=0.1)


def test_an_input_that_needs_no_gradient_still_teaches():
    net = fused(layer())
    net(torch.ones(2, 5, dtype=torch.float64)).sum().backward()
    assert net[0].lora_B["default"].weight.grad.abs().sum() > 0
