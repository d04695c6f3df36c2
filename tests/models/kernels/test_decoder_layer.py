"""Decoder blocks: transformers' own as the oracle, and one token of the last block read alone."""

from __future__ import annotations

import copy

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model, Qwen3Config, Qwen3Model

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.kernels.attention import BLOCKED
from gonogo.models.kernels.decoder_layer import DecoderLayer, can_read_one, replace_decoder_layers
from gonogo.models.parts.pooling import Pooling, pool

SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 50,
    "initializer_range": 0.3,
}
KINDS = {
    "llama": (LlamaModel, LlamaConfig),
    "qwen2": (Qwen2Model, Qwen2Config),
    "qwen3": (Qwen3Model, Qwen3Config),
}
ROWS = [[3, 1, 4, 1, 5], [9, 2], [6, 5, 3, 5, 8, 9, 7], [9, 3], [2]]


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest) -> tuple[Backbone, Backbone]:
    """Return a backbone with these blocks, and the same with transformers'."""
    model, config = KINDS[request.param]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        theirs = Backbone(model(config(**SHAPE)), "decoder")
    theirs.transformer.set_attn_implementation(BLOCKED)
    mine = copy.deepcopy(theirs)
    replace_decoder_layers(mine)
    return mine, theirs


def gradients(vectors: Tensor, backbone: nn.Module) -> dict[str, Tensor]:
    toward = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(2))
    backbone.zero_grad()
    (vectors * toward).sum().backward()
    return {n: p.grad for n, p in backbone.named_parameters() if p.grad is not None}


def test_names_and_weights_stay(both):
    mine, theirs = both
    assert all(type(layer) is DecoderLayer for layer in mine.transformer.layers)
    assert can_read_one(mine.transformer)
    assert not can_read_one(theirs.transformer)
    for (name, own), (other, weights) in zip(
        mine.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert name == other
        assert torch.equal(own, weights)


@pytest.mark.parametrize("pooling", ["last_token", "mean", "first_token"])
def test_vectors_and_gradients_are_those_of_transformers_blocks(both, pooling: Pooling):
    mine, theirs = both
    ids, mask = padded(ROWS, 0)
    found = mine.pooled(ids, mask, pooling)
    oracle = pool(theirs(ids, mask), mask, pooling)
    torch.testing.assert_close(found, oracle, rtol=1e-4, atol=1e-5)
    mine_to, theirs_to = gradients(found, mine), gradients(oracle, theirs)
    assert mine_to.keys() == theirs_to.keys()
    for name, gradient in mine_to.items():
        torch.testing.assert_close(gradient, theirs_to[name], rtol=1e-4, atol=1e-5, msg=name)


def test_one_padded_block_is_transformers_too(both):
    mine, theirs = both
    ids = torch.tensor([[3, 1, 4], [1, 5, 9]])
    found, oracle = mine(ids, torch.ones_like(ids)), theirs(ids, torch.ones_like(ids))
    torch.testing.assert_close(found, oracle, rtol=1e-5, atol=1e-6)


def test_in_bf16_it_is_as_near_to_fp32_as_transformers(both):
    mine, theirs = both
    ids, mask = padded(ROWS, 0)
    exact = pool(theirs(ids, mask), mask, "last_token")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = mine.pooled(ids, mask, "last_token")
        other = pool(theirs(ids, mask), mask, "last_token")
    assert found.dtype == torch.float32
    assert (found - exact).norm() < 1.5 * (other - exact).norm()


def test_the_last_block_computes_keys_and_values_alone_for_tokens_nobody_reads(both):
    mine, _ = both
    ids, mask = padded(ROWS, 0)

    def products(pooling: Pooling) -> int:
        with FlopCounterMode(display=False) as counted, torch.no_grad():
            mine.pooled(ids, mask, pooling)
        counts = counted.get_flop_counts()["Global"]
        return counts.get(torch.ops.aten.mm, 0) + counts.get(torch.ops.aten.addmm, 0)

    # Queries and the output, 16 by the heads' width, and three of 16 by 24.
    heads = mine.transformer.layers[-1].self_attn.q_proj.out_features
    unread = sum(map(len, ROWS)) - len(ROWS)
    assert products("mean") - products("last_token") == 2 * (2 * 16 * heads + 3 * 16 * 24) * unread


def test_a_models_embeddings_and_scores_read_one_token(decoder_model, monkeypatch):
    bi, cross = decoder_model.bi_encoder, decoder_model.cross_encoder
    assert bi.pooling == "last_token"
    asked = []
    forward = DecoderLayer.forward

    def noted(self, *args, **given):
        out = forward(self, *args, **given)
        asked.append(out.shape[1])
        return out

    monkeypatch.setattr(DecoderLayer, "forward", noted)
    with torch.no_grad():
        bi(*padded(bi.tokenize(TEXTS, "passage"), bi.pad_id))
        assert asked[-1] == len(TEXTS) < asked[0]
        asked.clear()
        cross(*padded(cross.tokenize(PAIRS), cross.pad_id))
        assert asked[-1] == len(PAIRS) < asked[0]


def test_other_layers_stay():
    plain = nn.Sequential(nn.Linear(2, 2))
    replace_decoder_layers(plain)
    assert type(plain[0]) is nn.Linear
    assert not can_read_one(plain)
