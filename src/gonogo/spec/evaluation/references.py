"""Rows beside the arms that nothing trains: what a trained model must beat."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gonogo.spec.base import Count, Fraction, Spec


class _Row(Spec):
    """A row named after its kind."""

    kind: str

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return self.kind


class Bm25Row(_Row):
    """BM25 alone; in reranking, the order in which it gives its candidates."""

    kind: Literal["bm25"] = "bm25"


class UntrainedRow(_Row):
    """The model as it is built, before the first step."""

    kind: Literal["untrained"] = "untrained"


class TeacherRow(_Row):
    """The backbone alone: the vectors that the model's head stands on, compared by cosine.

    ``backbone`` is the same row under the name that fits where it teaches nothing. Without a head
    the model's own similarity means nothing, and an untrained encoder is compared by cosine.
    """

    kind: Literal["teacher", "backbone"] = "teacher"


class _Linear(_Row):
    """A linear map of those vectors; the width is the model's own unless it is given."""

    dimension: Count | None = None
    """Width of its vectors; the width of the model's embeddings when not given."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        width = "" if self.dimension is None else f"-{self.dimension}"
        return f"{self.kind}{width}"


class SvdRow(_Linear):
    """The leading right singular vectors, without centring; fitted on the training vectors."""

    kind: Literal["svd"] = "svd"


class PcaRow(_Linear):
    """The leading principal components of centred vectors; fitted on the training vectors."""

    kind: Literal["pca"] = "pca"


class RandomProjectionRow(_Linear):
    """A Gaussian random map (Johnson and Lindenstrauss 1984)."""

    kind: Literal["random_projection"] = "random_projection"


class TruncationRow(_Linear):
    """The first coordinates."""

    kind: Literal["truncation"] = "truncation"


class LastVectorRow(_Row):
    """The last vector of the context is the query."""

    kind: Literal["last_vector"] = "last_vector"


class ContextMeanRow(_Row):
    """The mean of the context is the query."""

    kind: Literal["context_mean"] = "context_mean"


class WeightedMeanRow(_Row):
    """An exponentially weighted mean of the context is the query, the last vector the heaviest."""

    kind: Literal["weighted_mean"] = "weighted_mean"
    alpha: Fraction | Literal["tuned"] = 0.1
    """Weight of the last vector; tuned: the best of a grid on the training pairs."""
    tuned_at: Count = 500
    """The cutoff of the recall that a tuned weight is the best of."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        at = f"-{self.tuned_at}" if self.alpha == "tuned" and self.tuned_at != 500 else ""
        return f"weighted_mean-{self.alpha}{at}"


class OracleRow(_Row):
    """The target itself is the query: what the bank and its masks leave possible."""

    kind: Literal["oracle"] = "oracle"


class RandomVectorRow(_Row):
    """A random direction is the query: chance."""

    kind: Literal["random_vector"] = "random_vector"


def _expand(value: Any) -> Any:
    """Read ``svd-64`` and ``weighted_mean-0.3`` as blocks, and a bare name as its kind."""
    if not isinstance(value, str):
        return value
    kind, _, option = value.partition("-")
    if not option:
        return {"kind": kind}
    return {"kind": kind, "alpha" if kind == "weighted_mean" else "dimension": option}


Reference = Annotated[
    Annotated[
        Bm25Row
        | UntrainedRow
        | TeacherRow
        | SvdRow
        | PcaRow
        | RandomProjectionRow
        | TruncationRow
        | LastVectorRow
        | ContextMeanRow
        | WeightedMeanRow
        | OracleRow
        | RandomVectorRow,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_expand, json_schema_input_type=str | dict[str, Any]),
]
"""A row for comparison, by its name or as a block."""
