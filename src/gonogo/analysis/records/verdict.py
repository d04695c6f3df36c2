"""verdict.json: every number that a report shows. Nothing is computed after it.

Values are in the metric's own units (nDCG 0 to 1); ratios are plain (0.02 = 2 %). ``None`` stands
for undefined or unknown, never zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gonogo.analysis.records.effects import ArmScore, Effect, GroupMean, Measurement
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.run_table import RunTable
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_text
from gonogo.spec.base import Spec
from gonogo.spec.rule.gates import GateSpec, Verdict


class Decision(Spec):
    """The verdict and the words that may be used for it."""

    verdict: Verdict
    support: str
    """Such as ``supported``, ``interval reaches below 2 %``, ``preliminary: one seed``."""
    sentence: str
    """One sentence: what was decided, how sure, on how much data."""
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What keeps the verdict from being given, each hole named."""
    warnings: tuple[str, ...] = ()
    next_actions: tuple[str, ...] = ()


class GateChange(Spec):
    """A key of the gate that changed after the first trial had started."""

    key: str
    frozen: str
    now: str


class FrozenGate(Spec):
    """The gate as it was fixed before training, and what was changed later."""

    spec: GateSpec
    """The rule in force, changes included: the one that the verdict follows."""
    fingerprint: str
    """Of the frozen record: metric, thresholds, arms, seeds and data sets."""
    frozen_at: str | None = None
    """ISO time; None when the scores came from elsewhere and nothing was frozen."""
    changes: tuple[GateChange, ...] = ()
    original: GateSpec | None = None
    """The rule as frozen, where it was changed since."""
    seeds: tuple[int, ...] = ()
    """Seeds that every arm was to be trained with, as frozen."""
    datasets: dict[str, tuple[str, ...]] = {}
    """Data sets by task, as frozen."""


class VerdictFile(Spec):
    """The contents of verdict.json."""

    schema_version: Literal[1] = 1
    gonogo: str
    created: str
    study: str
    question: str = ""
    tier: str = "full"
    preliminary: bool = False
    command: str = ""
    """The command that makes this file again."""
    gate: FrozenGate
    decision: Decision
    effects: tuple[Effect, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    scores: tuple[ArmScore, ...] = ()
    groups: tuple[GroupMean, ...] = ()
    evidence: Evidence = Evidence()
    runs: RunTable | None = None
    extra: dict[str, Any] = {}


def write_verdict(path: Path, verdict: VerdictFile) -> None:
    """Write verdict.json atomically."""
    write_text(path, verdict.model_dump_json(indent=1, by_alias=True) + "\n")


def read_verdict(path: Path) -> VerdictFile:
    """Read verdict.json.

    Raises:
        UserError: if the file is missing, broken, or of another schema version.
    """
    raw = read_json(path)
    try:
        return VerdictFile.model_validate(raw)
    except ValueError as error:
        hint = "gonogo decide STUDY writes it anew"
        raise UserError("not a verdict of this version", file=path, hint=hint) from error
