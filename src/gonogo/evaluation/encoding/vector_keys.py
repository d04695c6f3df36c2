"""The names under which vectors are kept: each says everything that they depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from gonogo.core.files import fingerprint
from gonogo.core.types import Precision, Side
from gonogo.core.version import __version__
from gonogo.evaluation.encoding.batched import Runner
from gonogo.evaluation.encoding.encoding import Embedder
from gonogo.models.parts.tokenization import TextTokenizer

FORMAT = 2
"""Raised when another vector would be kept under the same key."""


def vector_key(
    module: nn.Module,
    content: Sequence[object],
    how: object,
    runner: Runner,
    precision: Precision,
) -> str:
    """Return the name of vectors.

    Args:
        module: its weights are hashed as they are now, wherever they came from.
        content: what was encoded, such as `read_as` gives it.
        how: JSON-like description of what becomes of it, such as the pooling.
        runner: kernels and layouts differ in the last bits.
        precision: the number format.
    """
    versions = [FORMAT, __version__, torch.__version__]
    machine = [runner.device, precision, *runner.layout()]
    return fingerprint([weights_hash(module), *content, how, machine, versions])


def read_as(encoder: Embedder, texts: Sequence[str], side: Side) -> list[object]:
    """Return hashes of texts, of what turns them into token ids, and of what stands around them.

    The corpus itself is not tokenised for it: vectors that are kept are found in no time.

    Raises:
        TypeError: for an encoder that holds no tokenizer; its vectors would be kept under the name
            of those that another one gave.
    """
    frame = encoder.tokenize([""], side)[0]
    return [content_hash(_bytes(text) for text in texts), _tokenizer_hash(encoder), frame]


def content_hash(items: Iterable[bytes]) -> str:
    """Return a hash of items in order; no two lists run together."""
    content = hashlib.sha256()
    for raw in items:
        content.update(len(raw).to_bytes(8, "big") + raw)
    return content.hexdigest()


def weights_hash(module: nn.Module) -> str:
    """Return a hash of every parameter and buffer, names included."""
    content = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        content.update(f"{name}|{value.dtype}|{tuple(value.shape)}".encode())
        content.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return content.hexdigest()


def _tokenizer_hash(encoder: Embedder) -> str:
    """Return a hash of the tokenizer as the tokenizers library writes it: vocabulary and rules."""
    held = [value for value in vars(encoder).values() if isinstance(value, TextTokenizer)]
    if not held:
        raise TypeError(f"a {type(encoder).__name__} holds no tokenizer")
    return content_hash(
        tokenizer.saved.backend_tokenizer.to_str().encode("utf-8", "surrogatepass")
        for tokenizer in held
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
