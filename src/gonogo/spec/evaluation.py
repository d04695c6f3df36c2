"""What is scored, on which data, by which measures."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WrapValidator, model_validator

from gonogo.core.errors import UserError
from gonogo.core.metrics import canonical_metric
from gonogo.core.types import Split
from gonogo.spec.base import Count, Name, Spec
from gonogo.spec.beir_sets import averaging_group, expand_list, flatten, forum
from gonogo.spec.data import DataSpec


def _canonical(name: str) -> str:
    try:
        return canonical_metric(name)
    except UserError as error:
        raise ValueError(str(error)) from error


MetricName = Annotated[str, AfterValidator(_canonical)]
"""A measure as ir-measures writes it; MRR@10 is read as RR@10, Recall@100 as R@100, MAP as AP."""


class RetrievalEvaluation(Spec):
    """Rank the whole corpus by exact search over embeddings."""

    kind: Literal["retrieval"] = "retrieval"
    depth: Count = 1000
    """Documents kept a query."""


class RerankingEvaluation(Spec):
    """Rank BM25's best candidates anew by the cross-encoder."""

    kind: Literal["reranking"] = "reranking"
    candidates: Literal["bm25"] = "bm25"
    """What finds the documents that are ranked anew."""
    depth: Count = 100
    """Candidates a query."""


EvaluationData = Annotated[DataSpec, WrapValidator(expand_list)]
"""A data set, or the name of a list of them."""

EvaluationTask = Annotated[RetrievalEvaluation | RerankingEvaluation, Field(discriminator="kind")]

Reference = Literal["bm25", "untrained"]


class EvaluationSpec(Spec):
    """Every arm is scored on every task here, also on those it was not trained on."""

    datasets: Annotated[tuple[EvaluationData, ...], AfterValidator(flatten)] = Field(min_length=1)
    """Data sets to score, each on its own; averages weigh them equally, CQADupStack's forums as
    one. ``beir/public`` stands for the 15 public sets of BEIR, ``beir/fast`` for SciFact,
    NFCorpus and FiQA."""
    split: Split = "test"
    """Which judgements are used of data sets that name no split of their own."""
    max_queries: Count | None = None
    """Score at most this many queries of each data set: the same for every arm and seed."""
    metrics: tuple[MetricName, ...] = ("nDCG@10", "R@100", "RR@10", "AP")
    """Measures as ir-measures writes them; a reciprocal rank needs its cutoff."""
    tasks: dict[Name, EvaluationTask] = {
        "embed": RetrievalEvaluation(),
        "rerank": RerankingEvaluation(),
    }
    """What is scored, under the name of the training task that it belongs to."""
    references: tuple[Reference, ...] = ("bm25", "untrained")
    """Rows shown beside the arms for comparison; the gate never sees them."""

    @model_validator(mode="after")
    def _datasets_differ(self) -> Self:
        names = [data.name for data in self.datasets]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two data sets are called {name!r}; scores are kept by name")
        forums = [forum(name) for name in names if averaging_group(name) != name]
        if len(set(forums)) < len(forums) or (forums and "cqadupstack" in names):
            raise ValueError("a forum of CQADupStack stands twice among the data sets")
        return self
