"""Texts to vectors: length-sorted, token-budgeted, equal texts once, and kept where it pays."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor, nn

from gonogo import __version__
from gonogo.core.files import fingerprint, write_bytes
from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Device, Precision, Side, Similarity
from gonogo.evaluation.batched import ROWS_BUDGET, TOKEN_BUDGET, Runner, compute


@runtime_checkable
class Embedder(Protocol):
    """What encoding needs of a bi-encoder; its instances are ``nn.Module``."""

    pad_id: int
    similarity: Similarity

    @property
    def dimension(self) -> int:
        """Return the width of the embeddings."""
        ...

    def tokenize(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        """Return ids without padding."""
        ...

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return embeddings."""
        ...


def encode(
    encoder: Embedder,
    texts: Sequence[str],
    side: Side,
    *,
    device: Device,
    autocast: Callable[[], AbstractContextManager[object]],
    budget: int | None = None,
    progress: Progress | None = None,
    label: str = "encode",
) -> Float[ndarray, "n d"]:
    """Return one fp32 vector a text, in the order given.

    Args:
        encoder: a bi-encoder in evaluation mode.
        texts: possibly none.
        side: queries and passages may be framed differently.
        device: where the encoder is.
        autocast: opens the context of its number format, such as ``RetrievalModel.autocast``.
        budget: most tokens in one block; by default what suits the device.
        progress: shows a bar over distinct texts.
        label: name of the bar.
    """
    if not texts:
        return np.empty((0, encoder.dimension), np.float32)
    bar = (progress or Silent()).bar(label, len(set(texts)))
    runner = Runner(encoder, device, autocast, budget)
    try:
        return compute(texts, lambda part: encoder.tokenize(part, side), runner, bar)
    finally:
        bar.close()


def encode_cached(
    encode_now: Callable[[], Float[ndarray, "n d"]],
    cache: Path | None,
    key: Sequence[object],
) -> Float[ndarray, "n d"]:
    """Return vectors from a cache folder, memory-mapped, or encode and keep them.

    Args:
        encode_now: computes the vectors.
        cache: folder of ``.npy`` files; None keeps nothing.
        key: everything that the vectors depend on, as ``vector_key`` gives it.
    """
    if cache is None:
        return encode_now()
    path = cache / f"{fingerprint(list(key))}.npy"
    if not path.exists():
        buffer = io.BytesIO()
        np.save(buffer, encode_now(), allow_pickle=False)
        write_bytes(path, buffer.getvalue())
    vectors: Float[ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
    return vectors


def vector_key(
    encoder: nn.Module,
    settings: object,
    texts: Sequence[str],
    side: Side,
    device: Device,
    precision: Precision,
) -> list[object]:
    """Name everything that vectors depend on.

    Args:
        encoder: its weights are hashed as they are now, wherever they came from.
        settings: JSON-like description of how it frames, cuts and pools texts.
        texts: hashed in order.
        side: query or passage.
        device: kernels differ in the last bits.
        precision: the number format.
    """
    content = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        content.update(len(raw).to_bytes(8, "big") + raw)
    blocks = [TOKEN_BUDGET[device], ROWS_BUDGET, torch.get_num_threads()]
    how = [settings, side, device, precision, *blocks]
    versions = [__version__, torch.__version__]
    return [weights_hash(encoder), content.hexdigest(), *how, *versions]


def weights_hash(module: nn.Module) -> str:
    """Return a hash of every parameter and buffer, names included."""
    content = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        content.update(f"{name}|{value.dtype}|{tuple(value.shape)}".encode())
        content.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return content.hexdigest()
