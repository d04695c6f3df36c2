"""Nearest neighbours by the vectors that a head stands on, and whether its embeddings keep them.

A document is never its own neighbour: left among them, it would cap the recall of the ten nearest
at 0.9 on one side and be found for nothing on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock
from jaxtyping import Float, Int, Int64, Shaped
from numpy import ndarray

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder
from gonogo.core.progress import Progress, Silent
from gonogo.core.seeds import generator
from gonogo.core.types import Qrels, Ranking, Similarity
from gonogo.data.vectors.held_out import hold_out
from gonogo.data.vectors.vector_files import write_array
from gonogo.data.vectors.vectors import row_blocks
from gonogo.evaluation.encoding.corpus_vectors import CorpusVectors, embed
from gonogo.evaluation.search.approximate_index import approximate_top_k
from gonogo.evaluation.search.search import Filters, top_k
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation_tasks import NeighbourEvaluation

_KEPT = 100  # neighbours kept of each document, so that smaller k are columns of one file
_RUN = 8192  # documents searched between two steps of a bar


class Nearest(NamedTuple):
    """Nearest documents, the first the nearest, ties by row."""

    cosines: Float[ndarray, "n k"]
    rows: Int[ndarray, "n k"]


def true_neighbours(
    vectors: CorpusVectors, k: int, *, progress: Progress | None = None, cache: Path | None = None
) -> Nearest:
    """Return each document's k nearest others by exact search, memory-mapped.

    Args:
        vectors: of the corpus; compared by cosine.
        k: how many.
        progress: shown a bar where they are not kept yet.
        cache: folder of the kept neighbours; by default the user's own.

    Raises:
        UserError: if the corpus has no k other documents.
    """
    if k >= len(vectors):
        raise UserError(
            f"{k} neighbours in a corpus of {len(vectors)} documents",
            place=vectors.name,
            hint=f"at most {len(vectors) - 1}",
        )
    folder = cache or cache_folder("neighbours")
    kept = min(max(k, _KEPT), len(vectors) - 1)
    cosines, rows = (folder / f"{vectors.key}-{kept}-{what}.npy" for what in ("cosines", "rows"))
    if not rows.exists():
        with FileLock(folder / f"{vectors.key}.lock"):
            if not rows.exists():
                found = _search_all(vectors, kept, progress or Silent())
                write_array(cosines, found.cosines)
                write_array(rows, found.rows)  # last: it says that both are there
    scores, places = (np.load(file, mmap_mode="r", allow_pickle=False) for file in (cosines, rows))
    return Nearest(scores[:, :k], places[:, :k])


def _search_all(vectors: CorpusVectors, k: int, progress: Progress) -> Nearest:
    bar = progress.bar(f"{vectors.name}: neighbours", len(vectors))
    parts = []
    try:
        for asked in row_blocks(len(vectors), _RUN):
            parts.append(nearest_others(vectors.base, asked, k, "cosine"))
            bar.advance(len(asked))
    finally:
        bar.close()
    cosines, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Nearest(cosines, rows.astype(np.int32))


def nearest_others(
    vectors: Shaped[ndarray, "n d"], asked: Int64[ndarray, "q"], k: int, similarity: Similarity
) -> Nearest:
    """Return the k documents nearest to each asked row, itself left out, by exact search."""
    own = Filters(exclude=[[row] for row in asked.tolist()])
    return Nearest(*top_k(np.asarray(vectors[asked]), vectors, k, similarity, filters=own))


def kept_share(
    found: Int[ndarray, "q k"], true: Int[ndarray, "q k"]
) -> tuple[Float[ndarray, "q"], Float[ndarray, "q"]]:
    """Return R@k and nDCG@k of each row, where the k true neighbours are equally relevant."""
    hits = (found[:, :, None] == true[:, None, :]).any(axis=2)
    discounts = 1 / np.log2(np.arange(found.shape[1]) + 2)
    return hits.mean(axis=1), (hits * discounts).sum(axis=1) / discounts.sum()


def neighbours_kept(
    model: RetrievalModel | VectorModel,
    vectors: CorpusVectors,
    protocol: NeighbourEvaluation,
    *,
    progress: Progress | None = None,
) -> tuple[Ranking, Qrels]:
    """Return what the embeddings hold for nearest, and what truly is, for each asked document.

    Raises:
        UserError: if too many documents are held out, or an index is asked for that is not
            installed.
    """
    asked, k = asked_rows(vectors, protocol), protocol.k
    embeddings = embed(model, vectors.base)
    exact = nearest_others(embeddings, asked, k, model.similarity)
    match protocol.against:
        case "teacher":
            found = exact
            true = true_neighbours(vectors, k, progress=progress).rows[asked]
        case "exact":
            found = Nearest(*approximate_top_k(embeddings, asked, k, model.similarity))
            true = exact.rows
    ids = vectors.ids
    names = [ids[row] for row in asked.tolist()]
    ranking = {name: _scored(ids, *row) for name, *row in zip(names, *found, strict=True)}
    qrels = {name: _relevant(ids, row) for name, row in zip(names, true, strict=True)}
    return ranking, qrels


def asked_rows(vectors: CorpusVectors, protocol: NeighbourEvaluation) -> Int64[ndarray, "q"]:
    """Return the rows that an evaluation asks, the same for every model."""
    parts = hold_out(vectors.base, protocol.held_out)
    rows = parts.evaluation if protocol.queries == "held_out" else parts.anchors
    drawn = generator(0, "asked", protocol.queries, len(vectors)).permutation(len(rows))
    return np.sort(rows[drawn[: protocol.most_queries]])


def _scored(
    ids: Sequence[str], scores: Float[ndarray, "k"], rows: Int[ndarray, "k"]
) -> list[tuple[str, float]]:
    pairs = zip(rows.tolist(), scores.tolist(), strict=True)
    return [(ids[row], score) for row, score in pairs if row >= 0]


def _relevant(ids: Sequence[str], rows: Int[ndarray, "k"]) -> dict[str, int]:
    return {ids[row]: 1 for row in rows.tolist()}
