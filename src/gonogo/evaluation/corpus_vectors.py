"""Vectors of a corpus under any head: computed once by the backbone, kept, memory-mapped.

The head is no part of what they depend on, so all arms, seeds and reference rows that stand on one
frozen backbone share them.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float, Int, Shaped
from numpy import ndarray
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder, fingerprint, sha256_file
from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Side
from gonogo.data.loading import load_corpus
from gonogo.data.places import find_file
from gonogo.data.vector_files import read_vectors, write_array
from gonogo.evaluation.encoding import encode, weights_hash
from gonogo.models.bi_encoder import BiEncoder
from gonogo.models.packed_encoder import packed
from gonogo.models.retrieval_model import RetrievalModel
from gonogo.models.vector_model import VectorModel
from gonogo.spec.model import Frozen
from gonogo.spec.vector_data import CorpusSpec, VectorFile

_FORMAT = 1  # raised when another vector would be kept under the same key
_SHARD = 2048  # distinct texts between two saves: two minutes of one core at most
_BLOCK = 8192  # rows projected at once


class Pooled:
    """A bi-encoder as far as its pooled vectors: what heads stand on.

    Args:
        encoder: in evaluation mode.
    """

    def __init__(self, encoder: BiEncoder) -> None:
        self._encoder = encoder
        self.pad_id, self.similarity = encoder.pad_id, encoder.similarity

    @property
    def dimension(self) -> int:
        """Return the width of the pooled vectors."""
        return self._encoder.backbone.dimension

    def tokenize(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        """Return ids without padding."""
        return self._encoder.tokenize(texts, side)

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return fp32 pooled vectors, not normalised."""
        return self._encoder.base(input_ids, attention_mask)

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n d"]] | None:
        """Return the same for rows of ids without padding, where there is a faster form."""
        forward = packed(self._encoder.backbone)
        if forward is None:
            return None

        def pooled(rows: list[list[int]]) -> Float[Tensor, "n d"]:
            return forward.pooled(rows, self._encoder.pooling)

        return pooled


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
        model: its backbone and pooling count, its head does not.
        texts: in the order of the rows.
        side: queries and passages may be framed and cut differently.
        label: name of the bar.
        progress: shown a bar over distinct texts.
        cache: folder of the kept vectors; by default the user's own.

    Returns:
        fp32 vectors before any projection, as the pooling gives them.
    """
    folder = cache or cache_folder("vectors")
    key = base_key(model, texts, side)
    path = folder / f"{key}.npy"
    if not path.exists():
        with FileLock(folder / f"{key}.lock"):
            if not path.exists():
                _encode(model, texts, side, path, label, progress or Silent())
    vectors: Float[ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
    return vectors


def base_key(model: RetrievalModel, texts: Sequence[str], side: Side) -> str:
    """Return the name of everything that pooled vectors depend on."""
    encoder = model.bi_encoder
    content = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        content.update(len(raw).to_bytes(8, "big") + raw)
    frame = encoder.tokenize([""], side)[0]
    longest = getattr(model.spec.lengths, side)
    how = [encoder.pooling, frame, longest, model.device, model.precision]
    return "base-" + fingerprint(
        [_FORMAT, weights_hash(encoder.backbone), content.hexdigest(), *how, torch.__version__]
    )


def _encode(
    model: RetrievalModel,
    texts: Sequence[str],
    side: Side,
    path: Path,
    label: str,
    progress: Progress,
) -> None:
    """Encode distinct texts in shards, the longest first, and join them in the texts' order."""
    distinct = sorted(set(texts), key=lambda text: (-len(text), text))
    place = {text: number for number, text in enumerate(distinct)}
    work = path.with_suffix(".unfinished")
    work.mkdir(exist_ok=True)
    shards = [distinct[at : at + _SHARD] for at in range(0, len(distinct), _SHARD)]
    files = [work / f"{number:06d}.npy" for number in range(len(shards))]
    done = sum(len(shard) for shard, file in zip(shards, files, strict=True) if file.exists())
    bar = progress.bar(label, len(distinct), done=done)
    encoder = Pooled(model.bi_encoder)
    model.eval()
    try:
        for shard, file in zip(shards, files, strict=True):
            if not file.exists():
                write_array(
                    file,
                    encode(encoder, shard, side, device=model.device, autocast=model.autocast),
                )
                bar.advance(len(shard))
    finally:
        bar.close()
    whole = np.concatenate([np.load(file, allow_pickle=False) for file in files])
    write_array(path, whole[[place[text] for text in texts]])
    shutil.rmtree(work)


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
    *,
    beside: Path | None = None,
    progress: Progress | None = None,
) -> CorpusVectors:
    """Return the vectors of a corpus: given in a file, or encoded by the model's own backbone.

    Raises:
        UserError: for data that cannot be read, vectors of another width than the model's, or
            texts for a model that reads none.
    """
    if isinstance(data, VectorFile):
        vectors = _given(data, beside)
    elif isinstance(model, VectorModel):
        raise UserError(
            f"{data.name!r} holds texts, and this model reads vectors",
            place="model.kind",
            hint="name a file of vectors, or give a text model a projection",
        )
    else:
        corpus = load_corpus(data, beside=beside)
        vectors = CorpusVectors(
            data.name,
            corpus.ids,
            base_vectors(model, corpus.texts, label=f"{data.name}: vectors", progress=progress),
            base_key(model, corpus.texts, "passage"),
        )
    if vectors.base.shape[1] != (wide := base_dimension(model)):
        raise UserError(
            f"{vectors.name!r} holds vectors of {vectors.base.shape[1]} numbers, but the model's"
            f" head reads {wide}",
            place="model.dimension",
        )
    return vectors


def stands_on_frozen(model: RetrievalModel) -> bool:
    """Tell whether a model is a head on a backbone that never learns."""
    return isinstance(model.spec.adapter, Frozen) and model.spec.projection is not None


def base_dimension(model: RetrievalModel | VectorModel) -> int:
    """Return the width of the vectors that a model's head reads."""
    if isinstance(model, VectorModel):
        return model.spec.dimension
    return model.bi_encoder.backbone.dimension


def _given(data: VectorFile, beside: Path | None) -> CorpusVectors:
    path = find_file(data.path, beside=beside)
    vectors = read_vectors(path, data.key)
    key = "given-" + fingerprint([_FORMAT, sha256_file(path), data.key])
    return CorpusVectors(data.name, _RowNames(len(vectors)), vectors, key)


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
