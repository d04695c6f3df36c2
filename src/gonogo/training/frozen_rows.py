"""Heads on a frozen backbone: its vectors are computed once, and only the head is run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy import ndarray

from gonogo import __version__
from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Precision
from gonogo.evaluation.encoding import encode_cached, weights_hash
from gonogo.models.module import FrozenEncoder
from gonogo.training.chunked import ChunkedOutput, ChunkSettings, Forward, forward_chunks
from gonogo.training.token_rows import TokenRows

_BLOCK = 4096


class FrozenRows:
    """Embeds stored rows by their numbers, as ``forward_distinct`` does, without the backbone.

    Args:
        encoder: whose backbone never changes.
        tokens: the rows, all of them added already.
        settings: how rows become forward passes, this once.
        precision: the number format of the model.
        cache: folder where the vectors are kept for other arms and seeds; None keeps nothing.
        progress: shown a bar.
        label: the bar's.
    """

    def __init__(
        self,
        encoder: FrozenEncoder,
        tokens: TokenRows,
        settings: ChunkSettings,
        *,
        precision: Precision,
        cache: Path | None = None,
        progress: Progress | None = None,
        label: str = "encode once",
    ) -> None:
        self._project, self._device = encoder.project, settings.device
        self._autocast = settings.autocast

        def now() -> Float[ndarray, "n d"]:
            return _encode(encoder.base, tokens, settings, progress or Silent(), label)

        vectors = np.array(
            encode_cached(now, cache, _key(encoder, tokens, settings, precision))
        )  # a copy: the file stays as it is
        self._base = torch.from_numpy(vectors).to(settings.device)

    def __call__(self, numbers: Int64[np.ndarray, " n"]) -> ChunkedOutput:
        """Return one embedding a number, each distinct row projected once."""
        distinct, places = np.unique(numbers, return_inverse=True)
        base = self._base[torch.from_numpy(distinct).to(self._device)]
        with self._autocast():  # as where the backbone learns, or the arms' heads would differ
            projected = self._project(base).float()
        return ChunkedOutput(projected[torch.from_numpy(places).to(self._device)], 0, 0)


def _key(
    encoder: FrozenEncoder, tokens: TokenRows, settings: ChunkSettings, precision: Precision
) -> list[object]:
    """Return everything that the pooled vectors depend on."""
    how = [encoder.pooling, precision, settings.device, settings.budget, torch.get_num_threads()]
    return [
        weights_hash(encoder.backbone),
        _content(tokens),
        *how,
        __version__,
        torch.__version__,
    ]


def _content(tokens: TokenRows) -> str:
    content = hashlib.sha256()
    for row in range(len(tokens)):
        raw = np.asarray(tokens[row], dtype=np.int64).tobytes()
        content.update(len(raw).to_bytes(8, "big") + raw)
    return content.hexdigest()


@torch.no_grad()
def _encode(
    base: Forward, tokens: TokenRows, settings: ChunkSettings, progress: Progress, label: str
) -> Float[ndarray, "n d"]:
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    bar = progress.bar(label, len(order))
    blocks = []
    for start in range(0, len(order), _BLOCK):
        rows = [tokens[row] for row in order[start : start + _BLOCK]]
        blocks.append(forward_chunks(base, rows, settings).rows.cpu().numpy())
        bar.advance(len(rows))
    bar.close()
    vectors = np.concatenate(blocks)
    placed = np.empty_like(vectors)
    placed[order] = vectors
    return placed
