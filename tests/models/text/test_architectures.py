"""Other architectures than the two fixtures': found, adapted and padded by structure alone."""

from __future__ import annotations

import pytest
import torch
from architectures import DECODERS, ENCODERS, saved
from model_cases import PAIRS, TEXTS, padded

from gonogo.models.build.build import build_model
from gonogo.models.kernels.attention import BLOCKED
from gonogo.spec.model.model import LoraAdapter, TextModel


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
