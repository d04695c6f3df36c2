"""Fixtures for the whole tree: random backbones so small that a forward pass takes milliseconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from needs_training import FIXTURES, needs_training
from study_values import study_values, write_beir

from gonogo.core.extras import missing

# The models here are tiny: a second thread only waits. Set before torch is imported anywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")

WORDS = """
Given a web search query, retrieve relevant passages that answer the query.
Given a search query, retrieve relevant passages that answer the query.
Judge whether the Document meets the requirements based on the Query and the Instruct provided.
Note that the answer can only be "yes" or "no".
Instruct: Query: Document: Answer: system user assistant
yes no Yes No yes no yes no
return the sum of two arrays along the given axis and raise an error if shapes differ
how do I read a file line by line in python
"""


LIGHT = bool(missing("train"))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out, where only the base is installed, what imports more."""
    return True if LIGHT and needs_training(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip there what asks for it later: marked tests, and those that work on a model."""
    for item in items if LIGHT else ():
        if item.get_closest_marker("train") or FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.skip(reason="needs gonogo[train]"))


def _save_tokenizer(folder: Path, *, special: list[str], frame: str, **roles: str) -> int:
    """Write a byte-level BPE tokenizer; any text has its own ids, common words are one token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        min_frequency=1,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*WORDS.splitlines(), *WORDS.split()], trainer)
    if frame:
        ids = [(token, tokenizer.token_to_id(token)) for token in special]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=frame, pair=f"{frame} $B:1 {frame.split()[-1]}:1", special_tokens=ids
        )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles).save_pretrained(folder)
    return int(tokenizer.get_vocab_size())


@pytest.fixture(scope="session")
def tiny_encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a random two-layer BERT (width 32); use it as ``backbone``."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("tiny_encoder")
    size = _save_tokenizer(
        folder,
        special=["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
        frame="[CLS] $A [SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=512,
        initializer_range=0.2,  # wide enough that different texts get different vectors
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertForMaskedLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_decoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a random two-layer Llama (width 32); use it as ``backbone``.

    As with Qwen3-Embedding the padding token is also the end token, which texts are pooled on.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny_decoder")
    size = _save_tokenizer(
        folder,
        special=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
        frame="",
        pad_token="<|endoftext|>",
        eos_token="<|endoftext|>",
    )
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=2048,
        initializer_range=0.2,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=0,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own that holds a BEIR set named left, with a cache beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    write_beir(tmp_path / "left", 0)
    return tmp_path


@pytest.fixture
def tiny_study(tmp_path: Path, tiny_encoder_folder: Path) -> Path:
    """Return a study file beside its data; everything that it needs is local."""
    folder = tmp_path / "study"
    write_beir(folder / "left", 0)
    write_beir(folder / "right", 20)
    path = folder / "tiny.yaml"
    path.write_text(
        yaml.safe_dump(study_values(tiny_encoder_folder), sort_keys=False), encoding="utf-8"
    )
    return path


@pytest.fixture(params=[1, 2, 3])
def cores(request: pytest.FixtureRequest) -> Iterator[int]:
    """Let torch compute on so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)
