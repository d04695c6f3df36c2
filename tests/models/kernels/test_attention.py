"""Blocked attention: torch's own as the oracle, blocks, masks, shared heads, dropout, replay."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from gonogo.models.kernels import attention
from gonogo.models.kernels.attention import BLOCKED, attend_from_one, blocked_attention

ENCODER, DECODER = torch.nn.Identity(), torch.nn.Identity()
ENCODER.is_causal, DECODER.is_causal = False, True


def heads(number, *shape, dtype=torch.float64):
    made = torch.randn(shape, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
    return made.to(dtype).requires_grad_()


def results(function, inputs):
    """Return the output and the inputs' gradients for one gradient of the output."""
    output = function(*inputs)
    toward = heads(99, *output.shape, dtype=output.dtype).detach()
    return output, *torch.autograd.grad(output, inputs, toward)


@settings(deadline=None, max_examples=25)
@given(
    count=st.integers(1, 5),
    length=st.integers(1, 9),
    groups=st.integers(1, 3),
    shared=st.integers(1, 3),
    causal=st.booleans(),
    padded=st.booleans(),
    block=st.sampled_from([1, 60, 1 << 20]),
    part=st.sampled_from([1, 2, 128]),
)
def test_equals_torchs_attention(count, length, groups, shared, causal, padded, block, part):
    query = heads(1, count, groups * shared, length, 4)
    key, value = heads(2, count, groups, length, 4), heads(3, count, groups, length, 4)
    seen = torch.ones(count, 1, length, length, dtype=torch.bool)
    if causal:
        seen = seen.tril()
    if padded:
        for row in range(count):
            seen[row, :, :, max(1, length - row) :] = False
    mask = seen if padded else None

    def ours(*inputs):
        module = DECODER if causal else ENCODER
        return blocked_attention(module, *inputs, mask)[0].transpose(1, 2)

    def oracle(q, k, v):
        return scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "_WEIGHTS", block)
        patch.setattr(attention, "_PART", part)
        for mine, theirs in zip(
            *(results(f, (query, key, value)) for f in (ours, oracle)), strict=True
        ):
            torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=6).map(tuple),
    causal=st.booleans(),
    block=st.sampled_from([1, 60, 1 << 20]),
    part=st.sampled_from([1, 2, 128]),
)
def test_texts_end_to_end_see_themselves_alone(lengths, causal, block, part):
    query = heads(1, 1, 4, sum(lengths), 3)
    key, value = heads(2, 1, 2, sum(lengths), 3), heads(3, 1, 2, sum(lengths), 3)
    text = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    seen = text[:, None] == text[None, :]
    if causal:
        seen = seen.tril()

    def ours(*inputs):
        module, ignored = DECODER if causal else ENCODER, torch.ones(1, 1, 1, 1, dtype=torch.bool)
        return blocked_attention(module, *inputs, ignored, lengths=lengths)[0].transpose(1, 2)

    def oracle(q, k, v):
        return scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "_WEIGHTS", block)
        patch.setattr(attention, "_PART", part)
        inputs = (query, key, value)
        for mine, theirs in zip(results(ours, inputs), results(oracle, inputs), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("length", [1, 127, 255, 256, 300, 512])
def test_causal_parts_hold_every_query_once_the_last_first(length):
    parts = attention.query_parts(length, causal=True)
    assert [query for part in parts[::-1] for query in range(length)[part]] == list(range(length))
    assert all(part.stop - part.start >= min(length, 128) for part in parts)
    assert len(parts) == max(1, length // 128)
    assert attention.query_parts(length, causal=False) == [slice(0, length)]


def test_an_additive_mask_and_a_scaling_of_the_models_own():
    inputs = [heads(n, 2, 3, 4, 8) for n in range(3)]
    mask = heads(7, 2, 1, 4, 4).detach()

    def ours(*inputs):
        return blocked_attention(ENCODER, *inputs, mask, scaling=0.7)[0].transpose(1, 2)

    def oracle(*inputs):
        return scaled_dot_product_attention(*inputs, attn_mask=mask, scale=0.7)

    for mine, theirs in zip(results(ours, inputs), results(oracle, inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


def test_a_place_that_sees_nothing_gets_numbers():
    inputs = [heads(n, 1, 1, 3, 4) for n in range(3)]
    seen = torch.ones(1, 1, 3, 3, dtype=torch.bool)
    seen[..., 2, :] = False
    found = results(lambda *i: blocked_attention(ENCODER, *i, seen)[0], inputs)
    assert all(each.isfinite().all() for each in found)


def dropped(*inputs, p=0.3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return blocked_attention(ENCODER, *inputs, None, dropout=p)[0]


def test_gradients_go_through_the_mask_that_was_drawn(monkeypatch):
    monkeypatch.setattr(attention, "_WEIGHTS", 40)
    inputs = [heads(n, 3, 2, 4, 3) for n in range(3)]
    assert torch.autograd.gradcheck(dropped, inputs)


def test_one_state_of_the_generator_gives_one_mask():
    inputs = [heads(n, 3, 2, 8, 4) for n in range(3)]
    assert torch.equal(dropped(*inputs), dropped(*inputs))
    assert not torch.equal(dropped(*inputs), dropped(*inputs, p=0.0))


def test_dropout_leaves_the_expectation_and_drops_that_share():
    """With values of one column each, the output is the dropped weights themselves."""
    length = 8
    query, key = heads(1, 500, 2, length, length), heads(2, 500, 2, length, length)
    value = torch.eye(length, dtype=torch.float64).expand(500, 2, length, length)
    found, plain = dropped(query, key, value), dropped(query, key, value, p=0.0)
    gone = (found == 0).double()
    spread = (0.3 * 0.7 / gone.numel()) ** 0.5
    assert abs(gone.mean() - 0.3) < 5 * spread
    torch.testing.assert_close(found[found > 0], (plain / 0.7)[found > 0], rtol=1e-3, atol=0)
    places = gone.transpose(1, 2).reshape(1000, -1)  # by head and text: all places independent
    correlation = torch.corrcoef(places.T) - torch.eye(length * length)
    assert correlation.abs().max() < 0.2
    assert gone.mean((0, 1)).std() < 3 * (0.21 / 8000) ** 0.5


@pytest.mark.parametrize("p", [0.0, 0.1])
def test_bf16_is_as_near_to_fp32_as_torchs_kernel(p):
    exact = [heads(n, 4, 2, 32, 16, dtype=torch.float32) for n in range(3)]
    rounded = [each.detach().bfloat16().requires_grad_() for each in exact]

    wanted = results(lambda *i: dropped(*i, p=p), exact)

    def away(function):
        found = results(function, rounded)
        return max((a - b).abs().max() / b.abs().max() for a, b in zip(found, wanted, strict=True))

    assert away(lambda *i: dropped(*i, p=p)) < 0.02
    if not p:
        torchs = away(lambda *i: scaled_dot_product_attention(*i).transpose(1, 2))
        assert away(lambda *i: dropped(*i, p=p)) < 3 * torchs


def test_models_attend_so(model):
    assert model.backbone.transformer.config._attn_implementation == BLOCKED


@settings(deadline=None, max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    groups=st.integers(1, 3),
    shared=st.integers(1, 3),
    block=st.sampled_from([1, 60, 1 << 20]),
)
def test_one_token_a_text_attends_to_the_whole_of_it(lengths, groups, shared, block):
    query = heads(1, len(lengths), groups * shared, 4)
    key, value = heads(2, sum(lengths), groups, 4), heads(3, sum(lengths), groups, 4)

    def oracle(q, k, v):
        texts = zip(q, k.split(lengths), v.split(lengths), strict=True)
        return torch.stack(
            [
                torch.cat(
                    [
                        torch.softmax(a @ kk[:, head // shared].T / 2, -1) @ vv[:, head // shared]
                        for head, a in enumerate(asked)
                    ]
                ).view(-1, 4)
                for asked, kk, vv in texts
            ]
        )

    def ours(q, k, v):
        return attend_from_one(q, k, v, lengths)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "_WEIGHTS", block)
        mine = results(ours, (query, key, value))
    for found, expected in zip(mine, results(oracle, (query, key, value)), strict=True):
        torch.testing.assert_close(found, expected)
