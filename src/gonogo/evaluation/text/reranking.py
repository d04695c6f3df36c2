"""Reranking: score BM25's candidates by the cross-encoder and order them by its logits.

A decoder reads what all pairs of a query begin with (instructions and query, some 77 tokens) once:
1.6 times as fast on 64 tokens of document, 1.2 times on 200, the same on 400 (docs/lab-log.md).
"""

from __future__ import annotations

from itertools import groupby

from gonogo.core.progress import Bar, Progress
from gonogo.core.types import Ranking
from gonogo.data.files.trec import ranked
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.encoding.batched import Runner, compute
from gonogo.evaluation.text.candidates import Rows
from gonogo.models.backbone.shared_prefix import common_prefix
from gonogo.models.text.retrieval_model import RetrievalModel


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
        For each query its candidates with their logits, ties by document id descending.
    """
    model.eval()
    ids, texts = dataset.corpus.ids, dataset.corpus.texts
    wanted = [(query, row) for query, found in candidates.items() for row, _ in found]
    pairs = [(dataset.queries[query], texts[row]) for query, row in wanted]
    scored: dict[str, dict[str, float]] = {query: {} for query in candidates}
    logits = pair_logits(model, pairs, dataset.name, progress)
    for (query, row), score in zip(wanted, logits, strict=True):
        scored[query][ids[row]] = score
    return {query: ranked(found) for query, found in scored.items()}


def pair_logits(
    model: RetrievalModel, pairs: list[tuple[str, str]], name: str, progress: Progress
) -> list[float]:
    """Return the logit of each (query, document) pair, in the order given.

    Args:
        model: offers a cross-encoder, in evaluation mode.
        pairs: equal ones are computed once.
        name: of the bar.
        progress: shows a bar over distinct pairs.
    """
    if not pairs:
        return []
    encoder = model.cross_encoder
    bar = progress.bar(f"{name}: pairs", len(set(pairs)))
    try:
        if encoder.shares_prefixes:
            found = _by_query(model, set(pairs), bar)
            return [found[pair] for pair in pairs]
        runner = Runner(encoder, model.device, model.autocast)
        scores: list[float] = compute(pairs, encoder.tokenize, runner, bar).tolist()
        return scores
    finally:
        bar.close()


def _by_query(
    model: RetrievalModel, pairs: set[tuple[str, str]], bar: Bar
) -> dict[tuple[str, str], float]:
    """Score the pairs of one query after another, their common beginning once."""
    encoder, scores = model.cross_encoder, dict[tuple[str, str], float]()
    for _, group in groupby(sorted(pairs), key=lambda pair: pair[0]):
        asked = list(group)
        rows = encoder.tokenize(asked)
        shared = common_prefix(rows)
        rest = encoder.after(rows[0][:shared]) if shared else encoder
        with Runner(rest, model.device, model.autocast).opened() as values_of:
            for chunk, values in values_of([row[shared:] for row in rows]):
                scores |= {asked[at]: float(value) for at, value in zip(chunk, values, strict=True)}
                bar.advance(len(chunk))
    return scores
