"""The work that a fraction of the peak is a fraction of: by hand, and by torch's own count."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel, LlamaConfig, LlamaModel

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.kernels.attention import BLOCKED
from gonogo.models.kernels.decoder_layer import replace_decoder_layers

SHAPE = {
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 32,
    "attn_implementation": "eager",
}


@pytest.fixture(scope="module")
def forward_work() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "forward_work.py"
    spec = importlib.util.spec_from_file_location("forward_work", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def encoder() -> Backbone:
    return Backbone(BertModel(BertConfig(**SHAPE), add_pooling_layer=False), "encoder")


def decoder() -> Backbone:
    return Backbone(LlamaModel(LlamaConfig(**SHAPE)), "decoder")


def test_an_encoder_attends_to_every_pair_of_tokens(forward_work: ModuleType) -> None:
    # A layer has 4 * 8 * 8 + 2 * 8 * 16 = 512 weights; a pair of tokens takes 2 * 2 * 8 = 32.
    by_hand = 2 * (2 * 512 * (3 + 5) + 32 * (9 + 25))
    assert forward_work.forward_flops(encoder(), [3, 5]) == by_hand


def test_a_decoder_attends_to_the_lower_triangle(forward_work: ModuleType) -> None:
    # A layer has 4 * 8 * 8 + 3 * 8 * 16 = 640 weights; 3 tokens make 6 pairs, 5 make 15.
    by_hand = 2 * (2 * 640 * (3 + 5) + 32 * (6 + 15))
    assert forward_work.forward_flops(decoder(), [3, 5]) == by_hand


def test_torch_counts_the_same_for_an_encoder(forward_work: ModuleType) -> None:
    backbone, ids = encoder(), torch.zeros(2, 5, dtype=torch.long)
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        backbone.transformer(input_ids=ids)
    assert forward_work.forward_flops(backbone, [5, 5]) == counted.get_total_flops()


def test_what_one_token_of_the_last_layer_saves_is_what_torch_would_not_do(
    forward_work: ModuleType,
) -> None:
    # Queries, output and two feed-forward products of 4 tokens, and 4 rows of 5 pairs.
    by_hand = 2 * (2 * 64 + 2 * 128) * 4 + 32 * 4 * 5
    assert forward_work.saved_by_one_token(encoder(), [5]) == by_hand


def test_a_decoders_last_token_saves_the_triangle_above_it(forward_work: ModuleType) -> None:
    # Queries, output and three feed-forward products of 4 tokens; of 15 pairs 5 are left.
    by_hand = 2 * (2 * 64 + 3 * 128) * 4 + 32 * 10
    assert forward_work.saved_by_one_token(decoder(), [5]) == by_hand


def test_torch_counts_what_is_left_of_the_products(forward_work: ModuleType) -> None:
    adapted = decoder()
    adapted.transformer.set_attn_implementation(BLOCKED)
    replace_decoder_layers(adapted)
    adapted.requires_grad_(False)
    ids, mask = torch.zeros(2, 5, dtype=torch.long), torch.tensor([[1] * 5, [1] * 4 + [0]])
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        adapted.pooled(ids, mask, "last_token")
    products = counted.get_flop_counts()["Global"][torch.ops.aten.mm]
    expected = forward_work.linear_flops(adapted) * 9
    expected -= 2 * (2 * 64 + 3 * 128) * 7
    assert products == expected


def test_only_weights_below_adapters_are_frozen(forward_work: ModuleType) -> None:
    adapted = decoder()
    assert forward_work.frozen_flops(adapted, [5], True) == 0
    config = LoraConfig(r=2, target_modules=["q_proj", "k_proj", "down_proj"])
    inject_adapter_in_model(config, adapted.transformer)
    # Two blocks of queries, keys and the way down; in the last one only keys of all 5 tokens.
    whole = 2 * (64 + 64 + 128)
    assert forward_work.frozen_flops(adapted, [5], False) == 2 * whole * 5
    assert forward_work.frozen_flops(adapted, [5], True) == whole * 5 + 2 * (64 * 5 + 64 + 128)
