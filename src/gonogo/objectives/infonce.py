"""InfoNCE with the five-part denominator of Qwen3-Embedding (arXiv 2506.05176, section 2.2)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import at_least_fp32
from gonogo.objectives.similarity import similarities


def infonce(
    queries: Float[Tensor, "b d"],
    positives: Float[Tensor, "b d"],
    negatives: Float[Tensor, "b k d"],
    *,
    temperature: float,
    false_negative_margin: float | None,
    query_query: bool = True,
    document_document: bool = True,
    relevant: Bool[Tensor, "b b"] | None = None,
    negative_kept: Bool[Tensor, "b k"] | None = None,
    same_query: Bool[Tensor, "b b"] | None = None,
    similarity: Similarity = "cosine",
) -> Float[Tensor, ""]:
    r"""Return ``-mean_i log(exp(s(q_i, d_i+) / t) / Z_i)``.

    ::

        Z_i = e^{s(q_i, d_i+)/t}                       the positive
            + sum_k     m_ik e^{s(q_i, d_ik-)/t}       its own hard negatives
            + sum_{j≠i} m_ij e^{s(q_i, q_j)/t}         query to query
            + sum_{j≠i} m_ij e^{s(d_i+, d_j+)/t}       document to document
            + sum_{j≠i} m_ij e^{s(q_i, d_j+)/t}        query to the other positives

    A factor m is 0 where the term's similarity exceeds ``s(q_i, d_i+) + false_negative_margin``,
    and where ids, texts or judgements say that the two belong together.

    Args:
        queries: embeddings of the queries.
        positives: embeddings of a relevant document for each query.
        negatives: embeddings of each query's own negatives; k may be 0.
        temperature: t, the divisor of similarities.
        false_negative_margin: in units of similarity, not of logits; None masks none by score.
        query_query: whether other queries stand in the denominator.
        document_document: whether other positives, compared with the own one, do.
        relevant: [i, j] true where positive j answers query i too (same id or text, or judged).
        negative_kept: false for rows that only pad, and for negatives known to be relevant.
        same_query: [i, j] true where queries i and j share their text, and so their answers.
        similarity: how the embeddings are compared.
    """
    # Under autocast the products would be rounded to bf16: 3 digits, divided by 0.05.
    with torch.autocast(queries.device.type, enabled=False):
        queries, positives = at_least_fp32(queries), at_least_fp32(positives)
        negatives = at_least_fp32(negatives)
        pairs = similarities(queries, positives, similarity)
        own = pairs.diagonal()
        apart = _apart(pairs, relevant, same_query)
        hard = similarities(queries.unsqueeze(1), negatives, similarity).squeeze(1)
        kept = torch.ones_like(hard, dtype=torch.bool) if negative_kept is None else negative_kept
        terms = [(hard, kept), (pairs, apart)]
        sides = [queries] * query_query + [positives] * document_document
        # Two queries, or two documents, that share an answer either way stay out.
        terms += [(similarities(one, one, similarity), apart & apart.T) for one in sides]
        values, masks = (torch.cat(parts, dim=1) for parts in zip(*terms, strict=True))
        if false_negative_margin is not None:
            masks = masks & (values <= own.unsqueeze(1) + false_negative_margin)
        others = values.masked_fill(~masks, -torch.inf)
        logits = torch.cat([own.unsqueeze(1), others], dim=1) / temperature
        return (logits.logsumexp(dim=1) - logits[:, 0]).mean()


def _apart(
    pairs: Float[Tensor, "b b"],
    relevant: Bool[Tensor, "b b"] | None,
    same_query: Bool[Tensor, "b b"] | None,
) -> Bool[Tensor, "b b"]:
    """Return where positive j may be a negative of query i; never on the diagonal."""
    together = torch.eye(len(pairs), dtype=torch.bool, device=pairs.device)
    for known in (relevant, same_query):
        together = together if known is None else together | known
    return ~together
