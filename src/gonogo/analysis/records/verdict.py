"""verdict.json: every number that a report shows. Nothing is computed after it.

Values are in the metric's own units (nDCG 0 to 1); ratios are plain (0.02 = 2 %). ``None`` stands
for undefined or unknown, never zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gonogo.analysis.records.compared import Compared
from gonogo.analysis.records.effects import (
    ArmScore,
    Effect,
    GroupMean,
    GuardrailResult,
    Measurement,
)
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.run_table import RunTable
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_text
from gonogo.spec.base import Spec
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import GateSpec


class Decision(Spec):
    """The verdict and the words that may be used for it."""

    verdict: Verdict
    supported: bool = True
    """Whether the evidence bears the word; False only for PASS, MARGINAL and FAIL of a gate that
    decides by the point estimate."""
    point: Verdict | None = None
    """The registered band of the point estimate; None where there is no estimate."""
    answer: str = ""
    """The study's question answered in the gate's own words; empty where it has none."""
    support: str
    """Such as ``supported``, ``interval holds 1 % and 2 %``, ``preliminary: tier quick``."""
    sentence: str
    """One sentence: what was decided, how sure, on how much data."""
    opposite: str = ""
    """Where opposite effects on data sets cancel in the mean; shown in the sentence's next line."""
    needs: str = ""
    """What would decide: seeds or queries, from this study's own variances."""
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """What keeps the verdict from being given, each hole named."""
    warnings: tuple[str, ...] = ()
    next_actions: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """Return the verdict as it may be shown: never without ``not supported`` where it is."""
        return self.verdict if self.supported else f"{self.verdict}, not supported"

    @property
    def counts_as(self) -> Verdict:
        """Return the word that actions and exit codes follow: unsupported ones decide nothing."""
        return self.verdict if self.supported else "INCONCLUSIVE"


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

    schema_version: Literal[2] = 2
    gonogo: str
    created: str
    study: str
    question: str = ""
    tier: str = "full"
    note: str = ""
    """What the tier is for and can tell, in the study's own words."""
    preliminary: bool = False
    command: str = ""
    """The command that makes this file again."""
    gate: FrozenGate
    decision: Decision
    effects: tuple[Effect, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    guardrails: tuple[GuardrailResult, ...] = ()
    compared: tuple[Compared, ...] = ()
    """The gate's comparison and those that hold something else equal; empty where it names none."""
    scores: tuple[ArmScore, ...] = ()
    not_scored: dict[str, tuple[str, ...]] = {}
    """By task, the arms that the study leaves unscored: no hole, it was never promised."""
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
    hint = "gonogo decide STUDY writes it anew from the scores"
    made = raw.get("schema_version") if isinstance(raw, dict) else None
    if made == 1:
        raise UserError("a verdict of schema 1, whose word no test bears", file=path, hint=hint)
    try:
        return VerdictFile.model_validate(raw)
    except ValueError as error:
        raise UserError("not a verdict of this version", file=path, hint=hint) from error
