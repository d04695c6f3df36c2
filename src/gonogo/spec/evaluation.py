"""What is scored, on which data, by which measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.core.types import Split
from gonogo.spec.base import Count, Name, Spec
from gonogo.spec.data import DataSpec


class RetrievalEvaluation(Spec):
    """Rank the whole corpus by exact search over embeddings."""

    kind: Literal["retrieval"] = "retrieval"
    depth: Count = 1000
    """Documents kept a query."""


class RerankingEvaluation(Spec):
    """Rank BM25's best candidates anew by the cross-encoder."""

    kind: Literal["reranking"] = "reranking"
    candidates: Literal["bm25"] = "bm25"
    depth: Count = 100
    """Candidates a query."""


EvaluationTask = Annotated[RetrievalEvaluation | RerankingEvaluation, Field(discriminator="kind")]

Reference = Literal["bm25", "untrained"]


class EvaluationSpec(Spec):
    """Every arm is scored on every task here, also on those it was not trained on."""

    datasets: tuple[DataSpec, ...] = Field(min_length=1)
    split: Split = "test"
    max_queries: Count | None = None
    """Score at most this many queries of each data set: the same for every arm and seed."""
    metrics: tuple[str, ...] = ("nDCG@10", "R@100", "RR@10", "AP")
    """Measures as ir-measures writes them; a reciprocal rank needs its cutoff."""
    tasks: dict[Name, EvaluationTask] = {
        "embed": RetrievalEvaluation(),
        "rerank": RerankingEvaluation(),
    }
    """What is scored, under the name of the training task that it belongs to."""
    references: tuple[Reference, ...] = ("bm25", "untrained")
    """Rows shown beside the arms for comparison; the gate never sees them."""
