"""Heads on a frozen backbone: its vectors are computed once, and only the head is run."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Int64

from gonogo.core.progress import Progress
from gonogo.core.types import Precision
from gonogo.evaluation.encoding.batched import Runner, compute_rows
from gonogo.evaluation.encoding.kept_vectors import kept_vectors
from gonogo.evaluation.encoding.pooled import Pooled
from gonogo.evaluation.encoding.vector_keys import content_hash, vector_key
from gonogo.models.parts.emitted import with_emitted
from gonogo.models.parts.module import FrozenEncoder
from gonogo.models.parts.pooling import Pooling
from gonogo.training.passes.chunked import ChunkedOutput, ChunkSettings
from gonogo.training.passes.token_rows import TokenRows


class FrozenRows:
    """Embeds stored rows by their numbers, as ``forward_distinct`` does, without the backbone.

    The vectors are computed as those of an evaluation are, in the faster form of the backbone
    where it has one and by blocks that suit the device, so the training's token budget does not
    matter here.

    Args:
        encoder: whose backbone never changes.
        tokens: the rows, all of them added already.
        settings: device and number format.
        precision: the number format's name.
        cache: folder where the vectors are kept for other arms and seeds.
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
        cache: Path,
        progress: Progress | None = None,
        label: str = "encode once",
    ) -> None:
        self._project, self._device = encoder.project, settings.device
        self._autocast = settings.autocast
        pooling = cast(Pooling, encoder.pooling)
        pooled = Pooled(encoder.base, encoder.backbone, pooling, settings.pad_id)
        runner = Runner(pooled, settings.device, settings.autocast)
        content = content_hash(_bytes(tokens[row]) for row in range(len(tokens)))
        key = vector_key(encoder.backbone, [content], encoder.pooling, runner, precision)
        kept = kept_vectors(
            cache / f"rows-{key}.npy",
            range(len(tokens)),
            lambda shard: compute_rows([tokens[row] for row in shard], runner),
            size=lambda row: len(tokens[row]),
            label=label,
            progress=progress,
        )
        self._base = torch.from_numpy(np.array(kept)).to(settings.device)  # the file stays as it is

    def __call__(self, numbers: Int64[np.ndarray, " n"]) -> ChunkedOutput:
        """Return one embedding a number, each distinct row projected once."""
        distinct, places = np.unique(numbers, return_inverse=True)
        base = self._base[torch.from_numpy(distinct).to(self._device)]
        with self._autocast():  # as where the backbone learns, or the arms' heads would differ
            projected, told = with_emitted(self._project, base)
        rows = projected.float()[torch.from_numpy(places).to(self._device)]
        return ChunkedOutput(rows, 0, 0, told)


def _bytes(ids: list[int]) -> bytes:
    return np.asarray(ids, dtype=np.int64).tobytes()
