"""Pairs whose texts the first layers read apart, against a plain loop over pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from architectures import ENCODERS, saved
from model_cases import PAIRS, padded
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.models.backbone.backbones import Backbone, first_position
from gonogo.models.build.build import build_model, load_model
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.export import export_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.mixture import Expert, MixtureAdapter, SoftmaxRouting
from gonogo.spec.model.model import (
    Frozen,
    FullTuning,
    Lengths,
    LoraAdapter,
    SpanCosineScoring,
    TextModel,
)

LAYERS = 2
"""Of the tiny backbones."""


def model_on(folder: object, isolated: int, adapter: Any = None) -> RetrievalModel:
    spec = TextModel(
        backbone=str(folder),
        adapter=adapter or Frozen(),
        scoring=SpanCosineScoring(scale=7, isolated_layers=isolated),
        lengths=Lengths(query=48, passage=64, pair=160),
    )
    model = build_model(spec, 1)
    assert isinstance(model, RetrievalModel)
    return model


def score(cross: CrossEncoder, side: Any = "right") -> Tensor:
    with torch.inference_mode():
        found: Tensor = cross(*padded(cross.tokenize(PAIRS), cross.pad_id, side))
        return found


@pytest.fixture(params=["Bert", "Roberta", "XLMRoberta"])
def folder(request: pytest.FixtureRequest, tiny_encoder_folder: Path, tmp_path: Path) -> str:
    options = ENCODERS["Roberta"] | {"type_vocab_size": 2 if request.param == "Bert" else 1}
    return saved(request.param, "MaskedLM", options, tiny_encoder_folder, tmp_path)


def naive(model: RetrievalModel, isolated: int) -> Tensor:
    """Embed each text alone by transformers itself, then run the other layers over both."""
    tokenizer, transformer = model._tokenizer.saved, model.backbone.transformer
    found = []
    with torch.inference_mode():
        for pair in PAIRS:
            states = [
                transformer(
                    torch.tensor([tokenizer(text.strip()).input_ids]), output_hidden_states=True
                ).hidden_states[isolated]
                for text in pair
            ]
            hidden = torch.cat(states, dim=1)
            for layer in transformer.encoder.layer[isolated:]:
                hidden = layer(hidden)
            spans = hidden[0].split([states[0].shape[1], states[1].shape[1]])
            query, document = (span.mean(0) for span in spans)
            found.append(7 * torch.cosine_similarity(query, document, dim=0))
    return torch.stack(found)


@pytest.mark.parametrize("isolated", [1, LAYERS])
def test_scores_are_those_of_a_plain_loop_on_every_path(folder: str, isolated: int) -> None:
    model = model_on(folder, isolated)
    cross, expected = model.cross_encoder, naive(model, isolated)
    assert model.backbone.packs
    torch.testing.assert_close(score(cross), expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(score(cross), score(cross, "left"))
    on_rows = cross.on_rows()
    assert on_rows is not None
    with torch.inference_mode():
        torch.testing.assert_close(on_rows(cross.tokenize(PAIRS)), expected, atol=1e-4, rtol=1e-5)


def test_padded_rows_as_on_a_gpu_give_the_same(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_on(folder, 1)
    expected = naive(model, 1)
    monkeypatch.setattr(Backbone, "packs", False)
    torch.testing.assert_close(score(model.cross_encoder), expected, atol=1e-5, rtol=1e-5)


def test_with_all_layers_isolated_a_pair_is_two_embeddings(tiny_encoder_folder: Path) -> None:
    model = model_on(tiny_encoder_folder, LAYERS)
    bi = model.bi_encoder
    with torch.inference_mode():
        sides = [
            bi(*padded(bi.tokenize([text.strip() for text in texts], side), bi.pad_id))
            for texts, side in zip(zip(*PAIRS, strict=True), ("query", "passage"), strict=True)
        ]
        expected = 7 * torch.cosine_similarity(*sides, dim=-1)
    torch.testing.assert_close(score(model.cross_encoder), expected, atol=1e-5, rtol=1e-5)
    # and what is read together from some layer on is something else
    others = [score(model_on(tiny_encoder_folder, count).cross_encoder) for count in (0, 1)]
    assert all((each - expected).abs().max() > 1e-3 for each in others)
    assert (others[0] - others[1]).abs().max() > 1e-3


EXPERTS = (Expert(name="a", rank=2), Expert(name="b", rank=2))
ADAPTERS = {
    "lora": LoraAdapter(rank=2, dropout=0.0),
    # by the mean of each text: of query and document apart, then of the pair
    "mixture": MixtureAdapter(
        experts=EXPERTS, router=SoftmaxRouting(level="sequence", jitter=0.0), dropout=0.0
    ),
}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_gradients_are_those_of_the_padded_pass(
    kind: str, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_on(tiny_encoder_folder, 1, ADAPTERS[kind]).eval()
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():  # a fresh adapter's gradient is zero on one side
        for weight in model.trainable().values():
            weight.add_(0.05 * torch.randn(weight.shape, generator=random))
    cross, found = model.cross_encoder, []
    for packs in (True, False):
        if not packs:
            monkeypatch.setattr(Backbone, "packs", False)
        model.zero_grad()
        cross(*padded(cross.tokenize(PAIRS), cross.pad_id)).square().sum().backward()
        learns = model.trainable().items()
        found.append({name: p.grad.clone() for name, p in learns if p.grad is not None})
    assert found[0].keys() == found[1].keys()
    assert len(found[0]) > 4
    for name, gradient in found[0].items():
        torch.testing.assert_close(gradient, found[1][name], atol=1e-4, rtol=1e-3)


def test_an_exported_folder_scores_as_before(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    model = model_on(tiny_encoder_folder, 1, FullTuning())
    export_model(model, tmp_path / "out")
    loaded = load_model(tmp_path / "out")
    assert isinstance(loaded, RetrievalModel)
    assert torch.equal(score(loaded.cross_encoder), score(model.cross_encoder))


def test_positions_start_anew(folder: str) -> None:
    """The document of a pair starts where a text alone does; RoBERTa's first is behind padding."""
    model = model_on(folder, 1)
    start = first_position(model.backbone.transformer)
    seen: list[Tensor] = []
    model.backbone.transformer.embeddings.register_forward_pre_hook(
        lambda _module, _args, kwargs: seen.append(kwargs["position_ids"]), with_kwargs=True
    )
    cross = model.cross_encoder
    row = cross.tokenize([("sum", "two arrays")])[0]
    score(cross)
    seen.clear()
    with torch.inference_mode():
        cross(*padded([row], cross.pad_id))
    query = row.index(cross.head.layout.bridge[0], len(cross.head.layout.opening)) + 1
    own = [*range(start, start + query), *range(start, start + len(row) - query)]
    assert seen[0][0].tolist() == own


def test_what_cannot_be_isolated_is_refused_in_a_line(
    tiny_decoder_folder: Path, tiny_encoder_folder: Path
) -> None:
    with pytest.raises(UserError, match="a decoder's positions enter in every layer") as told:
        model_on(tiny_decoder_folder, 1)
    assert told.value.place == "model.scoring.isolated_layers"
    assert "\n" not in str(told.value)
    with pytest.raises(UserError, match="the backbone has 2 layers"):
        model_on(tiny_encoder_folder, 3)
