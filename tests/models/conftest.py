"""Models on the tiny backbones, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import LoraAdapter, TextModel


@pytest.fixture(scope="session")
def encoder_model(tiny_encoder_folder: Path) -> RetrievalModel:
    """Return a LoRA model on the tiny encoder; do not train it."""
    return build_model(TextModel(backbone=str(tiny_encoder_folder), adapter=LoraAdapter(rank=4)), 1)


@pytest.fixture(scope="session")
def decoder_model(tiny_decoder_folder: Path) -> RetrievalModel:
    """Return a LoRA model on the tiny decoder; do not train it."""
    return build_model(TextModel(backbone=str(tiny_decoder_folder), adapter=LoraAdapter(rank=4)), 1)


@pytest.fixture(params=["encoder", "decoder"])
def model(request: pytest.FixtureRequest) -> RetrievalModel:
    """Return each of the two models in turn."""
    found: RetrievalModel = request.getfixturevalue(f"{request.param}_model")
    return found
