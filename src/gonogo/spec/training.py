"""How weights move: schedule of tasks, optimiser, precision, and what watches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.core.types import Precision
from gonogo.spec.base import (
    HASHED_UNLESS_DEFAULT,
    NOT_HASHED,
    Count,
    Fraction,
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


Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio"]


class Validation(Spec):
    """Looks at the model while it trains, on data held out for it, and keeps the best weights."""

    every: Positive = 1.0
    """How often, in ``unit``; the last step is always looked at."""
    unit: Literal["steps", "epochs"] = "epochs"
    """Optimiser steps, or epochs of the arm's first task."""
    best: str | None = None
    """The figure whose largest value marks ``checkpoints/best``, such as ``R@10``."""


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
    log_every: Annotated[Count, Field(json_schema_extra=NOT_HASHED)] = 1
    """Optimiser steps between lines of logs/train.jsonl."""
    trackers: Annotated[tuple[Tracker, ...], Field(json_schema_extra=NOT_HASHED)] = ()
    """Also sent there, through accelerate; logs/train.jsonl is always written."""


class GradientConflict(Spec):
    """Compare the tasks' gradients on batches of their own; training does not change by a bit."""

    kind: Literal["gradient_conflict"] = "gradient_conflict"
    every: Annotated[Count, Field(json_schema_extra=NOT_HASHED)] = 50
    """Optimiser steps between measurements."""


class MarginGuard(Spec):
    """End a training whose separation margin stays too small; needs ``training.validation``."""

    kind: Literal["margin_guard"] = "margin_guard"
    least: float = 0.04
    """E[cos(query, positive)] - E[cos(query, negatives in force)] that a look must reach."""
    patience: Count = 2
    """Looks in a row that may not reach it before the training ends."""
    after_epoch: int = Field(default=10, ge=0)
    """Looks up to this epoch do not count."""


class RecallGates(Spec):
    """Say at an early epoch, and at the end, what the recall of a look amounts to."""

    kind: Literal["recall_gates"] = "recall_gates"
    figure: str = "R@500"
    """The figure of the look that is judged: R@500, with its task's name where the arm looks at
    several. The bounds are those of R@500, 30 and 35 % early, 40 and 55 % at the end."""
    epoch: Count = 10
    """The early look is the first from this epoch on."""


class LossFlags(Spec):
    """Raise a flag when the in-batch loss stays above 5, or falls below 2 before epoch 20.

    A tower that knows nothing shows about ln(batch size) + margin / temperature, by default
    ln 32 + 0.03 / 0.05 = 4.07: the first flag means worse than that, and a loss that stays near 4
    raises none though nothing is learned.
    """

    kind: Literal["loss_flags"] = "loss_flags"


MonitorSpec = Annotated[
    GradientConflict | MarginGuard | RecallGates | LossFlags, Field(discriminator="kind")
]
