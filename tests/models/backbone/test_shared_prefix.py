"""A beginning that is read once gives the scores of whole rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from architectures import DECODERS, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from model_cases import PAIRS, padded

from gonogo.models.backbone.shared_prefix import common_prefix, keeps_all_keys
from gonogo.models.build.build import build_model
from gonogo.spec.model.model import Frozen, LoraAdapter, MlpScoring, TextModel


@pytest.mark.parametrize("name", ["Qwen2", "Qwen3", "GPTNeoX"])
@pytest.mark.parametrize("adapter", [Frozen(), LoraAdapter(rank=2)], ids=["frozen", "lora"])
def test_scores_are_those_of_whole_rows(
    name: str, adapter: Frozen | LoraAdapter, tiny_decoder_folder: Path, tmp_path: Path
) -> None:
    settings = DECODERS[name] | {"tie_word_embeddings": True}
    backbone = saved(name, "CausalLM", settings, tiny_decoder_folder, tmp_path)
    encoder = build_model(TextModel(backbone=backbone, adapter=adapter), 1).cross_encoder
    assert encoder.shares_prefixes
    rows = encoder.tokenize([("how do I read a file", document) for _, document in PAIRS])
    shared = common_prefix(rows)
    assert shared > 20
    rest = encoder.after(rows[0][:shared])
    tails = [row[shared:] for row in rows]
    with torch.inference_mode():
        whole = encoder(*padded(rows, encoder.pad_id))
        torch.testing.assert_close(rest(*padded(tails, 0)), whole, atol=1e-5, rtol=1e-5)
        alone = rest(*padded(tails[1:2], 0))  # nothing of the first call is left in the cache
        torch.testing.assert_close(alone, whole[1:2], atol=1e-5, rtol=1e-5)
        other = encoder.after([*rows[0][: shared - 1], rows[0][shared - 1] - 1])
        assert (other(*padded(tails, 0)) - whole).abs().max() > 1e-4


def test_only_decoders_with_whole_caches_share(
    tiny_encoder_folder: Path, tiny_decoder_folder: Path, tmp_path: Path
) -> None:
    settings = DECODERS["Mistral"] | {"tie_word_embeddings": True}
    sliding = saved("Mistral", "CausalLM", settings, tiny_decoder_folder, tmp_path)
    frozen = {"adapter": Frozen()}
    assert not keeps_all_keys(build_model(TextModel(backbone=sliding, **frozen), 1).backbone)
    encoder = TextModel(backbone=str(tiny_encoder_folder), **frozen)
    assert not build_model(encoder, 1).cross_encoder.shares_prefixes
    mean = TextModel(
        backbone=str(tiny_decoder_folder), pooling="mean", scoring=MlpScoring(), **frozen
    )
    assert not build_model(mean, 1).cross_encoder.shares_prefixes


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_the_common_prefix_is_the_longest(rows: list[list[int]]) -> None:
    found = common_prefix(rows)
    assert all(len(row) > found and row[:found] == rows[0][:found] for row in rows)
    longer = found + 1
    assert any(len(row) == longer or row[:longer] != rows[0][:longer] for row in rows)
