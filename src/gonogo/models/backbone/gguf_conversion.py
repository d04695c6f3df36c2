"""Quantised GGUF files, opened once and kept as a safetensors folder in the cache."""

from __future__ import annotations

from pathlib import Path

import torch
from filelock import FileLock
from tokenizers.pre_tokenizers import ByteLevel, Digits
from tokenizers.pre_tokenizers import Sequence as InSequence
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from gonogo.core.files import atomic_folder, cache_folder
from gonogo.data.weights.weights import WeightSource, file_hash

_RECIPE = "1"
"""Raise when the conversion changes, so that older folders are not used."""


def converted(source: WeightSource) -> Path:
    """Return a folder in the layout of transformers; a GGUF file is converted the first time.

    The weights are kept in fp16: dequantised values carry far less than its 11 bits, logits stay
    within 0.04 of fp32, and the folder is half as large.
    """
    if not source.is_gguf:
        return source.path
    folder = cache_folder("converted") / f"{file_hash(source.path)[:16]}-{_RECIPE}"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            with atomic_folder(folder) as temporary:
                _convert(source.path, temporary)
    return folder


def _convert(file: Path, folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        dtype=torch.float32,
        # Without it the model counts as quantised and cannot be saved.
        quantization_config=GgufConfig(dequantize=True),
    )
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    # The GGUF route loses two things that the model was trained with: digits read one by one,
    # and a padding token other than the end token.
    tokenizer.backend_tokenizer.pre_tokenizer = InSequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(0)
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.config.pad_token_id = 0
    model.half().save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
