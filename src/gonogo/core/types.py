"""Names for the plain containers that floors hand to one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Split = Literal["train", "dev", "test"]
Side = Literal["query", "passage"]
Similarity = Literal["cosine", "dot", "euclidean"]
Precision = Literal["fp32", "bf16", "fp16"]
Device = Literal["cpu", "cuda", "mps"]

Qrels = Mapping[str, Mapping[str, int]]
"""Relevance judgements: query id -> document id -> grade (0 = judged not relevant)."""

Ranking = Mapping[str, Sequence[tuple[str, float]]]
"""Query id -> (document id, score), best first; ties by document id, descending, as in
trec_eval."""
