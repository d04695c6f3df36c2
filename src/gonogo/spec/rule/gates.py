"""The pre-registered rule that turns scores into a verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from gonogo.spec.base import MetricName, Name
from gonogo.spec.rule.bands import Band, BandsGate
from gonogo.spec.rule.gate_parts import Actions, Contrast, GateParts, Guardrail, Lines
from gonogo.spec.rule.matching import Comparison, Matching

__all__ = ["Band", "BandsGate", "GateSpec", "ImprovementGate", "InterferenceGate"]

Names = Annotated[tuple[Name, ...], Field(min_length=1)]
_BETWEEN = ("weigh what so small a difference is worth",)


def _one_or_several(value: object) -> str:
    """Tell which form is meant, so that an error is about that one."""
    return "several" if isinstance(value, list | tuple) else "one"


class InterferenceGate(GateParts):
    """Bands on the task interference ratio, (specialist - joint) / specialist, for each task.

    PASS if it reaches ``pass`` on any task, FAIL if it is below ``fail`` on all, MARGINAL
    otherwise; each only where the intervals bear it (``decide_by``), else INCONCLUSIVE. INVALID
    where a specialist has not learned. Thresholds are inclusive, with a tolerance of 1e-9.
    """

    kind: Literal["interference"] = "interference"
    metric: MetricName = "nDCG@10"
    """The measure that decides."""
    joint: Name
    """The arm that learns all tasks together."""
    specialists: dict[Name, Name]
    """For each task the arm that learns it alone."""
    pass_: float = Field(default=0.02, alias="pass")
    """Interference exists from here on, as a ratio (0.02 = 2 %)."""
    fail: float = 0.01
    """No interference worth a name below this, on every task."""
    datasets: Literal["fixed", "sample"] = "fixed"
    """Whether the interval speaks of these data sets, or of those that they are a sample of."""
    matched: Matching = "exposure"
    """What joint arm and specialists share in the comparison that decides: examples of each task,
    optimiser steps, or batches in all; ``schedule.match`` and the arms' budgets see to it."""
    because: str = ""
    """Why that is what decides; wanted where ``beside`` names another."""
    beside: dict[Matching, Comparison] = {}
    """Comparisons that share something else, such as {updates: {joint: joint_updates}}: their TIR
    stands in one table with the gate's. Until specialists have reached their plateau the sign of
    TIR may depend on what is shared."""
    next_actions: Actions = {
        "PASS": ("keep the specialists, or part what the tasks share",),
        "MARGINAL": _BETWEEN,
        "FAIL": ("train the tasks together",),
    }
    """What to do after each verdict; printed with it. What INCONCLUSIVE, INVALID and INCOMPLETE
    need is said without it."""

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.fail > self.pass_:
            raise ValueError(f"fail ({self.fail}) must not exceed pass ({self.pass_})")
        if not self.specialists:
            raise ValueError("specialists is empty; name one arm for each task")
        return self

    @model_validator(mode="after")
    def _says_which_decides(self) -> Self:
        if self.beside and not self.because:
            raise ValueError(f"because is empty; say why what is matched by {self.matched} decides")
        if self.matched in self.beside:
            raise ValueError(f"beside.{self.matched} is what the gate itself compares")
        for matched, other in self.beside.items():
            if odd := sorted(other.specialists.keys() - self.specialists.keys()):
                raise ValueError(f"beside.{matched} names a task of no specialist: {odd[0]}")
        return self

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Return the joint arm against each specialist, on its task."""
        return tuple(Contrast(task, self.joint, alone) for task, alone in self.specialists.items())

    @property
    def candidate_arm(self) -> str:
        """Return the joint arm."""
        return self.joint

    @property
    def arm_places(self) -> Mapping[str, str]:
        """Return joint arm and specialists by key."""
        named = {f"specialists.{task}": arm for task, arm in self.specialists.items()}
        for matched, other in self.beside.items():
            if other.joint is not None:
                named[f"beside.{matched}.joint"] = other.joint
            for task, arm in other.specialists.items():
                named[f"beside.{matched}.specialists.{task}"] = arm
        return {"joint": self.joint, **named}

    @property
    def matching(self) -> Matching:
        """Return what its arms share."""
        return self.matched

    @property
    def matched_because(self) -> str:
        """Return why that is what decides."""
        return self.because

    @property
    def others(self) -> tuple[Self, ...]:
        """Return the gate that each further comparison would be."""
        return tuple(
            self.model_copy(
                update={
                    "joint": other.joint or self.joint,
                    "specialists": {**self.specialists, **other.specialists},
                    "matched": matched,
                    "beside": {},
                }
            )
            for matched, other in self.beside.items()
        )

    def without(self, arms: Collection[str]) -> Self:
        """Return the gate without comparisons beside it that need one of these arms."""

        def needs(other: Comparison) -> bool:
            return other.joint in arms or not set(arms).isdisjoint(other.specialists.values())

        kept = {name: other for name, other in self.beside.items() if not needs(other)}
        return self.model_copy(update={"beside": kept})

    @property
    def task_places(self) -> Mapping[str, str]:
        """Return the specialists' tasks by key."""
        return {f"specialists.{task}": task for task in self.specialists}

    @property
    def lines(self) -> Lines:
        """Return where no interference ends, and where it begins."""
        return Lines(self.fail, self.pass_)

    @property
    def sampled(self) -> bool:
        """Tell whether data sets are a sample."""
        return self.datasets == "sample"


