"""The model: a backbone, what of it learns, how it embeds and how it scores a pair."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gonogo.core.types import Similarity
from gonogo.spec.base import HASHED_AS_WEIGHTS, Count, Fraction, LearnedModel, Positive, Spec
from gonogo.spec.model.any_adapter import AnyAdapter
from gonogo.spec.model.mixture import MixtureAdapter
from gonogo.spec.model.projections import ProjectionSpec, ResidualProjection
from gonogo.spec.next_vector.towers import QueryTower


class LoraAdapter(AnyAdapter):
    """Low-rank adapters on every attention and feed-forward projection (Hu et al. 2021)."""

    kind: Literal["lora"] = "lora"
    rank: Count = 16
    """Rank of each adapter."""
    alpha: Positive | None = None
    """Scale numerator: updates are scaled by alpha / rank. Equal to the rank when not given."""
    dropout: Fraction = 0.05
    """Dropout on the adapter's input."""

    @property
    def scale_alpha(self) -> float:
        """Return alpha, by default the rank."""
        return float(self.rank) if self.alpha is None else self.alpha


class FullTuning(AnyAdapter):
    """Every weight of the backbone learns."""

    kind: Literal["full"] = "full"


class Frozen(AnyAdapter):
    """No weight of the backbone learns; only heads do."""

    kind: Literal["frozen"] = "frozen"


AdapterSpec = Annotated[
    LoraAdapter | FullTuning | Frozen | MixtureAdapter, Field(discriminator="kind")
]


class YesNoScoring(Spec):
    """Score = logit(yes) - logit(no) after a chat prompt (Qwen3-Reranker); decoders only."""

    kind: Literal["yes_no"] = "yes_no"
    instruction: str = "Given a search query, retrieve relevant passages that answer the query"
    """What the model is asked to judge."""


class MlpScoring(Spec):
    """A two-layer head on the pooled vector of the joined pair."""

    kind: Literal["mlp"] = "mlp"
    hidden: Count = 256
    """Width of the hidden layer."""
    pooling: Literal["auto", "mean", "last_token", "first_token"] = "auto"
    """How the pair's token vectors become one: auto is as for embeddings. first_token is what
    published BERT rerankers do, and the fastest to score: the last layer runs for one token."""


class SpanCosineScoring(Spec):
    """Score = e^a cos(q, d) + b: read in one sequence, each text's tokens pooled apart (mean).

    It starts from what a bi-encoder knows (late interaction in one context, jina-reranker-v3).
    """

    kind: Literal["span_cosine"] = "span_cosine"
    scale: Positive = 20.0
    """First value of e^a, which is learned; b starts at 0. 20 is a softmax's temperature of .05."""
    isolated_layers: int = Field(default=0, ge=0)
    """First layers in which the two texts do not see each other: there each is read as the model
    embeds it, with control tokens and positions of its own. Encoders only."""


ScoringSpec = Annotated[YesNoScoring | MlpScoring | SpanCosineScoring, Field(discriminator="kind")]


class Lengths(Spec):
    """Longest inputs, in tokens; longer ones are cut (in a pair, only the document is)."""

    query: int = Field(default=128, ge=8)
    """Longest query, its instruction included."""
    passage: int = Field(default=256, ge=8)
    """Longest document that is embedded."""
    pair: int = Field(default=512, ge=16)
    """Longest query and document together, prompt included."""


class TextModel(LearnedModel):
    """A transformer that embeds texts and scores pairs of them."""

    kind: Literal["text"] = "text"
    backbone: Annotated[str, Field(json_schema_extra=HASHED_AS_WEIGHTS)]
    """``minilm``, ``smollm2-135m``, a hub id, or a local folder."""
    adapter: AdapterSpec = LoraAdapter()
    """Which weights learn."""
    pooling: Literal["auto", "mean", "last_token", "first_token"] = "auto"
    """How token vectors become one: auto is last_token for decoders, mean for encoders."""
    projection: ProjectionSpec | None = None
    """A head on the pooled vector, whose output is the embedding; null embeds the pooled vector."""
    similarity: Similarity = "cosine"
    """How embeddings are compared; cosine also normalises them to length 1."""
    scoring: ScoringSpec | None = None
    """How a pair is scored; by default yes_no for decoders, mlp for encoders."""
    query_instruction: str | None = (
        "Given a web search query, retrieve relevant passages that answer the query"
    )
    """Decoders see ``Instruct: ...\\nQuery:...`` before a query; encoders see the bare query."""
    lengths: Lengths = Lengths()
    """Where inputs are cut, in tokens."""

    @model_validator(mode="after")
    def _pair_holds_query(self) -> Self:
        if self.lengths.pair <= self.lengths.query:
            raise ValueError(
                f"lengths.pair ({self.lengths.pair}) must exceed lengths.query"
                f" ({self.lengths.query}), or no document would be left in a pair"
            )
        return self


class VectorModel(LearnedModel):
    """A head on vectors that were made elsewhere; it has no text encoder of its own."""

    kind: Literal["vectors"] = "vectors"
    dimension: Count
    """Width of the vectors that are given."""
    projection: ProjectionSpec = ResidualProjection()
    """The head, whose output is the embedding."""
    similarity: Similarity = "cosine"
    """How embeddings are compared; cosine also normalises them to length 1."""


def _text_by_default(value: Any) -> Any:
    """Let a model without a kind read text."""
    if isinstance(value, dict) and "kind" not in value:
        return {"kind": "text", **value}
    return value


ModelSpec = Annotated[
    Annotated[TextModel | VectorModel | QueryTower, Field(discriminator="kind")],
    BeforeValidator(_text_by_default, json_schema_input_type=dict[str, Any]),
]
"""The closed union of models; one without a ``kind`` is a text model."""
