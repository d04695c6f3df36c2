"""Full-corpus retrieval: embed everything, search exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from jaxtyping import Float
from numpy import ndarray
from torch import nn

from gonogo.core.progress import Progress
from gonogo.core.types import Ranking, Side
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.encoding.batched import Runner, compute_rows
from gonogo.evaluation.encoding.corpus_vectors import base_vectors, embed, stands_on_frozen
from gonogo.evaluation.encoding.embedding_model import EmbeddingModel
from gonogo.evaluation.encoding.encoding import encode
from gonogo.evaluation.encoding.kept_vectors import kept_vectors
from gonogo.evaluation.encoding.vector_keys import read_as, vector_key
from gonogo.evaluation.search.search import Filters, top_k
from gonogo.models.text.retrieval_model import RetrievalModel

PLURAL: dict[Side, str] = {"query": "queries", "passage": "passages"}


def rank_corpus(
    model: EmbeddingModel,
    dataset: RetrievalDataset,
    depth: int,
    *,
    progress: Progress,
    cache: Path | None = None,
) -> Ranking:
    """Rank the whole corpus for every query.

    Args:
        model: ours, or one that others trained; it is left in evaluation mode.
        dataset: corpus and queries.
        depth: documents kept a query.
        progress: shows a bar for each side.
        cache: folder in which corpus vectors are kept, for weights that are used again.

    Returns:
        For each query the best documents with their similarities, ties by document id descending
        as in trec_eval; a query that is a document itself never finds itself.
    """
    model.eval()
    corpus = dataset.corpus
    order = sorted(range(len(corpus)), key=corpus.ids.__getitem__)
    texts = [corpus.texts[row] for row in order]
    vectors = encode_with(model, texts, "passage", dataset.name, progress, cache)
    # Searched from the last id to the first, so that ties by row are trec_eval's ties.
    order.reverse()
    vectors = vectors[::-1]
    ids = [corpus.ids[row] for row in order]
    queries = encode_with(model, list(dataset.queries.values()), "query", dataset.name, progress)
    barred = _own_places(dataset, order)
    similarity = model.bi_encoder.similarity
    scores, rows = top_k(queries, vectors, depth, similarity, filters=Filters(exclude=barred))
    return {
        # row -1: all that is left of a small corpus is the query itself
        query: [(ids[row], score) for row, score in zip(found, values, strict=True) if row >= 0]
        for query, found, values in zip(
            dataset.queries, rows.tolist(), scores.tolist(), strict=True
        )
    }


def _own_places(dataset: RetrievalDataset, order: Sequence[int]) -> list[list[int]] | None:
    """Return, for each query, where it stands itself in the reordered corpus."""
    if not dataset.own_rows:
        return None
    place = {row: number for number, row in enumerate(order)}
    own = {query: [place[row]] for query, row in dataset.own_rows.items()}
    return [own.get(query, []) for query in dataset.queries]


def encode_with(
    model: EmbeddingModel,
    texts: Sequence[str],
    side: Side,
    name: str,
    progress: Progress,
    cache: Path | None = None,
) -> Float[ndarray, "n d"]:
    """Embed texts as a model does, from its cache folder if they are there.

    What lies under a head on a frozen backbone is always kept: all arms and seeds share it.
    """
    encoder, label = model.bi_encoder, f"{name}: {PLURAL[side]}"
    if isinstance(model, RetrievalModel) and _kept_below_the_head(model, cache):
        base = base_vectors(model, texts, side, label=label, progress=progress, cache=cache)
        return embed(model, base)
    if cache is None:
        return encode(
            encoder,
            texts,
            side,
            device=model.device,
            autocast=model.autocast,
            progress=progress,
            label=label,
        )
    settings = [model.spec.model_dump(mode="json", by_alias=True), side]
    module = cast(nn.Module, encoder)  # all embedders are modules
    runner = Runner(encoder, model.device, model.autocast)
    key = vector_key(module, read_as(encoder, texts, side), settings, runner, model.precision)
    return kept_vectors(
        cache / f"{key}.npy",
        texts,
        lambda shard: compute_rows(encoder.tokenize(shard, side), runner),
        size=len,
        label=label,
        progress=progress,
    )


def _kept_below_the_head(model: RetrievalModel, cache: Path | None) -> bool:
    return stands_on_frozen(model) or (cache is not None and model.frozen_encoder() is not None)
