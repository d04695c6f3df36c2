"""What a batch teaches: data, negatives and an objective."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gonogo.core.types import Split
from gonogo.spec.base import HASHED_UNLESS_DEFAULT, Count, LearnedTask, Spec
from gonogo.spec.data.text_data import DataSpec
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.task.objectives import (
    EmbeddingObjective,
    InfoNce,
    ScoreObjective,
    YesNoCrossEntropy,
)
from gonogo.spec.task.regularisers import RegulariserSpec


class Bm25Negatives(Spec):
    """Hard negatives from a window of BM25 ranks; positives and equal texts are left out."""

    kind: Literal["bm25"] = "bm25"
    count: Count | tuple[Count, Count] = 7
    """Negatives a query, or [least, most], drawn evenly for each query."""
    ranks: tuple[int, int] = (30, 100)
    """First and last BM25 rank drawn from, counted from 1."""

    @model_validator(mode="after")
    def _window_holds_count(self) -> Self:
        first, last = self.ranks
        if not 1 <= first <= last:
            raise ValueError(f"ranks {[first, last]} is not a window; write [first, last] from 1")
        least, most = self.bounds
        if least > most or most > last - first + 1:
            raise ValueError(f"count {self.count} does not fit the window of ranks {self.ranks}")
        return self

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the least and the most negatives of a query."""
        return self.count if isinstance(self.count, tuple) else (self.count, self.count)


class RandomNegatives(Spec):
    """Negatives drawn evenly from the corpus; positives and equal texts are left out."""

    kind: Literal["random"] = "random"
    count: Count = 1
    """Negatives a query."""

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the least and the most negatives of a query."""
        return self.count, self.count


class JudgedNegatives(Spec):
    """Documents judged not relevant (grade 0): given ones, or those of ``gonogo data msmarco``.

    Where a query has too few, the rest is drawn from the corpus.
    """

    kind: Literal["judged"] = "judged"
    count: Count = 1
    """Negatives a query."""

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the least and the most negatives of a query."""
        return self.count, self.count


class NoNegatives(Spec):
    """Only the other examples of the batch are negatives."""

    kind: Literal["none"] = "none"


NegativesSpec = Annotated[
    Bm25Negatives | RandomNegatives | JudgedNegatives | NoNegatives, Field(discriminator="kind")
]
ScoredNegativesSpec = Annotated[
    Bm25Negatives | RandomNegatives | JudgedNegatives, Field(discriminator="kind")
]


class RetrievalTask(LearnedTask):
    """Teach embeddings: a query next to its document, away from the others."""

    kind: Literal["retrieval"] = "retrieval"
    data: tuple[DataSpec, ...] = Field(min_length=1)
    """Data sets whose judged pairs are the positives."""
    split: Split = "train"
    """Which judgements are used of data sets that name no split of their own."""
    max_queries: Count | None = None
    """Use at most this many queries of each data set: the same for every arm and seed."""
    positives_per_query: Count | None = None
    """Use at most this many relevant documents of a query: the same for every arm and seed."""
    negatives: NegativesSpec = Bm25Negatives()
    """Where irrelevant documents come from."""
    objective: EmbeddingObjective = InfoNce()
    """What is minimised."""
    regularisers: tuple[RegulariserSpec, ...] = ()
    """Terms added to it, over the batch's embeddings; those of weight 0 are left out."""
    hard_negatives: Annotated[
        Literal["frozen", "exact"], Field(json_schema_extra=HASHED_UNLESS_DEFAULT)
    ] = "exact"
    """exact: hard negatives carry gradient. frozen: they only stand in the denominator, which
    saves their backward passes."""
    batch_size: int = Field(default=8, ge=2)
    """Queries in one batch; each brings its positive and its hard negatives."""

    @model_validator(mode="after")
    def _blends_leave_an_objective(self) -> Self:
        blended = sum(term.blend or 0.0 for term in self.regularisers)
        if blended >= 1.0:
            raise ValueError(f"blends that add up to {blended:g} leave nothing of the objective")
        return self


class RelevanceTask(LearnedTask):
    """Teach scores: relevant pairs above irrelevant ones."""

    kind: Literal["relevance"] = "relevance"
    data: tuple[DataSpec, ...] = Field(min_length=1)
    """Data sets whose judged pairs are the positives."""
    split: Split = "train"
    """Which judgements are used of data sets that name no split of their own."""
    max_queries: Count | None = None
    """Use at most this many queries of each data set: the same for every arm and seed."""
    positives_per_query: Count | None = None
    """Use at most this many relevant documents of a query: the same for every arm and seed."""
    negatives: ScoredNegativesSpec = Bm25Negatives(count=(5, 7))
    """Where irrelevant documents come from."""
    objective: ScoreObjective = YesNoCrossEntropy()
    """What is minimised."""
    batch_size: Count = 16
    """Pairs in one batch; whole queries, each with all its pairs, under a listwise objective."""


TextTask = RetrievalTask | RelevanceTask
"""Tasks on judged texts."""

TaskSpec = Annotated[
    RetrievalTask | RelevanceTask | NeighbourTask | NextVectorTask, Field(discriminator="kind")
]
