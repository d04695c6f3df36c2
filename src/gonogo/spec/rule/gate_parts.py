"""What every gate may say beside its lines: how a word is earned, and what it means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field

from gonogo.spec.base import MetricName, Name, Positive, Spec
from gonogo.spec.rule.matching import Matching

Verdict = Literal["PASS", "MARGINAL", "FAIL", "INCONCLUSIVE", "INVALID", "INCOMPLETE"]
VERDICTS: tuple[Verdict, ...] = (
    "PASS",
    "MARGINAL",
    "FAIL",
    "INCONCLUSIVE",
    "INVALID",
    "INCOMPLETE",
)
Actions = dict[Verdict, tuple[str, ...]]
Answers = dict[Verdict, Annotated[str, Field(min_length=1)]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two arms that a gate holds against each other on one task; no reference for a level."""

    task: str
    candidate: str
    reference: str | None

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms whose scores are needed, the reference first."""
        return (self.candidate,) if self.reference is None else (self.reference, self.candidate)


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a gate's two lines are, in the units of what it judges."""

    fail: float
    pass_: float


class Guardrail(Spec):
    """What may not fall while the judged measure gains: a non-inferiority test by the interval.

    It holds if the whole interval of (candidate - baseline) lies above ``-margin``, is broken if
    the whole interval lies below, and is open otherwise. Without any key but ``margin`` it would
    repeat the gate: name another measure, task or part of the data.
    """

    margin: Positive
    """The largest loss that is borne, in the measure's own units (0.01 = one point)."""
    metric: MetricName | None = None
    """The guarded measure; the gate's own if not given."""
    task: Name | None = None
    """The guarded task; the gate's own if not given."""
    datasets: tuple[str, ...] = ()
    """Guard these data sets alone; all of the task's if empty."""
    against: Name | None = None
    """The arm or reference that must not be undercut; the baseline of the gate if not given."""


class GateParts(Spec, ABC):
    """Keys of every gate, and what it says of itself: whoever reads a gate asks these.

    What a gate makes of scores is asked of ``analysis.gates.gate.Gate``.
    """

    decide_by: Literal["support", "point"] = "support"
    """support: PASS, MARGINAL and FAIL are said only where the interval lies in that band; point:
    the band of the mean decides, and a word that no interval bears says "not supported"."""
    untrained: Name | None = None
    """The row without any training, which an arm must beat for a comparison to mean something; the
    study's own row of kind ``untrained``, or a row of this name in other tables, if not given."""
    stopping_alpha: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.05
    """Error rate that ``stop_when_decided`` may spend over all its looks at the data."""
    answers: Answers = {}
    """The study's question answered in words, for each verdict; the headline under the question."""

    @property
    @abstractmethod
    def contrasts(self) -> tuple[Contrast, ...]:
        """Return what it needs to see: which arms it holds against each other, on which tasks."""

    @property
    @abstractmethod
    def candidate_arm(self) -> str:
        """Return the one arm that is judged."""

    @property
    @abstractmethod
    def arm_places(self) -> Mapping[str, str]:
        """Return the arms that it names, by the key that names them; they must be trained."""

    @property
    @abstractmethod
    def task_places(self) -> Mapping[str, str]:
        """Return the tasks that it judges, by the key that names them."""

    @property
    def row_places(self) -> Mapping[str, str]:
        """Return the rows that it names, by key: arms, or references such as BM25."""
        untrained = {} if self.untrained is None else {"untrained": self.untrained}
        return {**self.rail_places("against"), **untrained}

    def rail_places(self, key: str) -> Mapping[str, str]:
        """Return what its guardrails name under a key, by the place that names it."""
        named = {f"guardrails[{n}].{key}": getattr(one, key) for n, one in enumerate(self.rails)}
        return {place: name for place, name in named.items() if name is not None}

    @property
    def rails(self) -> tuple[Guardrail, ...]:
        """Return its guardrails."""
        return ()

    @property
    def matching(self) -> Matching:
        """Return what its candidate shares with arms that learn a task alone."""
        return "exposure"

    @property
    def matched_because(self) -> str:
        """Return why that is what decides, where something else is compared beside it."""
        return ""

    @property
    def others(self) -> tuple[Self, ...]:
        """Return what it would be of other arms, for comparisons that are shown and not judged."""
        return ()

    @property
    def sole_baseline(self) -> str | None:
        """Return what the candidate is compared with; None for none, or for several."""
        return None

    def without(self, arms: Collection[str]) -> Self:  # noqa: ARG002
        """Return the gate as it is where these arms do not run; what decides always needs its own.

        Args:
            arms: those that a tier leaves out.
        """
        return self

    @property
    def lines(self) -> Lines | None:
        """Return its two lines; None where it has others."""
        return None

    @property
    def sampled(self) -> bool:
        """Tell whether its intervals speak of the data sets that those scored are a sample of."""
        return False

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the rows that it looks at, sorted."""
        return tuple(sorted({arm for pair in self.contrasts for arm in pair.arms}))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that it judges, each once."""
        return tuple(dict.fromkeys(pair.task for pair in self.contrasts))

    @property
    def judged_on(self) -> tuple[tuple[str, str], ...]:
        """Return every row with each task that it is looked at on, guardrails among them."""
        found = [(arm, pair.task) for pair in self.contrasts for arm in pair.arms[::-1]]
        for rail in self.rails:
            for task in (rail.task,) if rail.task else self.tasks:
                rows = (self.candidate_arm, rail.against)
                found += [(row, task) for row in rows if row is not None]
        return tuple(dict.fromkeys(found))
