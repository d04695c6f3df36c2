"""What every gate may say beside its lines: how a word is earned, and what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.spec.base import Name, Positive, Spec
from gonogo.spec.evaluation.evaluation import MetricName

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


class GateParts(Spec):
    """Keys of every gate."""

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
