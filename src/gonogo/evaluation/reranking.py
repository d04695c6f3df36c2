"""Reranking: score BM25's candidates by the cross-encoder and order them by its logits.

The 77 tokens that all pairs of a query share could be computed once and their keys and values be
reused. A first measurement on a busy CPU (docs/lab-log.md) saw no gain worth the second code path,
so it is not done.
"""

from __future__ import annotations

from gonogo.core.progress import Progress
from gonogo.core.types import Ranking
from gonogo.data.datasets import RetrievalDataset
from gonogo.evaluation.batched import Runner, compute
from gonogo.evaluation.candidates import Rows
from gonogo.models.retrieval_model import RetrievalModel


def rerank(
    model: RetrievalModel,
    dataset: RetrievalDataset,
    candidates: Rows,
    *,
    progress: Progress,
) -> Ranking:
    """Order each query's candidates anew.

    The raw logit decides: a sigmoid would saturate, and make ties, in half precision.

    Args:
        model: offers a cross-encoder; it is left in evaluation mode.
        dataset: the texts of queries and documents.
        candidates: corpus rows of each query; their scores play no part.
        progress: shows a bar over distinct pairs.

    Returns:
        For each query its candidates with their logits, ties by document id.
    """
    model.eval()
    ids, texts = dataset.corpus.ids, dataset.corpus.texts
    wanted = [(query, row) for query, found in candidates.items() for row, _ in found]
    pairs = [(dataset.queries[query], texts[row]) for query, row in wanted]
    ranking: dict[str, list[tuple[str, float]]] = {query: [] for query in candidates}
    logits = _logits(model, pairs, dataset.name, progress)
    for (query, row), score in zip(wanted, logits, strict=True):
        ranking[query].append((ids[row], score))
    return {
        query: sorted(found, key=lambda scored: (-scored[1], scored[0]))
        for query, found in ranking.items()
    }


def _logits(
    model: RetrievalModel, pairs: list[tuple[str, str]], name: str, progress: Progress
) -> list[float]:
    if not pairs:
        return []
    encoder = model.cross_encoder
    runner = Runner(encoder, model.device, model.autocast)
    bar = progress.bar(f"{name}: pairs", len(set(pairs)))
    try:
        scores: list[float] = compute(pairs, encoder.tokenize, runner, bar).tolist()
    finally:
        bar.close()
    return scores