class ImprovementGate(GateParts):
    """Absolute gain of one arm over another, in the metric's own units, averaged over data sets.

    PASS if it reaches ``pass``, FAIL if it is below ``fail``, else MARGINAL; each only where the
    interval bears it (``decide_by``), else INCONCLUSIVE. Of several baselines the best one is
    judged: the one that the candidate gains least over.
    """

    kind: Literal["improvement"] = "improvement"
    task: Name
    """The evaluated task that decides."""
    metric: MetricName = "nDCG@10"
    """The measure that decides."""
    candidate: Name
    """The arm that should be better."""
    baseline: Annotated[
        Annotated[Name, Tag("one")] | Annotated[Names, Tag("several")],
        Discriminator(_one_or_several),
    ]
    """The arm or reference that it is compared with, or several: then with the best of them."""
    pass_: float = Field(default=0.01, alias="pass")
    """Gain from which on the candidate wins (0.01 = one point)."""
    fail: float = 0.0
    """Gain below which it does not."""
    levels: dict[Name, float] = {}
    """Named success levels, such as {minimum: 0.01, strong: 0.015, top: 0.02}."""
    datasets: Literal["fixed", "sample"] = "fixed"
    """Whether the interval speaks of these data sets, or of those that they are a sample of."""
    guardrails: tuple[Guardrail, ...] = ()
    """What may not fall meanwhile: a PASS whose guardrail broke is FAIL, one that cannot show that
    it holds is INCONCLUSIVE."""
    next_actions: Actions = {
        "PASS": ("ship or publish the candidate",),
        "MARGINAL": _BETWEEN,
        "FAIL": ("keep the baseline",),
    }
    """What to do after each verdict; printed with it. What INCONCLUSIVE, INVALID and INCOMPLETE
    need is said without it."""

    @property
    def baselines(self) -> tuple[str, ...]:
        """Return every baseline that is named."""
        return (self.baseline,) if isinstance(self.baseline, str) else self.baseline

    @field_validator("baseline")
    @classmethod
    def _one_is_a_name(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return value[0] if isinstance(value, tuple) and len(value) == 1 else value

    @model_validator(mode="after")
    def _bands_in_order(self) -> Self:
        if self.fail > self.pass_:
            raise ValueError(f"fail ({self.fail}) must not exceed pass ({self.pass_})")
        return self

    @model_validator(mode="after")
    def _guards_are_not_the_gate(self) -> Self:
        for guard in self.guardrails:
            other = guard.metric not in (None, self.metric) or guard.task not in (None, self.task)
            if not (other or guard.datasets or guard.against not in (None, *self.baselines)):
                raise ValueError("a guardrail repeats the gate: name a metric, task or data sets")
        return self

    @model_validator(mode="after")
    def _others_are_baselines(self) -> Self:
        if self.candidate in self.baselines:
            raise ValueError(f"candidate and baseline are both {self.candidate!r}")
        for name in self.baselines:
            if self.baselines.count(name) > 1:
                raise ValueError(f"baseline names {name!r} twice")
        return self

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Return the candidate against each baseline."""
        return tuple(Contrast(self.task, self.candidate, other) for other in self.baselines)

    @property
    def candidate_arm(self) -> str:
        """Return the candidate."""
        return self.candidate

    @property
    def arm_places(self) -> Mapping[str, str]:
        """Return the candidate by its key."""
        return {"candidate": self.candidate}

    @property
    def row_places(self) -> Mapping[str, str]:
        """Return the baselines by key, which may be references, and other rows."""
        several = {f"baseline[{n}]": arm for n, arm in enumerate(self.baselines)}
        named = several if self.sole_baseline is None else {"baseline": self.sole_baseline}
        return {**named, **super().row_places}

    @property
    def task_places(self) -> Mapping[str, str]:
        """Return the task by its key."""
        return {"task": self.task}

    @property
    def rails(self) -> tuple[Guardrail, ...]:
        """Return its guardrails."""
        return self.guardrails

    @property
    def sole_baseline(self) -> str | None:
        """Return the baseline, unless there are several."""
        return self.baseline if isinstance(self.baseline, str) else None

    @property
    def lines(self) -> Lines:
        """Return where losing ends, and where winning begins."""
        return Lines(self.fail, self.pass_)

    @property
    def sampled(self) -> bool:
        """Tell whether data sets are a sample."""
        return self.datasets == "sample"


GateSpec = Annotated[InterferenceGate | ImprovementGate | BandsGate, Field(discriminator="kind")]
