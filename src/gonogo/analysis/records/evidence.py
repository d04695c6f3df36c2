"""What trials leave beside their scores: cost, curves, looks, gradients; part of verdict.json."""

from __future__ import annotations

from gonogo.analysis.geometry.geometry_record import GeometryRecord
from gonogo.analysis.records.judged_runs import JudgedRun, UnjudgedBounds
from gonogo.analysis.records.model_judged import ModelJudged
from gonogo.analysis.records.routing import Routing
from gonogo.spec.base import Spec


class Curve(Spec):
    """A training curve, thinned to at most 300 points."""

    arm: str
    seed: int
    task: str
    steps: tuple[int, ...]
    loss: tuple[float | None, ...]
    terms_left_out: bool = False
    """Whether ``loss`` is the objective alone, without the regularisers that were added to it."""


class LookCurve(Spec):
    """What one trial's validation looks saw, thinned to at most 300 of them."""

    arm: str
    seed: int
    steps: tuple[int, ...]
    figures: dict[str, tuple[float | None, ...]]
    """Values by name, such as ``R@500`` (0 to 1) or ``margin``; one a look."""


class Conflict(Spec):
    """Gradient conflict of one joint trial: cosine of two tasks' gradients by layer and step."""

    arm: str
    seed: int
    tasks: tuple[str, str]
    steps: tuple[int, ...]
    mean_cosine: tuple[float | None, ...]
    layers: tuple[str, ...]
    layer_cosine: tuple[tuple[float | None, ...], ...]
    """One row a layer, one column a step."""
    fraction_negative: float | None
    """Share of defined (layer, step) cosines below zero."""


class TrialRecord(Spec):
    """What one trial cost and saw."""

    arm: str
    seed: int
    state: str
    """finished, trained, training, failed, aborted, missing."""
    fingerprint: str = ""
    train_seconds: float | None = None
    evaluation_seconds: float | None = None
    steps: int | None = None
    examples: dict[str, int] = {}
    """Examples seen, by task."""
    padding: float | None = None
    """Share of the tokens in the logged steps that were padding; None without any."""
    trainable_parameters: int | None = None
    peak_memory_mb: float | None = None
    device: str = ""
    precision: str = ""


class FormatDifference(Spec):
    """What one arm scores in the number format that is judged, and in fp32."""

    arm: str
    task: str
    metric: str
    precision: str
    """The judged format; empty where its trials do not tell."""
    seeds: int
    """Runs scored in both."""
    stated: float
    """Mean over runs and data sets in that format."""
    fp32: float
    """The same in fp32."""
    line: float | None = None
    """What the gate's ``pass`` line is in the metric's units: a share of the specialist's score
    where a ratio is judged. None where nothing judges this."""

    @property
    def share(self) -> float | None:
        """Return how much of the line the two formats differ by."""
        return abs(self.fp32 - self.stated) / abs(self.line) if self.line else None


class Evidence(Spec):
    """What trials leave beside their scores; empty when the scores came from elsewhere."""

    trials: tuple[TrialRecord, ...] = ()
    curves: tuple[Curve, ...] = ()
    looks: tuple[LookCurve, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    environment: dict[str, str] = {}
    """Versions, hardware, precision."""
    files: dict[str, str] = {}
    """Label -> path relative to verdict.json."""
    geometry: tuple[GeometryRecord, ...] = ()
    """Of every trial and reference row that has one; all on the same texts."""
    formats: tuple[FormatDifference, ...] = ()
    """Of every arm that was scored in fp32 beside the format that is judged."""
    judged_runs: tuple[JudgedRun, ...] = ()
    """How far every ranking met its judgements."""
    unjudged: tuple[UnjudgedBounds, ...] = ()
    """How far unjudged documents could move each difference of the gate, for runs handed in."""
    routing: tuple[Routing, ...] = ()
    """How mixtures weighed their experts: by task in training, by data set in evaluation."""
    model_judged: tuple[ModelJudged, ...] = ()
    """Differences by a model's judgements, made unbiased by those of people; beside the gate."""
