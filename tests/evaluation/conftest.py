"""Small models and a small data set that every evaluation test can share."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import Frozen, Lengths, MlpScoring, TextModel

TEXTS = (
    "return the sum of two arrays",
    "read a file line by line",
    "raise an error if shapes differ",
    "the given axis",
    "",
    "return the sum of two arrays along the given axis and raise an error if shapes differ " * 3,
    "how do I read a file",
    "read a file line by line",
)


@pytest.fixture(scope="session")
def encoder_model(tiny_encoder_folder: Path) -> RetrievalModel:
    spec = TextModel(
        backbone=str(tiny_encoder_folder),
        adapter=Frozen(),
        scoring=MlpScoring(hidden=8),
        lengths=Lengths(query=24, passage=64, pair=96),
    )
    return build_model(spec, 0)


@pytest.fixture(scope="session")
def decoder_model(tiny_decoder_folder: Path) -> RetrievalModel:
    spec = TextModel(backbone=str(tiny_decoder_folder), adapter=Frozen())
    return build_model(spec, 0)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RetrievalDataset:
    """Return a data set whose caches lie in a folder of this test's own."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    return RetrievalDataset(
        name="tiny",
        split="test",
        corpus=Corpus(tuple(f"d{number}" for number in range(len(TEXTS))), TEXTS),
        queries={"q1": "sum of arrays", "q2": "read a file", "q3": "of the and"},
        qrels={"q1": {"d0": 2, "d5": 1}, "q2": {"d1": 1, "d6": 0}, "q3": {"d3": 1}},
    )
