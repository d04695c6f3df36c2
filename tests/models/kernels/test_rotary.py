"""Rotary positions: by hand, transformers' own in every format, the gradient, lengths kept."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from gonogo.models.kernels.rotary import rotated


def random(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def angles(tokens: int, width: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    of_pairs = random(tokens, width // 2, seed=1, dtype=dtype) * 4
    of_all = torch.cat([of_pairs, of_pairs], dim=-1)
    return of_all.cos(), of_all.sin()


def test_by_hand():
    # A quarter turn takes the first pair (1, 3) to (-3, 1), no turn leaves the second, (2, 4).
    of_all = torch.tensor([[math.pi / 2, 0.0, math.pi / 2, 0.0]])
    heads = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    expected = torch.tensor([[[-3.0, 2.0, 1.0, 4.0]]])
    torch.testing.assert_close(rotated(heads, of_all.cos(), of_all.sin()), expected)


@settings(deadline=None, max_examples=30)
@given(
    tokens=st.integers(1, 5),
    heads=st.integers(1, 3),
    half=st.integers(1, 9),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
def test_is_transformers_to_one_rounding(tokens, heads, half, dtype):
    values, (cos, sin) = random(tokens, heads, 2 * half, seed=2).to(dtype), angles(tokens, 2 * half)
    other = values.transpose(0, 1)[None]
    oracle = apply_rotary_pos_emb(other, other, cos[None], sin[None])[0][0].transpose(0, 1)
    found = rotated(values, cos, sin)
    assert found.dtype == dtype
    torch.testing.assert_close(found, oracle.to(dtype))


def test_the_gradient_is_that_of_finite_differences():
    cos, sin = angles(3, 6, torch.float64)
    heads = random(3, 2, 6, seed=3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: rotated(x, cos, sin), heads)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_rotation_changes_neither_lengths_nor_its_input(dtype):
    heads, (cos, sin) = random(4, 2, 8, seed=4).to(dtype), angles(4, 8)
    before = heads.clone()
    turned = rotated(heads, cos, sin)
    rounding = 1e-5 if dtype == torch.float32 else 1e-2
    torch.testing.assert_close(
        turned.float().norm(dim=-1), heads.float().norm(dim=-1), rtol=rounding, atol=0
    )
    assert torch.equal(heads, before)
