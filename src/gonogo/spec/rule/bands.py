"""Named bands of a measured value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from gonogo.spec.base import MetricName, Name, Spec
from gonogo.spec.rule.gate_parts import Actions, Contrast, GateParts, Guardrail, Verdict


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
