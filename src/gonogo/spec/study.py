"""The study file and what it resolves to."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from gonogo.spec.base import NOT_HASHED, Name, Spec
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.model.model import ModelSpec
from gonogo.spec.monitors import MonitorSpec
from gonogo.spec.next_vector.postmortem import PostmortemSpec
from gonogo.spec.rule.criteria import Levels
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.rule.summary import SummarySpec
from gonogo.spec.task.tasks import TaskSpec
from gonogo.spec.training import Alternating, ScheduleSpec, StatedThroughput, TrainingSpec


def _no_truth_value(value: Any) -> Any:
    """Refuse true and false, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no seed")
    return value


_Seed = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(_no_truth_value)]
Seeds = Annotated[tuple[_Seed, ...], Field(min_length=1)]


def _refuse_duplicates(seeds: tuple[int, ...] | None) -> None:
    twice = sorted(seed for seed, times in Counter(seeds or ()).items() if times > 1)
    if twice:
        raise ValueError(f"seeds lists {', '.join(map(str, twice))} more than once")


class TrialConfig(Spec):
    """Everything that one trial does, apart from its seed."""

    model: ModelSpec
    """What learns: a backbone, its adapter and its heads."""
    tasks: Annotated[dict[Name, TaskSpec], Field(min_length=1)]
    """What the arm learns, by name; an arm picks some of them with a list of names."""
    schedule: ScheduleSpec = Alternating()
    """Which task acts at which step; it matters only where an arm has several."""
    training: TrainingSpec = TrainingSpec()
    """Optimiser, budget and precision."""
    monitors: Annotated[tuple[MonitorSpec, ...], Field(json_schema_extra=NOT_HASHED)] = ()
    """What watches the training; a monitor never changes a weight."""
    evaluation: EvaluationSpec
    """What is scored, on which data: the study's, but for the checkpoint that an arm may choose."""
    postmortem: Annotated[PostmortemSpec, Field(json_schema_extra=NOT_HASHED)] = PostmortemSpec()
    """What ``gonogo postmortem`` compares a trained query tower with."""


class TierSpec(Spec):
    """A budget level: fewer seeds and smaller settings."""

    note: str = ""
    """What the tier is for, what it costs and what it can tell; its report shows it."""
    seeds: Seeds | None = None
    """Seeds at this tier; the study's own when not given."""
    arms: Annotated[tuple[Name, ...] | None, Field(min_length=1)] = None
    """Which of the study's arms run at this tier; all when not given."""
    defaults: dict[str, Any] = {}
    """Settings that all arms share at this tier, over the study's defaults; an arm's own win."""
    set: dict[str, Any] = {}
    """Dotted keys and their values, such as {model.adapter.rank: 8}; they win
    over those of arms."""
    preliminary: bool = True
    """Verdicts of this tier are labelled preliminary."""

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        _refuse_duplicates(self.seeds)
        return self


class Experiment(Spec):
    """One row of a study's summary: an arm on some seeds; rows may share trials."""

    arm: Name
    """Which arm."""
    seeds: Seeds | None = None
    """On which seeds; the study's when not given."""
    on_request: bool = False
    """It runs only where ``only`` names it or its arm; the summary has it once it is finished."""

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        _refuse_duplicates(self.seeds)
        return self


