"""Next vectors found in a bank: queries of contexts, their rankings, the rank of each target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray

from gonogo.core.types import Qrels, Ranking
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.vectors.vectors import row_blocks, unit_length
from gonogo.evaluation.next_vector.hubness import hub_scores, search_without_hubs
from gonogo.evaluation.search.search import Filters, Found, search
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.evaluation.evaluation_tasks import InvertedSoftmax

_TIE = 2e-6  # cosines nearer to each other than fp32 products can tell
_BATCH = 256  # contexts encoded at once

QuerySource = Callable[[NextVectors, Int[ndarray, "n"]], Float[ndarray, "n d"]]
"""From some pairs to a query for each: a tower, a heuristic, or the target itself."""


def encode_contexts(
    model: QueryTower, data: NextVectors, numbers: Int[ndarray, "n"], *, batch: int = _BATCH
) -> Float[ndarray, "n d"]:
    """Return the tower's query for each pair; the model is left as it is, but not in training.

    Raises:
        UserError: if the bank's vectors are not as wide as the tower's.
    """
    model.eval()
    model.check_width(data.bank.dimension, data.pairs.path)
    queries = np.empty((len(numbers), data.bank.dimension), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(numbers), batch):
            part = numbers[start : start + batch]
            context = torch.from_numpy(data.contexts(part)).to(model.device)
            present = torch.from_numpy(data.present(part)).to(model.device)
            with model.autocast():
                queries[start : start + len(part)] = model(context, present).cpu().numpy()
    return queries


def tower_queries(model: QueryTower) -> QuerySource:
    """Return a tower as a source of queries."""
    return lambda data, numbers: encode_contexts(model, data, numbers)


def find_next(
    queries: Float[ndarray, "n d"],
    data: NextVectors,
    numbers: Int[ndarray, "n"],
    depth: int,
    *,
    mask_context: bool = True,
) -> Found:
    """Search the whole bank, exactly, for the rows nearest to each query.

    Args:
        queries: one a pair.
        data: the bank, and the contexts.
        numbers: which pairs.
        depth: rows wanted a query.
        mask_context: leave out the rows of the query's own context.
    """
    filters = _masks(data, numbers, mask_context)
    return search(queries, data.bank.vectors, depth, "cosine", filters=filters)


def _masks(data: NextVectors, numbers: Int[ndarray, "n"], mask_context: bool) -> Filters:
    return Filters(exclude=data.own_rows(numbers) if mask_context else None)


def target_ranks(
    queries: Float[ndarray, "n d"],
    data: NextVectors,
    numbers: Int[ndarray, "n"],
    *,
    mask_context: bool = True,
    block: int = 8192,
) -> Int[ndarray, "n"]:
    """Return the rank of each target in the whole bank, from 1, without ranking anything else.

    One pass of products in fp32, a few times as fast as a search a thousand deep. What ties with
    the target, up to rounding, does not stand before it.
    """
    unit = unit_length(queries)
    own = np.einsum("nd,nd->n", unit, data.targets(numbers)) + np.float32(_TIE)
    nearer = np.zeros(len(numbers), dtype=np.int64)
    for rows in row_blocks(len(data.bank), block):
        nearer += (unit @ data.bank.take(rows).T > own[:, None]).sum(axis=1)
    if mask_context:
        for at, context in enumerate(data.own_rows(numbers)):
            near = data.bank.take(np.array(context, dtype=np.int64)) @ unit[at]
            nearer[at] -= int((near > own[at]).sum())
    return nearer + 1


def ranks(found: Found, targets: Int[ndarray, "n"]) -> Int[ndarray, "n"]:
    """Return the rank of each target among what was found, from 1; 0 where it was not found."""
    hits = found.rows == targets[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def recalls(rank: Int[ndarray, "n"], cutoffs: Sequence[int]) -> dict[str, float]:
    """Return the share of targets among the first k, for each k, as ``R@k``."""
    return {f"R@{k}": float(np.mean((rank > 0) & (rank <= k))) for k in cutoffs}


def fit_handicaps(
    source: QuerySource, data: NextVectors, hubness: InvertedSoftmax
) -> Float[ndarray, "rows"]:
    """Return what is taken off each bank row's cosine, fitted on training pairs of the data."""
    queries = source(data, data.sample(data.train, hubness.queries, "hubness"))
    handicaps: Float[ndarray, "rows"] = hubness.weight * hub_scores(
        queries, data.bank, hubness.temperature
    )
    return handicaps


def judged_rankings(
    source: QuerySource,
    data: NextVectors,
    *,
    depth: int,
    mask_context: bool,
    most_queries: int | None = None,
    hubness: InvertedSoftmax | None = None,
) -> tuple[Ranking, Qrels]:
    """Rank the bank for the pairs of the held-out articles; the target alone is relevant.

    Args:
        source: of the queries.
        data: bank and pairs.
        depth: rows kept a query.
        mask_context: see :func:`find_next`.
        most_queries: at most so many, the same for every source.
        hubness: how rows that are near to many queries are ranked down.
    """
    numbers = data.sample(data.validation, most_queries, "queries")
    queries = source(data, numbers)
    if hubness is None:
        found = find_next(queries, data, numbers, depth, mask_context=mask_context)
    else:
        handicaps = fit_handicaps(source, data, hubness)
        masks = _masks(data, numbers, mask_context)
        found = search_without_hubs(queries, data.bank, handicaps, depth, masks)
    names = data.query_ids(numbers)
    targets = data.pairs.targets[numbers].tolist()
    qrels = {name: {str(row): 1} for name, row in zip(names, targets, strict=True)}
    return _ranking(names, found), qrels


def _ranking(names: Sequence[str], found: Found) -> Mapping[str, list[tuple[str, float]]]:
    return {
        name: [(str(row), score) for row, score in zip(rows, scores, strict=True) if row >= 0]
        for name, rows, scores in zip(
            names, found.rows.tolist(), found.scores.tolist(), strict=True
        )
    }
