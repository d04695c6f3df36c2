"""A joint arm against its specialists, beside comparisons that hold something else equal."""

from __future__ import annotations

from gonogo.analysis.records.effects import Estimate
from gonogo.spec.base import Spec
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.matching import Matching


class ComparedTask(Spec):
    """One task of it."""

    task: str
    joint: str
    specialist: str
    estimate: Estimate | None = None
    """The judged figure, such as TIR; None where scores are missing."""
    verdict: Verdict = "INCOMPLETE"
    """What this task alone would say by the gate's lines."""
    invalid: str = ""
    """Why it says nothing; empty where it says something."""
    examples: float | None = None
    """Examples of the task that the joint arm has seen, over those of the specialist."""
    updates: float | None = None
    """Optimiser steps of the joint arm, over those of the specialist."""


class Compared(Spec):
    """All tasks of one comparison."""

    matched: Matching
    decides: bool
    """Whether it is the gate's."""
    tasks: tuple[ComparedTask, ...]
