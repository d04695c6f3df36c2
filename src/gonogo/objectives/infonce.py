"""InfoNCE with the five-part denominator of Qwen3-Embedding (arXiv 2506.05176, section 2.2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gonogo.core.types import Similarity
from gonogo.objectives.rows import at_least_fp32
from gonogo.objectives.similarity import similarities

_PAIRS = 1 << 20
"""Pairs of query and document in a block, so that memory grows with the batch, not its square."""


def infonce(
    queries: Float[Tensor, "b d"],
    positives: Float[Tensor, "b d"],
    negatives: Float[Tensor, "b k d"],
    *,
    temperature: float,
    false_negative_margin: float | None,
    query_query: bool = True,
    document_document: bool = True,
    other_negatives: bool = False,
    relevant: Bool[Tensor, "b b"] | None = None,
    negative_kept: Bool[Tensor, "b k"] | None = None,
    same_query: Bool[Tensor, "b b"] | None = None,
    negative_relevant: Bool[Tensor, "b b k"] | None = None,
    similarity: Similarity = "cosine",
) -> Float[Tensor, ""]:
    r"""Return ``-mean_i log(exp(s(q_i, d_i+) / t) / Z_i)``.

    ::

        Z_i = e^{s(q_i, d_i+)/t}                       the positive
            + sum_k     m_ik e^{s(q_i, d_ik-)/t}       its own hard negatives
            + sum_{j≠i} m_ij e^{s(q_i, q_j)/t}         query to query
            + sum_{j≠i} m_ij e^{s(d_i+, d_j+)/t}       document to document
            + sum_{j≠i} m_ij e^{s(q_i, d_j+)/t}        query to the other positives
            + sum_{j≠i} sum_k m_ijk e^{s(q_i, d_jk-)/t}   and, where asked for, to their negatives

    A factor m is 0 where the term's similarity exceeds ``s(q_i, d_i+) + false_negative_margin``,
    and where ids, texts or judgements say that the two belong together. The last line is no part
    of Qwen3's; with it and without the third and fourth it is the loss of sentence-transformers'
    MultipleNegativesRankingLoss (Henderson et al. 2017, arXiv 1705.00652, section 4.4).

    Args:
        queries: embeddings of the queries.
        positives: embeddings of a relevant document for each query.
        negatives: embeddings of each query's own negatives; k may be 0.
        temperature: t, the divisor of similarities.
        false_negative_margin: in units of similarity, not of logits; None masks none by score.
        query_query: whether other queries stand in the denominator.
        document_document: whether other positives, compared with the own one, do.
        other_negatives: whether other queries' hard negatives do.
        relevant: [i, j] true where positive j answers query i too (same id or text, or judged).
        negative_kept: false for rows that only pad, and for negatives known to be relevant.
        same_query: [i, j] true where queries i and j share their text, and so their answers.
        negative_relevant: [i, j, k] true where negative k of query j answers query i.
        similarity: how the embeddings are compared.
    """
    # Under autocast the products would be rounded to bf16: 3 digits, divided by 0.05.
    with torch.autocast(queries.device.type, enabled=False):
        queries, positives = at_least_fp32(queries), at_least_fp32(positives)
        negatives = at_least_fp32(negatives)
        apart = _apart(positives, relevant, same_query)
        others = negatives.flatten(0, 1)
        not_own = _not_own(negatives, negative_kept, negative_relevant) if other_negatives else None

        def summed(rows: slice) -> Float[Tensor, ""]:
            pairs = similarities(queries[rows], positives, similarity)
            own = pairs.diagonal(rows.start)
            hard = similarities(queries[rows].unsqueeze(1), negatives[rows], similarity).squeeze(1)
            kept = torch.ones_like(hard, dtype=torch.bool)
            terms = [(hard, kept if negative_kept is None else negative_kept[rows])]
            terms += [(pairs, apart[rows])]
            # Two queries, or two documents, that share an answer either way stay out.
            both = apart[rows] & apart.T[rows]
            sides = [queries] * query_query + [positives] * document_document
            terms += [(similarities(one[rows], one, similarity), both) for one in sides]
            if not_own is not None:
                terms += [(similarities(queries[rows], others, similarity), not_own[rows])]
            values, masks = (torch.cat(parts, dim=1) for parts in zip(*terms, strict=True))
            if false_negative_margin is not None:
                masks = masks & (values <= own.unsqueeze(1) + false_negative_margin)
            negative = values.masked_fill(~masks, -torch.inf)
            logits = torch.cat([own.unsqueeze(1), negative], dim=1) / temperature
            return (logits.logsumexp(dim=1) - logits[:, 0]).sum()

        width = len(queries) + (len(others) if other_negatives else 0)
        return _over_blocks(summed, len(queries), width) / len(queries)


def _over_blocks(summed: Callable[[slice], Tensor], size: int, width: int) -> Float[Tensor, ""]:
    """Add up blocks of queries; beyond one block each is computed anew for its gradient."""
    step = max(1, _PAIRS // width)
    if step >= size:
        return summed(slice(0, size))
    sums = [
        checkpoint(
            summed, slice(start, start + step), use_reentrant=False, preserve_rng_state=False
        )
        for start in range(0, size, step)
    ]
    return torch.stack(sums).sum()


def _apart(
    positives: Float[Tensor, "b d"],
    relevant: Bool[Tensor, "b b"] | None,
    same_query: Bool[Tensor, "b b"] | None,
) -> Bool[Tensor, "b b"]:
    """Return where positive j may be a negative of query i; never on the diagonal."""
    together = torch.eye(len(positives), dtype=torch.bool, device=positives.device)
    for known in (relevant, same_query):
        together = together if known is None else together | known
    return ~together


def _not_own(
    negatives: Float[Tensor, "b k d"],
    kept: Bool[Tensor, "b k"] | None,
    relevant: Bool[Tensor, "b b k"] | None,
) -> Bool[Tensor, "b m"]:
    """Return which hard negatives of all queries, row behind row, may stand against query i."""
    size, count, _ = negatives.shape
    own = torch.eye(size, dtype=torch.bool, device=negatives.device)
    wanted = ~own.unsqueeze(2).expand(size, size, count)
    wanted = wanted if kept is None else wanted & kept
    wanted = wanted if relevant is None else wanted & ~relevant
    return wanted.flatten(1)
