"""Texts to vectors: length-sorted, token-budgeted, equal texts once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Device, Side, Similarity
from gonogo.evaluation.encoding.batched import Runner, compute


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
