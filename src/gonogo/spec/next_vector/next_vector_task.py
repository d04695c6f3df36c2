"""The task of a query tower: to find the next vector of a sequence in a bank."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gonogo.spec.base import Count, Fraction, LearnedTask, Positive, Spec
from gonogo.spec.data.running_text import PairsSpec
from gonogo.spec.next_vector.curriculum import CurriculumText


class MarginInfoNce(Spec):
    """InfoNCE over cosines with an additive margin on the positive."""

    kind: Literal["margin_infonce"] = "margin_infonce"
    temperature: Positive = 0.05
    """Cosines are divided by this."""
    margin: float = Field(default=0.03, ge=0.0, le=1.0)
    """Taken from the positive's cosine, before the division."""


class NextVectorTask(LearnedTask):
    """Teach a query tower to tell the next vector of a context from the rest of the bank.

    Never a negative: the target, bank rows that repeat it, and the rows of the context itself.
    """

    kind: Literal["next_vector"] = "next_vector"
    data: PairsSpec
    """Contexts and targets, split by article: a folder, or running text."""
    memory: int = Field(default=50_000, ge=0)
    """Targets of earlier batches that are negatives too, the own one masked by id; 0: none. Never
    more than there are training pairs: documents do not drift, so a second copy tells nothing."""
    curriculum: CurriculumText = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
    """Mined negatives by epoch, from 1: ``first-last:count@low-high`` or ``first-last:none``."""
    epochs_from: Literal[1] = 1
    """The number of the first epoch in the curriculum. Trials of versions that counted from 0 mined
    one epoch later; they are out of date, and this key says why."""
    window: Literal["cosine", "quantile"] = "cosine"
    """What low and high of the curriculum are: cosines of query and negative, or quantiles of each
    query's cosines to the whole bank, where a bank has nothing in the cosine windows."""
    duplicate_above: Fraction = 0.98
    """A row of the bank with a higher cosine to the positive is the positive again, and no
    negative."""
    objective: MarginInfoNce = MarginInfoNce()
    """What is minimised."""
    batch_size: int = Field(default=32, ge=2)
    """Pairs in one batch."""
    looked_at: Count = 1000
    """Validation pairs of a look while training, the same in every look; the evaluation at the end
    asks all."""
