"""Vectors of a corpus under any head: computed once by the backbone, kept, memory-mapped.

The head is no part of what they depend on, so all arms, seeds and reference rows that stand on one
frozen backbone share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import torch
from jaxtyping import Float, Shaped
from numpy import ndarray

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder, fingerprint, sha256_file
from gonogo.core.progress import Progress
from gonogo.core.types import Side
from gonogo.core.workplace import Workplace
from gonogo.data.sources.given_vectors import given_vectors
from gonogo.data.sources.loading import load_corpus
from gonogo.evaluation.encoding.batched import Runner, compute_rows
from gonogo.evaluation.encoding.kept_vectors import kept_vectors
from gonogo.evaluation.encoding.pooled import Pooled
from gonogo.evaluation.encoding.vector_keys import FORMAT, read_as, vector_key
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.vector_data import CorpusSpec
from gonogo.spec.evaluation.evaluation_tasks import judged_data

_BLOCK = 8192  # rows projected at once


def base_vectors(
    model: RetrievalModel,
    texts: Sequence[str],
    side: Side = "passage",
    *,
    label: str = "vectors",
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Float[ndarray, "n d"]:
    """Return pooled vectors of texts, memory-mapped; what a killed run computed is not lost.

    Args:
        model: its backbone and pooling count, its head does not; left in evaluation mode.
        texts: in the order of the rows.
        side: queries and passages may be framed and cut differently.
        label: name of the bar.
        progress: shown a bar over distinct texts.
        cache: folder of the kept vectors; by default the user's own.

    Returns:
        fp32 vectors before any projection, as the pooling gives them.
    """
    runner, encoder = _runner(model), model.bi_encoder
    return kept_vectors(
        (cache or cache_folder("vectors")) / f"{base_key(model, texts, side)}.npy",
        texts,
        lambda shard: compute_rows(encoder.tokenize(shard, side), runner),
        size=len,
        label=label,
        progress=progress,
    )


def base_key(model: RetrievalModel, texts: Sequence[str], side: Side) -> str:
    """Return the name of everything that pooled vectors depend on."""
    encoder, longest = model.bi_encoder, getattr(model.spec.lengths, side)
    key = vector_key(
        encoder.backbone,
        read_as(encoder, texts, side),
        [encoder.pooling, longest],
        _runner(model),
        model.precision,
    )
    return f"base-{key}"


def _runner(model: RetrievalModel) -> Runner:
    model.eval()
    encoder = model.bi_encoder
    pooled = Pooled(encoder.base, encoder.backbone, encoder.pooling, encoder.pad_id)
    return Runner(pooled, model.device, model.autocast)


@dataclass(frozen=True)
class CorpusVectors:
    """The vectors of a corpus that heads stand on.

    Attributes:
        name: of the corpus.
        ids: of its documents; the numbers of the rows where a file has none.
        base: their vectors (n d), memory-mapped, of any length.
        key: names their content.
    """

    name: str
    ids: Sequence[str]
    base: Shaped[ndarray, "n d"]
    key: str

    def __len__(self) -> int:
        return len(self.base)


def corpus_vectors(
    data: CorpusSpec,
    model: RetrievalModel | VectorModel,
    workplace: Workplace,
) -> CorpusVectors:
    """Return the vectors of a corpus: given in a file, or encoded by the model's own backbone.

    Raises:
        UserError: for data that cannot be read, vectors of another width than the model's, or
            texts for a model that reads none.
    """
    given = given_vectors(data, beside=workplace.beside)
    if given is not None:
        found = given.read()
        key = "given-" + fingerprint([FORMAT, sha256_file(given.path), given.key])
        vectors = CorpusVectors(given.name, _RowNames(len(found)), found, key)
    elif isinstance(model, VectorModel):
        raise UserError(
            f"{data.name!r} holds texts, and this model reads vectors",
            place="model.kind",
            hint="name a file of vectors, or give a text model a projection",
        )
    else:
        corpus = load_corpus(judged_data(data), beside=workplace.beside)
        vectors = CorpusVectors(
            data.name,
            corpus.ids,
            base_vectors(
                model, corpus.texts, label=f"{data.name}: vectors", progress=workplace.progress
            ),
            base_key(model, corpus.texts, "passage"),
        )
    if vectors.base.shape[1] != (wide := model.base_dimension):
        raise UserError(
            f"{vectors.name!r} holds vectors of {vectors.base.shape[1]} numbers, but the model's"
            f" head reads {wide}",
            place="model.dimension",
        )
    return vectors


def stands_on_frozen(model: RetrievalModel) -> bool:
    """Tell whether a model is a head on a backbone that never learns."""
    return model.frozen_encoder() is not None and model.projection is not None


class _RowNames(Sequence[str]):
    """Row numbers as ids, without a list of them."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        rows = range(self._count)[row]
        return str(rows) if isinstance(rows, int) else list(map(str, rows))


def embed(
    model: RetrievalModel | VectorModel, base: Shaped[ndarray, "n d"]
) -> Float[ndarray, "n e"]:
    """Return a model's embeddings of the vectors that its head stands on, by blocks.

    The head computes in fp32 whatever the backbone does: bf16 outputs would reorder near ties.
    """
    parts = [np.empty((0, model.dimension), np.float32)]
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(base), _BLOCK):
            block = np.array(base[start : start + _BLOCK], dtype=np.float32)
            vectors = model.project(torch.from_numpy(block).to(model.device))
            parts.append(vectors.float().cpu().numpy())
    return np.concatenate(parts)
