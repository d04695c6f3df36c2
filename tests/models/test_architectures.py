"""Other architectures than the two fixtures': found, adapted and padded by structure alone."""

from __future__ import annotations

import pytest
import torch
import transformers
from model_cases import PAIRS, TEXTS, padded

from gonogo.models.attention import BLOCKED
from gonogo.models.build import build_model
from gonogo.spec.model import LoraAdapter, TextModel

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 0}
WIDE = SMALL | {"intermediate_size": 64, "max_position_embeddings": 1024}
GROUPED = WIDE | {"num_key_value_heads": 2, "head_dim": 8}
ENCODERS = {
    "Roberta": WIDE,
    "MPNet": WIDE,
    "XLMRoberta": WIDE,
    "Electra": WIDE | {"embedding_size": 32},
    "ModernBert": WIDE | {"global_attn_every_n_layers": 2, "local_attention": 8},
}
DECODERS = {
    "Qwen2": GROUPED,
    "Qwen3": GROUPED,
    "Mistral": GROUPED | {"sliding_window": 8},
    "GPTNeoX": WIDE,
}


def saved(name, suffix, settings, tokenizer_folder, folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(tokenizer), initializer_range=0.2, **settings
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        getattr(transformers, f"{name}For{suffix}")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def check(backbone, kind):
    model = build_model(TextModel(backbone=backbone, adapter=LoraAdapter(rank=2)), 1)
    assert model.backbone.kind == kind
    fused = model.backbone.transformer.config._attn_implementation
    assert fused == ("eager" if "MPNet" in type(model.backbone.transformer).__name__ else BLOCKED)
    for part, inputs in (
        (model.bi_encoder, model.bi_encoder.tokenize(TEXTS, "passage")),
        (model.cross_encoder, model.cross_encoder.tokenize(PAIRS)),
    ):
        with torch.no_grad():
            right = part(*padded(inputs, part.pad_id))
            assert torch.equal(right, part(*padded(inputs, part.pad_id, "left")))
            alone = torch.cat([part(*padded([row], part.pad_id)) for row in inputs])
        torch.testing.assert_close(right, alone, atol=1e-5, rtol=1e-4)
    adapted = {name for name in model.trainable() if "lora_A" in name}
    linears = [n for n, m in model.backbone.named_modules() if n.endswith("base_layer")]
    assert len(adapted) == len(linears) >= 8


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders(name, tiny_encoder_folder, tmp_path):
    check(saved(name, "MaskedLM", ENCODERS[name], tiny_encoder_folder, tmp_path), "encoder")


@pytest.mark.parametrize("name", DECODERS)
def test_decoders(name, tiny_decoder_folder, tmp_path):
    settings = DECODERS[name] | {"tie_word_embeddings": True}
    check(saved(name, "CausalLM", settings, tiny_decoder_folder, tmp_path), "decoder")