class StudyFile(Spec):
    """A question, the arms that answer it, and the rule that decides."""

    study: Name
    """The name of the study."""
    question: str = ""
    """What the study decides, in one sentence."""
    extends: str | None = None
    """The study that this one starts from: the name of a shipped one, or a file beside this one.
    Blocks are merged key by key, but for ``gate`` and ``summary``, which replace the other's;
    ``arms: {name: null}`` leaves one of its arms out, and likewise a tier or a row."""
    seeds: Seeds
    """Every arm is trained once with each."""
    defaults: dict[str, Any] = {}
    """Settings that all arms share."""
    arms: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]
    """The configurations under comparison; each changes some defaults. All are scored alike: of
    ``evaluation`` an arm may say ``checkpoint`` alone. ``grid: {model.adapter.rank: [1, 2]}`` in
    an arm ``emb`` makes it two, ``emb_rank_1`` and ``emb_rank_2``; values that are blocks or lists
    are given by name, ``{two: [...], three: [...]}``. Several keys make all combinations."""
    evaluation: dict[str, Any] = {}
    """What is scored, the same for all arms."""
    tiers: dict[Name, TierSpec] = {}
    """Budget levels; ``full`` always exists and changes nothing unless it is given."""
    gate: GateSpec
    """The rule that decides, fixed before anything trains."""
    sources: dict[str, str] = {}
    """Where data come from that must lie in a folder, by the name that the study gives them; told
    where one is missing."""
    throughput: StatedThroughput | None = None
    """What ``gonogo plan`` tells hours from where nothing was measured."""
    experiments: dict[Name, Experiment] = {}
    """Rows of the summary; where there are any, arms are trained on the seeds of their rows only,
    and ``only`` takes the name of a row."""
    summary: SummarySpec | None = None
    """Columns of ``summary.csv`` with a line for each experiment, or for each arm."""
    criteria: Levels = {}
    """Named levels of success in rising order, answered by ``gonogo criteria``; the verdict is
    the gate's alone."""

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        _refuse_duplicates(self.seeds)
        return self


class GateFile(Spec):
    """A file that holds a gate and nothing else, to judge scores that were made elsewhere."""

    gate: GateSpec


class ResolvedStudy(Spec):
    """A study at one tier: every arm's whole configuration, ready to run."""

    study: Name
    question: str
    tier: Name
    note: str = ""
    """What the tier is for and can tell; its report shows it."""
    preliminary: bool
    seeds: Seeds
    arms: dict[Name, TrialConfig]
    evaluation: EvaluationSpec
    """What every arm and every reference row is scored on: what speaks of the study's tasks, data
    sets and measures reads it here; an arm's own copy differs in the checkpoint at most, and lacks
    its off-task tasks where those are not scored."""
    gate: GateSpec
    experiments: dict[Name, Experiment] = {}
    summary: SummarySpec | None = None
    criteria: Levels = {}
    sources: dict[str, str] = {}
    throughput: StatedThroughput | None = None
    overrides: tuple[str, ...] = ()
    """The overrides that were given."""

    @model_validator(mode="after")
    def _arms_are_scored_alike(self) -> Self:
        whole = self.evaluation
        for name, config in self.arms.items():
            own = config.evaluation.model_copy(update={"checkpoint": whole.checkpoint})
            if not whole.off_task and own.tasks.items() <= whole.tasks.items():
                own = own.model_copy(update={"tasks": whole.tasks})
            if own != whole:
                raise ValueError(f"arm {name!r} is scored under a protocol of its own")
        return self

    def seeds_of(self, arm: str, *, on_request: bool = False) -> tuple[int, ...]:
        """Return the seeds that an arm is trained on, in the study's order.

        Args:
            arm: its name.
            on_request: count rows that run only where they are asked for, too.
        """
        places = self.places(on_request=on_request)
        return tuple(seed for seed in self.seeds if (arm, seed) in places)

    def places(self, *, on_request: bool = False) -> dict[tuple[str, int], bool]:
        """Return each arm and seed that is trained, in the order in which they run.

        Row by row of the experiments, so that one is complete before the next begins; without
        them seed by seed, so that complete seeds come early.

        Args:
            on_request: list rows that run only where they are asked for, too.

        Returns:
            Whether an arm and seed are trained on request alone.
        """
        if not self.experiments:
            return {(arm, seed): False for seed in self.seeds for arm in self.arms}
        found: dict[tuple[str, int], bool] = {}
        for row in self.experiments.values():
            for seed in row.seeds or self.seeds:
                if on_request or not row.on_request:
                    place = row.arm, seed
                    found[place] = found.get(place, True) and row.on_request
        return found

    @property
    def idle_arms(self) -> tuple[str, ...]:
        """Return the arms that nothing trains: there are experiments, and none names them."""
        return tuple(arm for arm in self.arms if not self.seeds_of(arm, on_request=True))
