"""The task of a student: to have the neighbours of its teacher."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gonogo.core.types import Precision
from gonogo.spec.base import Count, Fraction, LearnedTask, Positive, Spec
from gonogo.spec.data.vector_data import CorpusSpec


class ByThreshold(Spec):
    """Drop negatives that the teacher holds for near: above a cosine."""

    kind: Literal["threshold"] = "threshold"
    above: float = Field(default=0.8, ge=-1.0, le=1.0)
    """Cosine to the anchor, by the teacher; an equal one stays."""


class ByShare(Spec):
    """Drop the nearest share of each anchor's negatives."""

    kind: Literal["top_percent"] = "top_percent"
    percent: float = Field(default=2.0, ge=0.0, le=100.0)
    """Percent of the negatives in force, rounded down."""


class KeepAll(Spec):
    """Drop none by its cosine; the anchor and its neighbours are masked by id all the same."""

    kind: Literal["none"] = "none"


FalseNegativeSpec = Annotated[ByThreshold | ByShare | KeepAll, Field(discriminator="kind")]


class NeighbourDistillation(Spec):
    """KL divergence between the teacher's and the student's softmax over cosines."""

    kind: Literal["neighbour_distillation"] = "neighbour_distillation"
    temperature: Positive = 0.07
    """Cosines are divided by this, on both sides; losses at different ones do not compare."""
    distillation_weight: Fraction = 1.0
    """Share of the divergence in the loss; the rest is contrast (the teacher's nearest neighbours
    as positives) and structure (the teacher's cosines among the neighbours)."""


class NeighbourTask(LearnedTask):
    """Teach a head so that its nearest neighbours are those of the vectors it stands on."""

    kind: Literal["neighbours"] = "neighbours"
    data: tuple[CorpusSpec, ...] = Field(min_length=1)
    """Corpora; together they are the anchors and the candidates."""
    held_out: int = Field(default=2000, ge=0)
    """Documents of each corpus that are never anchors, drawn alike for every arm and seed; the
    first half is looked at while training, the second half by the evaluation alone."""
    neighbours: Count = 50
    """Nearest neighbours by the teacher that are candidates of an anchor; itself excluded."""
    negatives: Count = 1024
    """Candidates drawn from the queue, shared by the anchors of a batch."""
    queue_size: Count = 32_768
    """Vectors in the first-in-first-out queue; filled before the first step."""
    false_negatives: FalseNegativeSpec = ByThreshold()
    """Which of the drawn candidates are dropped, anchor by anchor, because they may be near."""
    objective: NeighbourDistillation = NeighbourDistillation()
    """What is minimised."""
    products: Literal["auto"] | Precision = "auto"
    """Factors of the head's matrix products; weights, cosines, softmax and loss are fp32 all the
    same. auto: bf16 where the CPU or GPU multiplies it. fp16: autocast, with gradients that are
    scaled on a GPU."""
    batch_size: int = Field(default=256, ge=2)
    """Anchors in one batch."""

    @model_validator(mode="after")
    def _queue_holds_sample(self) -> Self:
        if self.negatives > self.queue_size:
            raise ValueError(
                f"negatives ({self.negatives}) cannot be drawn from a queue of {self.queue_size}"
            )
        return self
