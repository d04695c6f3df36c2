"""One rounding for queries, keys and values: the same vectors, fewer copies, close gradients."""

from __future__ import annotations

import copy

import pytest
import torch
from model_cases import TEXTS, padded
from torch.profiler import ProfilerActivity, profile
from transformers.models.bert.modeling_bert import BertSelfAttention

from gonogo.models.kernels.product_format import for_products, round_attention_inputs


def test_values_take_the_format_of_the_products():
    values = torch.tensor([1.0, 1.001])
    assert for_products(values) is values
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert for_products(values).dtype == torch.bfloat16
        assert torch.equal(for_products(values), values.bfloat16())


@pytest.fixture
def plain_and_rounded(encoder_model):
    """Return the tiny encoder with autocast's own roundings, and with one."""
    plain = copy.deepcopy(encoder_model.backbone)
    for part in plain.modules():
        part._forward_pre_hooks.clear()
    rounded = copy.deepcopy(plain)
    round_attention_inputs(rounded)
    ids, mask = padded(encoder_model.bi_encoder.tokenize(TEXTS, "passage"), 0)
    return plain.eval(), rounded.eval(), ids, mask


def gradients(backbone, ids, mask, dtype):
    backbone.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        vectors = backbone.pooled(ids, mask, "mean")
    toward = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(1))
    (vectors * toward).sum().backward()
    found = [p.grad.flatten() for p in backbone.parameters() if p.grad is not None]
    return vectors.detach(), torch.cat(found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_vectors_are_the_same_bit_for_bit(plain_and_rounded, dtype):
    plain, rounded, ids, mask = plain_and_rounded
    vectors, gradient = gradients(rounded, ids, mask, dtype)
    expected, oracle = gradients(plain, ids, mask, dtype)
    assert torch.equal(vectors, expected)
    if dtype == torch.float32:
        assert torch.equal(gradient, oracle)


def test_the_gradient_in_bf16_is_about_as_near_to_fp32(plain_and_rounded):
    plain, rounded, ids, mask = plain_and_rounded
    exact = gradients(plain, ids, mask, torch.float32)[1]
    theirs = gradients(plain, ids, mask, torch.bfloat16)[1]
    mine = gradients(rounded, ids, mask, torch.bfloat16)[1]
    assert (mine - exact).norm() < 1.2 * (theirs - exact).norm()


def test_each_attention_rounds_its_input_once(plain_and_rounded):
    plain, rounded, ids, mask = plain_and_rounded

    def copies(backbone):
        with (
            torch.autocast("cpu", dtype=torch.bfloat16),
            torch.no_grad(),
            profile(activities=[ProfilerActivity.CPU]) as watched,
        ):
            backbone(ids, mask)
        counts = {event.key: event.count for event in watched.key_averages()}
        return counts["aten::_to_copy"]

    layers = sum(type(part) is BertSelfAttention for part in plain.modules())
    # Queries, keys and values, each with an adapter that reads the same.
    assert copies(plain) - copies(rounded) == (6 - 1) * layers
