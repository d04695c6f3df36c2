"""Texts without padding between them give the vectors and gradients of the padded pass."""

from __future__ import annotations

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded

from gonogo.models.backbone.backbones import Backbone


def passes(model, monkeypatch, packs):
    """Return embeddings, scores, and the gradients of both together."""
    monkeypatch.setattr(Backbone, "packs", property(lambda self: packs))
    bi, cross = model.bi_encoder, model.cross_encoder
    model.zero_grad()
    vectors = bi(*padded(bi.tokenize(TEXTS, "passage"), bi.pad_id))
    scores = cross(*padded(cross.tokenize(PAIRS), cross.pad_id))
    (vectors.square().cumsum(0).sum() + vectors[0] @ vectors[1] + scores.sum()).backward()
    grads = [p.grad.clone() for p in model.trainable().values()]
    return vectors.detach(), scores.detach(), *grads


def test_taking_padding_out_changes_no_number(model, monkeypatch):
    assert model.backbone.packs
    assert len({len(row) for row in model.bi_encoder.tokenize(TEXTS, "passage")}) > 1
    for packed, plain in zip(
        passes(model, monkeypatch, True), passes(model, monkeypatch, False), strict=True
    ):
        torch.testing.assert_close(packed, plain, rtol=1e-4, atol=1e-6)


def test_no_padded_token_reaches_the_transformer(model, monkeypatch):
    seen = []
    hook = model.backbone.transformer.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    rows = model.bi_encoder.tokenize(TEXTS, "passage")
    with torch.no_grad():
        model.backbone(*padded(rows, model.bi_encoder.pad_id))
    hook.remove()
    assert seen == [sum(map(len, rows))]


@pytest.mark.parametrize("window", [None, 8])
def test_what_looks_beyond_a_text_in_other_ways_keeps_its_padding(model, monkeypatch, window):
    monkeypatch.setattr(model.backbone.transformer.config, "sliding_window", window, raising=False)
    assert model.backbone.packs == (window is None)
