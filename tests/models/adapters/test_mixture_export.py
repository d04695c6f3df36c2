"""Experts as a plain LoRA: peft opens it and computes the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from model_cases import TEXTS, padded
from peft import PeftModel
from transformers import AutoModel

from gonogo.core.errors import UserError
from gonogo.models.adapters.mixture import mixture_layers
from gonogo.models.adapters.mixture_export import experts_always_on, export_experts
from gonogo.models.build.build import build_model
from gonogo.models.parts.serving import serving
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.mixture import Expert, HardRouting, MixtureAdapter, SoftmaxRouting
from gonogo.spec.model.model import TextModel

EXPERTS = (Expert(name="embed", rank=2), Expert(name="rerank"), Expert(name="shared", alpha=5.0))


def model_of(folder: Path, router: HardRouting | SoftmaxRouting) -> RetrievalModel:
    adapter = MixtureAdapter(experts=EXPERTS, router=router)
    model = build_model(TextModel(backbone=str(folder), adapter=adapter), 1)
    random = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for value in model.trainable().values():
            value += 0.1 * torch.randn(value.shape, generator=random)
    return model


def tokens_of(model: RetrievalModel) -> tuple[torch.Tensor, torch.Tensor]:
    bi = model.bi_encoder
    return padded(bi.tokenize(TEXTS, "query")[:1], bi.pad_id)


def opened(folder: Path, adapter: Path, tokens: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    plain = AutoModel.from_pretrained(folder)
    before = plain(*tokens).last_hidden_state
    peft = PeftModel.from_pretrained(plain, adapter)
    found = peft(input_ids=tokens[0], attention_mask=tokens[1]).last_hidden_state
    assert not torch.allclose(before, found, atol=1e-3)
    return found


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's own
@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_a_hard_switch_is_a_lora_a_purpose(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder: Path = request.getfixturevalue(f"tiny_{kind}_folder")
    model = model_of(folder, HardRouting())
    tokens = tokens_of(model)
    for purpose, names in (
        ("embedding", ("embed", "shared")),
        ("scoring", ("rerank", "shared")),
    ):
        assert experts_always_on(model.backbone, purpose) == names
        export_experts(model.backbone, names, tmp_path / purpose, str(folder))
        with torch.no_grad(), serving(purpose):
            expected = model.backbone(*tokens)
            found = opened(folder, tmp_path / purpose, tokens)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_any_expert_alone_of_any_mixture(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    model = model_of(tiny_encoder_folder, SoftmaxRouting())
    tokens = tokens_of(model)
    with pytest.raises(UserError, match="reads its input"):
        experts_always_on(model.backbone, "embedding")
    export_experts(model.backbone, ["shared"], tmp_path, str(tiny_encoder_folder))
    with torch.no_grad():
        for _, layer in mixture_layers(model.backbone.transformer):
            layer.router.always_on = lambda _: (2,)
        expected = model.backbone(*tokens)
        found = opened(tiny_encoder_folder, tmp_path, tokens)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_an_unknown_expert_is_named(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    model = model_of(tiny_encoder_folder, HardRouting())
    with pytest.raises(UserError, match="no expert 'other'"):
        export_experts(model.backbone, ["other"], tmp_path, "base")
