"""How a model is scored: by retrieval, reranking, neighbours kept, or next vectors found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, WrapValidator

from gonogo.spec.base import Count, Positive, Spec
from gonogo.spec.data.beir_sets import expand_list, flatten
from gonogo.spec.data.running_text import PairsSpec
from gonogo.spec.data.text_data import DataSpec, JudgedTexts
from gonogo.spec.data.vector_data import CorpusSpec, PairsOfVectors

AnyData = DataSpec | CorpusSpec | PairsSpec
"""Whatever a task is scored on; all have a name."""
EvaluationData = Annotated[DataSpec, WrapValidator(expand_list)]
"""A data set, or the name of a list of them."""


Reads = Literal["texts", "pairs"] | None
"""What a model reads to be scored: queries and documents apart, or in pairs; None: no text."""


class _Asked(Spec, ABC):
    """What every evaluated task says of itself."""

    reads: ClassVar[Reads] = None

    @abstractmethod
    def data_among(self, datasets: tuple[DataSpec, ...]) -> tuple[AnyData, ...]:
        """Return the data sets that it is scored on.

        Args:
            datasets: those of the whole evaluation.
        """

    @property
    def needs_index(self) -> bool:
        """Tell whether it scores an approximate index, which has to be installed."""
        return False

    @property
    def pairs(self) -> tuple[PairsSpec, ...]:
        """Return the contexts and targets that it reads."""
        return ()

    @property
    def kept_from_training(self) -> int | None:
        """Return how many documents of a corpus no training may have seen, if it asks such."""
        return None

    def documents_asked(self, count: Callable[[], int | None]) -> int | None:  # noqa: ARG002
        """Return how many documents of a corpus are asked; None where judged queries are.

        Args:
            count: counts the documents of the corpus; None for enough.
        """
        return None


class _OnDatasets(_Asked):
    datasets: Annotated[tuple[EvaluationData, ...], AfterValidator(flatten)] | None = None
    """Data sets of this task alone; those of the whole evaluation when not given."""

    def data_among(self, datasets: tuple[DataSpec, ...]) -> tuple[AnyData, ...]:
        """Return its own data sets, or those of the whole evaluation."""
        return datasets if self.datasets is None else self.datasets


class RetrievalEvaluation(_OnDatasets):
    """Rank the whole corpus by exact search over embeddings."""

    reads: ClassVar[Reads] = "texts"
    kind: Literal["retrieval"] = "retrieval"
    depth: Count = 1000
    """Documents kept a query."""


class RerankingEvaluation(_OnDatasets):
    """Rank BM25's best candidates anew by the cross-encoder."""

    reads: ClassVar[Reads] = "pairs"
    kind: Literal["reranking"] = "reranking"
    candidates: Literal["bm25"] = "bm25"
    """What finds the documents that are ranked anew."""
    depth: Count = 100
    """Candidates a query."""


class NeighbourEvaluation(_Asked):
    """Compare an embedding's nearest neighbours with those of the vectors it stands on.

    Each asked document's true neighbours count as its relevant documents, the document itself as
    none: R@10 is then the share of the teacher's ten nearest that are among the student's ten.
    """

    kind: Literal["neighbours"] = "neighbours"
    data: tuple[CorpusSpec, ...] = Field(min_length=1)
    """Corpora; each is searched on its own."""
    queries: Literal["held_out", "anchors"] = "held_out"
    """Documents that were never anchors in training, or some that were."""
    against: Literal["teacher", "exact"] = "teacher"
    """teacher: exact search among the embeddings, held against the teacher's neighbours. exact:
    an approximate index over the embeddings, held against exact search among them."""
    held_out: int = Field(default=2000, ge=2)
    """Documents of each corpus kept from training; as many as the task says."""
    most_queries: Count = 1000
    """Documents asked of each corpus."""
    k: Count = 10
    """Neighbours that count."""

    def data_among(self, datasets: tuple[DataSpec, ...]) -> tuple[AnyData, ...]:  # noqa: ARG002
        """Return its corpora."""
        return self.data

    @property
    def needs_index(self) -> bool:
        """Tell whether an approximate index is held against exact search."""
        return self.against == "exact"

    @property
    def kept_from_training(self) -> int:
        """Return the documents held out."""
        return self.held_out

    def documents_asked(self, count: Callable[[], int | None]) -> int:
        """Return how many documents of a corpus are asked for their neighbours."""
        asked = self.held_out - self.held_out // 2  # the other half validates while training
        if self.queries == "anchors":
            rows = count()
            asked = self.most_queries if rows is None else max(rows - self.held_out, 0)
        return min(asked, self.most_queries)


class InvertedSoftmax(Spec):
    """Rank rows down that are near to many training queries (Smith et al. 2017): hubs."""

    kind: Literal["inverted_softmax"] = "inverted_softmax"
    temperature: Positive = 0.04
    """Of the mean over training queries; the lower, the fewer near ones decide."""
    weight: Positive = 0.8
    """How much of it is taken off a row's cosine."""
    queries: Count = 5000
    """Training pairs whose queries it is fitted on, the same for every arm and seed."""


class NextVectorEvaluation(_Asked):
    """Rank a bank of vectors by their similarity to a predicted next vector."""

    kind: Literal["next_vector"] = "next_vector"
    data: tuple[PairsSpec, ...] = Field(min_length=1)
    """Contexts and targets; the validation articles are asked."""
    mask_context: bool = True
    """Leave the context's own rows out of the bank: they are known, and never the answer."""
    depth: Count = 1000
    """Bank rows kept a query."""
    hubness: InvertedSoftmax | None = None
    """How rows that are near to many queries are ranked down; null: by cosine alone."""

    def data_among(self, datasets: tuple[DataSpec, ...]) -> tuple[AnyData, ...]:  # noqa: ARG002
        """Return its contexts and targets."""
        return self.data

    @property
    def pairs(self) -> tuple[PairsSpec, ...]:
        """Return its contexts and targets."""
        return self.data


EvaluationTask = Annotated[
    RetrievalEvaluation | RerankingEvaluation | NeighbourEvaluation | NextVectorEvaluation,
    Field(discriminator="kind"),
]


def judged_data(data: AnyData) -> DataSpec:
    """Return a data set of judged texts as one.

    Raises:
        ValueError: for vectors, which no one has judged.
    """
    if not isinstance(data, JudgedTexts):
        raise ValueError(f"{data.name!r} has no judged texts")
    return data


def pairs_data(data: AnyData) -> PairsSpec:
    """Return contexts and targets as such.

    Raises:
        ValueError: for anything else.
    """
    if not isinstance(data, PairsOfVectors):
        raise ValueError(f"{data.name!r} holds no pairs of vectors")
    return data
