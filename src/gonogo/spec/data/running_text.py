"""Contexts and targets over running text: cut, encoded and paired on first use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gonogo.spec.base import HASHED_AS_TEXT, HASHED_AS_WEIGHTS, Count, Fraction
from gonogo.spec.data.vector_data import PairsData, PairsOfVectors


class RunningTextPairs(PairsOfVectors):
    """Running text as pairs of a context and its next vector, without a folder made beforehand.

    The first run cuts and encodes the text and keeps bank and pairs in the cache folder, under a
    name of their content. It is what ``gonogo data bank`` and ``gonogo data pairs`` do, split by
    document alike: no document, and no copy of one, is on both sides.
    """

    kind: Literal["running_text"] = "running_text"
    source: Annotated[tuple[str, ...], Field(min_length=1, json_schema_extra=HASHED_AS_TEXT)]
    """``python-api/PACKAGE``: the prose of an installed package's docstrings, a module a document
    (``stdlib`` for Python itself); or folders and files as ``gonogo data bank`` reads them."""
    encoder: Annotated[str, Field(json_schema_extra=HASHED_AS_WEIGHTS)] = "minilm"
    """The backbone whose vectors the bank holds."""
    level: Literal["sentence", "paragraph"] = "sentence"
    """What one vector stands for."""
    longest: int = Field(default=256, ge=16)
    """Tokens that a chunk is cut to."""
    context: Count = 100
    """Vectors of a context."""
    min_context: Count | None = None
    """Shorter contexts, down to this, in documents that are too short for a whole one."""
    stride: Count = 32
    """Rows from one window to the next."""
    max_per_document: Count = 30
    """Most windows of a document."""
    target_pairs: Count = 50_000
    """Most pairs; of more, a random choice stays."""
    validation: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Share of the documents that are held out."""
    near_duplicate: Fraction = 0.999
    """Cosine above which a target repeats one of the last 2,000, and is left out."""
    seed: int = Field(default=42, ge=0)
    """Of the split and of the choice among too many."""

    @model_validator(mode="after")
    def _contexts_fit(self) -> Self:
        if self.min_context is not None and self.min_context > self.context:
            raise ValueError(f"min_context {self.min_context} is above the context {self.context}")
        return self

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return "+".join(Path(source).stem for source in self.source)

    def wrong_beside(self, learned: PairsOfVectors) -> tuple[str, str] | None:
        """Say so if text that both read is cut or split in another way."""
        if not isinstance(learned, RunningTextPairs) or self == learned:
            return None
        shared = [name for name in self.source if name in learned.source]
        message = f"{'+'.join(shared)} is cut or split in another way here than in training"
        hint = "give both the same block, or documents that were learned from would be asked"
        return (message, hint) if shared else None


def _pairs_by_default(value: Any) -> Any:
    """Take data without a kind for a folder of pairs."""
    if isinstance(value, dict) and "kind" not in value:
        return {"kind": "pairs", **value}
    return value


PairsSpec = Annotated[
    Annotated[PairsData | RunningTextPairs, Field(discriminator="kind")],
    BeforeValidator(_pairs_by_default, json_schema_input_type=dict[str, Any]),
]
"""Contexts and targets; without a ``kind`` a folder of pairs."""


def running_text_among(named: Iterable[PairsOfVectors]) -> list[RunningTextPairs]:
    """Return the running text among pairs, each once: what a run makes on first use."""
    return list(dict.fromkeys(data for data in named if isinstance(data, RunningTextPairs)))
