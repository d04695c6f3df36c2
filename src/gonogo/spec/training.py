"""How weights move: schedule of tasks, optimiser, precision, and looks on the way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gonogo.core.types import Precision
from gonogo.spec.base import (
    HASHED_UNLESS_DEFAULT,
    NOT_HASHED,
    Count,
    Fraction,
    MetricName,
    Name,
    Positive,
    Spec,
)


class _Schedule(Spec):
    match: Literal["exposure", "updates", "compute"] = "exposure"
    """What a joint arm shares with its specialists. exposure: each task sees as many examples as
    alone, so shared weights are updated for all tasks together. updates: as many optimiser steps
    in all as its longest task takes alone. compute: as many batches in all as that task alone."""


class Alternating(_Schedule):
    """One task a turn: with two equally long tasks, odd steps the first, even the second."""

    kind: Literal["alternating"] = "alternating"
    every: Literal["step", "micro_batch"] = "step"
    """Turns change with each optimiser step, or within one step (mixing tasks in an update)."""


class Mixed(_Schedule):
    """Every step holds a batch of each task; the losses are added with weights."""

    kind: Literal["mixed"] = "mixed"
    weights: dict[Name, Positive] = {}
    """Weight of a task's loss; 1 for the first task and 2 for the others when not given."""


class Staged(_Schedule):
    """First one task alone, then all in turns."""

    kind: Literal["staged"] = "staged"
    first: Name | None = None
    """The task that is taught alone at first; the first of the arm when not given."""
    first_share: Fraction = 0.5
    """Share of that task's examples spent in the first stage."""
    first_learning_rate: Positive = 1e-4
    """Peak learning rate of the first stage."""
    then_learning_rate: Positive = 5e-5
    """Peak learning rate of the second stage."""


ScheduleSpec = Annotated[Alternating | Mixed | Staged, Field(discriminator="kind")]


def _one_place(words: str) -> str:
    if words.count("{value}") + words.count("{percent}") != 1:
        raise ValueError("write {value} or {percent}, once, where the number belongs")
    return words


FigureWords = Annotated[str, AfterValidator(_one_place)]


Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio"]


class Validation(Spec):
    """Looks at the model while it trains, on data held out for it, and keeps the best weights.

    Tasks on texts are looked at with queries of their training data, which no task of the arm then
    learns from.
    """

    every: Positive = 1.0
    """How often, in ``unit``; the last step is always looked at."""
    unit: Literal["steps", "epochs"] = "epochs"
    """Optimiser steps, or epochs of the arm's first task."""
    at: Annotated[tuple[Fraction, ...], Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = ()
    """In place of ``every``: shares of the whole training after which a look is due, such as
    [0, 0.25, 0.5, 0.75]; 0 is before the first step. The last step is always looked at."""
    queries: Annotated[Count, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = 100
    """Of tasks on texts: most queries of each data set that are held out, at most a fifth of all;
    the same for every arm, task and seed."""
    candidates: Annotated[Count, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = 10
    """Of tasks on texts: BM25's best documents of each such query that are ranked beside the
    relevant ones; an embedder ranks all queries' documents for each."""
    metric: Annotated[MetricName, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = "nDCG@10"
    """Of tasks on texts: the figure of a look."""
    best: str | None = None
    """The figure whose largest value marks ``checkpoints/best``, such as ``R@10``."""
    line: Annotated[dict[str, FigureWords], Field(json_schema_extra=NOT_HASHED)] = {}
    """Figures that a look's line of logs/training.log has beside loss and recalls, in their words:
    ``{margin: "Separation {value}", mined_fill: "mined {percent} % filled"}``."""


class TrainingSpec(Spec):
    """Optimiser, budget and precision of one trial."""

    epochs: Positive = 1.0
    """Passes over each task's examples."""
    max_steps: Count | None = None
    """Most optimiser steps spent on any one task."""
    learning_rate: Positive = 1e-4
    """Peak learning rate of AdamW."""
    head_learning_rate: Positive | None = None
    """Peak learning rate of heads; the same as learning_rate when not given."""
    learning_rate_schedule: Annotated[
        Literal["cosine", "constant"], Field(json_schema_extra=HASHED_UNLESS_DEFAULT)
    ] = "cosine"
    """After the warm-up: half a cosine down to final_learning_rate, or the peak to the end."""
    final_learning_rate: float = Field(default=0.0, ge=0.0)
    """Learning rate at the end of the cosine curve."""
    warmup: float = Field(default=0.05, ge=0.0)
    """Linear warm-up: a fraction of the run below 1, otherwise steps; never longer than the run."""
    weight_decay: float = Field(default=0.01, ge=0.0)
    """Decoupled weight decay of AdamW."""
    clip: Positive | None = 1.0
    """Largest gradient norm; null switches clipping off."""
    accumulation: Count = 4
    """Batches added up in one optimiser step."""
    precision: Literal["auto"] | Precision = "auto"
    """auto: bf16 on CUDA, fp16 on MPS, bf16 autocast on CPUs with bf16 hardware, else fp32."""
    token_budget: Literal["auto"] | Count = "auto"
    """Most tokens under way at once, padding included; auto measures once per machine."""
    gradcache: Annotated[bool, Field(json_schema_extra=NOT_HASHED)] = False
    """Bounded memory for a third more time: activations are recomputed in the backward pass."""
    validation: Validation | None = None
    """Looks taken on the way; lines of logs/validation.jsonl."""
    checkpoint_every: Annotated[Count, Field(json_schema_extra=NOT_HASHED)] = 50
    """Optimiser steps between checkpoints."""
    keep_checkpoints: Annotated[Literal["all"] | Count, Field(json_schema_extra=NOT_HASHED)] = 2
    """How many of them stay on the disk, the newest; each holds weights and optimiser."""
    log_every: Annotated[Count, Field(json_schema_extra=NOT_HASHED)] = 1
    """Optimiser steps between lines of logs/train.jsonl."""
    trackers: Annotated[tuple[Tracker, ...], Field(json_schema_extra=NOT_HASHED)] = ()
    """Also sent there, through accelerate; logs/train.jsonl is always written."""


class StatedThroughput(Spec):
    """How fast a named GPU is said to be, so that a plan can tell hours before anything ran."""

    gpu: str
    """Its name."""
    tiers: tuple[Name, ...] = ("full",)
    """The tiers that these numbers are about."""
    queries_per_second: dict[Name, Positive]
    """Training queries with all their documents, by task, of a trial that trains it."""
    evaluation_hours: Positive
    """Of one trial: encoding and reranking all that the study scores."""
    basis: str
    """Where these numbers come from: measured by whom, or computed how."""
