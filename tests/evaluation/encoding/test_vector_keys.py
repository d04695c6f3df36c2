"""The name of kept vectors changes with everything that they depend on, and with nothing else."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gonogo.core.progress import Silent
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.encoding.batched import Runner
from gonogo.evaluation.encoding.corpus_vectors import base_key
from gonogo.evaluation.encoding.vector_keys import content_hash, read_as, vector_key, weights_hash
from gonogo.evaluation.text.retrieval import rank_corpus
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import Frozen, Lengths, LoraAdapter, TextModel

TEXTS = ["read a file", "", "the sum of two arrays along the given axis", "read a file", "axis"]
WORDS = ("file", "sum")
"""Entries of the vocabulary that are given each other's numbers."""


def key(model: RetrievalModel, texts: list[str] = TEXTS, **changes: Any) -> str:
    encoder = model.bi_encoder
    side = changes.pop("side", "passage")
    given: dict[str, Any] = {
        "module": encoder,
        "content": read_as(encoder, texts, side),
        "how": [{"length": 64}, side],
        "runner": Runner(encoder, "cpu", nullcontext),
        "precision": "fp32",
    }
    return vector_key(**{**given, **changes})


def test_names_all_that_vectors_depend_on(encoder_model: RetrievalModel) -> None:
    runner = Runner(encoder_model.bi_encoder, "cpu", nullcontext)
    keys = [
        key(encoder_model),
        key(encoder_model, how=[{"length": 65}, "passage"]),
        key(encoder_model, TEXTS[1:]),
        key(encoder_model, TEXTS[::-1]),
        key(encoder_model, ["".join(TEXTS)]),
        key(encoder_model, side="query"),
        key(encoder_model, precision="bf16"),
        key(encoder_model, runner=replace(runner, budget=512)),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == key(encoder_model)


def test_a_decoders_instruction_is_part_of_what_is_read(decoder_model: RetrievalModel) -> None:
    encoder = decoder_model.bi_encoder
    assert read_as(encoder, TEXTS, "query") != read_as(encoder, TEXTS, "passage")


def test_the_number_of_threads_counts_only_where_it_changes_bits(
    encoder_model: RetrievalModel, decoder_model: RetrievalModel
) -> None:
    """Rows end to end are computed by one core each; padded blocks are shared by all."""
    before = torch.get_num_threads()
    try:
        names = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            names.append((key(encoder_model), key(decoder_model)))
    finally:
        torch.set_num_threads(before)
    (end_to_end, padded), (end_to_end_again, padded_again) = names
    assert end_to_end == end_to_end_again
    assert padded != padded_again


def swapped(folder: Path, place: Path) -> Path:
    """Copy a model whose tokenizer alone differs: two words have each other's numbers."""
    shutil.copytree(folder, place)
    file = place / "tokenizer.json"
    saved = json.loads(file.read_text(encoding="utf-8"))
    vocabulary = saved["model"]["vocab"]
    first, second = WORDS
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    file.write_text(json.dumps(saved), encoding="utf-8")
    return place


@pytest.fixture
def pair(tiny_encoder_folder: Path, tmp_path: Path) -> tuple[RetrievalModel, RetrievalModel]:
    """Return two models of equal weights; the second one reads two words as each other."""
    lengths = Lengths(query=24, passage=64, pair=96)
    folders = tiny_encoder_folder, swapped(tiny_encoder_folder, tmp_path / "swapped")
    first, second = (
        build_model(TextModel(backbone=str(place), adapter=Frozen(), lengths=lengths), 0)
        for place in folders
    )
    assert weights_hash(first.backbone) == weights_hash(second.backbone)
    return first, second


def test_another_vocabulary_is_another_name(
    pair: tuple[RetrievalModel, RetrievalModel], tiny_encoder_folder: Path
) -> None:
    first, second = pair
    assert first.bi_encoder.tokenize(["file"], "query") != second.bi_encoder.tokenize(
        ["file"], "query"
    )
    assert base_key(first, TEXTS, "passage") != base_key(second, TEXTS, "passage")
    assert key(first) != key(second, module=first.bi_encoder)
    again = build_model(first.spec, 1)
    assert base_key(again, TEXTS, "passage") == base_key(first, TEXTS, "passage")


def test_vectors_of_another_tokenizer_are_never_served(
    pair: tuple[RetrievalModel, RetrievalModel], dataset: RetrievalDataset, tmp_path: Path
) -> None:
    first, second = pair
    rank_corpus(first, dataset, 3, progress=Silent(), cache=tmp_path / "kept")
    found = rank_corpus(second, dataset, 3, progress=Silent(), cache=tmp_path / "kept")
    anew = rank_corpus(second, dataset, 3, progress=Silent())
    for query, hits in anew.items():
        assert [score for _, score in found[query]] == pytest.approx(
            [score for _, score in hits], abs=1e-5
        )


def test_learned_weights_are_named_by_their_values(tiny_encoder_folder: Path) -> None:
    spec = TextModel(backbone=str(tiny_encoder_folder), adapter=LoraAdapter(rank=2))
    model = build_model(spec, 0)
    before = key(model)
    with torch.no_grad():
        next(iter(model.trainable().values())).add_(0.1)
    assert key(model) != before


def test_an_encoder_without_a_tokenizer_has_no_name() -> None:
    class Toy(torch.nn.Module):
        pad_id, similarity, dimension = 0, "cosine", 1

        def tokenize(self, texts: list[str], side: str) -> list[list[int]]:
            return [[len(text)] for text in texts]

    with pytest.raises(TypeError, match="a Toy holds no tokenizer"):
        read_as(Toy(), TEXTS, "query")


def test_items_do_not_run_together() -> None:
    assert content_hash([b"ab", b"c"]) != content_hash([b"a", b"bc"])
    assert content_hash([b"ab", b"c"]) == content_hash(iter([b"ab", b"c"]))


def test_one_changed_weight_changes_the_hash() -> None:
    layer = torch.nn.Linear(3, 2)
    before = weights_hash(layer)
    assert weights_hash(layer) == before
    with torch.no_grad():
        layer.bias[1] += 1e-6
    assert weights_hash(layer) != before
