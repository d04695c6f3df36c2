"""The pre-registered rule that turns scores into a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from gonogo.spec.base import MetricName, Name, Spec
from gonogo.spec.rule.gate_parts import Actions, Contrast, GateParts, Guardrail, Lines, Verdict

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
        return {"joint": self.joint, **named}

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


class Band(Spec):
    """One named range of a measured value, from ``least`` up to the next band."""

    name: Name
    """What the band is called in the report."""
    least: float
    """Values from here on fall into it, in the measure's own units."""
    verdict: Verdict
    """What is decided when the value falls into it."""
    next_actions: tuple[str, ...] = ()
    """What to do then."""


class BandsGate(GateParts):
    """A measured value against named bands, such as Recall@500 of the best arm.

    The word of a band is said only where the interval lies in bands of that word (``decide_by``),
    else INCONCLUSIVE.
    """

    kind: Literal["bands"] = "bands"
    task: Name
    """The evaluated task that decides."""
    metric: MetricName
    """The measure that decides."""
    arm: Name
    """The arm whose value is judged."""
    bands: tuple[Band, ...] = Field(min_length=2)
    """From the lowest to the highest; the first one's ``least`` is a floor for all values."""
    guardrails: tuple[Guardrail, ...] = ()
    """What may not fall meanwhile: a PASS whose guardrail broke is FAIL, one that cannot show that
    it holds is INCONCLUSIVE."""
    next_actions: Actions = {}
    """What to do after each verdict; printed with it. What INCONCLUSIVE, INVALID and INCOMPLETE
    need is said without it."""

    @model_validator(mode="after")
    def _guards_name_a_rival(self) -> Self:
        if any(guard.against is None for guard in self.guardrails):
            raise ValueError("a guardrail beside bands needs `against`: they name no baseline")
        return self

    @model_validator(mode="after")
    def _bands_ascend(self) -> Self:
        floors = [band.least for band in self.bands]
        if floors != sorted(set(floors)):
            raise ValueError(f"bands must ascend, but their least values are {floors}")
        return self

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Return the arm by itself: its level is judged."""
        return (Contrast(self.task, self.arm, None),)

    @property
    def candidate_arm(self) -> str:
        """Return the arm."""
        return self.arm

    @property
    def arm_places(self) -> Mapping[str, str]:
        """Return the arm by its key."""
        return {"arm": self.arm}

    @property
    def task_places(self) -> Mapping[str, str]:
        """Return the task by its key."""
        return {"task": self.task}

    @property
    def rails(self) -> tuple[Guardrail, ...]:
        """Return its guardrails."""
        return self.guardrails


GateSpec = Annotated[InterferenceGate | ImprovementGate | BandsGate, Field(discriminator="kind")]
