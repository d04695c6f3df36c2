"""A corpus is encoded once for all trials whose weights and text rules are equal."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gonogo.core.files import cache_folder
from gonogo.core.progress import Silent
from gonogo.core.types import Side
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.text.retrieval import rank_corpus
from gonogo.models.build.build import build_model
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.spec.model.model import Frozen, Lengths, MlpScoring, TextModel


@pytest.fixture
def passages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every passage lands in when a model reads it."""
    seen: list[str] = []
    tokenize = BiEncoder.tokenize

    def listening(self: BiEncoder, texts: list[str], side: Side) -> list[list[int]]:
        seen.extend(text for text in texts if text and side == "passage")
        return tokenize(self, texts, side)

    monkeypatch.setattr(BiEncoder, "tokenize", listening)
    return seen


def model(folder: Path, seed: int = 0, hidden: int = 8, passage: int = 64) -> object:
    """Return what one trial evaluates: an arm may change the score head, a seed its weights."""
    lengths = Lengths(query=24, passage=passage, pair=96)
    scoring = MlpScoring(hidden=hidden)
    spec = TextModel(backbone=str(folder), adapter=Frozen(), scoring=scoring, lengths=lengths)
    return build_model(spec, seed)


def rank(trial: object, dataset: RetrievalDataset) -> dict[str, list[tuple[str, float]]]:
    return rank_corpus(trial, dataset, 3, progress=Silent(), cache=cache_folder("vectors"))


def test_arms_and_seeds_on_one_frozen_backbone_share_vectors(
    tiny_encoder_folder: Path, dataset: RetrievalDataset, passages: list[str]
) -> None:
    first = rank(model(tiny_encoder_folder), dataset)
    assert sorted(passages) == sorted(set(dataset.corpus.texts) - {""})
    passages.clear()
    assert rank(model(tiny_encoder_folder, seed=1), dataset) == first
    assert rank(model(tiny_encoder_folder, hidden=16), dataset) == first
    assert passages == []


def test_other_weights_or_lengths_share_nothing(
    tiny_encoder_folder: Path, dataset: RetrievalDataset, passages: list[str]
) -> None:
    first = rank(model(tiny_encoder_folder), dataset)
    for other in (model(tiny_encoder_folder, passage=16), model(tiny_encoder_folder)):
        if other.bi_encoder._longest["passage"] == 64:
            with torch.no_grad():
                next(other.backbone.parameters()).add_(0.1)
        passages.clear()
        assert rank(other, dataset) != first
        assert len(passages) == len(set(dataset.corpus.texts) - {""})
