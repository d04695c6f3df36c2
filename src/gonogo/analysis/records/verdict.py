"""verdict.json: every number that a report shows. Nothing is computed after it.

Values are in the metric's own units (nDCG 0 to 1); ratios are plain (0.02 = 2 %). ``None`` stands
for undefined or unknown, never zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.run_table import RunTable
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_text
from gonogo.spec.base import Spec
from gonogo.spec.rule.criteria import Group
from gonogo.spec.rule.gates import GateSpec, Verdict


class Interval(Spec):
    """One interval and how it was made."""

    method: str
    """Such as ``seeds x queries``, ``query bootstrap``, ``t over seed means``."""
    level: float = 0.95
    low: float
    high: float
    df: float | None = None
    """Degrees of freedom, where the method has them."""
    note: str = ""
    """What it is conditional on, such as ``this one seed``."""


class Estimate(Spec):
    """A mean over seeds with its uncertainty."""

    value: float | None
    """None when undefined, such as a ratio over zero."""
    std: float | None = None
    """Sample standard deviation over seeds (n - 1); None with one seed."""
    seeds: int
    queries: int
    interval: Interval | None = None
    """The interval that words and plots rest on."""
    others: tuple[Interval, ...] = ()
    """Intervals by other methods, for those who expect them."""


class SeedPoint(Spec):
    """One seed's values of an effect, averaged over data sets."""

    seed: int
    reference: float
    candidate: float
    difference: float
    ratio: float | None


class PairTest(Spec):
    """Paired tests of candidate against reference over (data set, query), seeds averaged."""

    p_permutation: float | None
    """Two-sided, stratified by data set."""
    p_t: float | None = None
    p_wilcoxon: float | None = None
    p_holm: float | None = None
    p_bonferroni: float | None = None
    """``p_permutation`` corrected, by both: over the tasks for an effect as a whole, over all
    (task, data set) pairs for one data set."""
    effect_size: float | None = None
    """Cohen's d of the paired differences."""
    wins: int = 0
    ties: int = 0
    losses: int = 0
    """Queries on which the candidate is better, equal, worse."""
    aso: float | None = None
    """Almost Stochastic Order over seeds: the candidate's violation ratio; better below 0.2."""
    note: str = ""


class DatasetEffect(Spec):
    """An effect on one data set."""

    dataset: str
    reference: Estimate
    candidate: Estimate
    difference: Estimate
    """candidate - reference."""
    ratio: Estimate | None = None
    """(reference - candidate) / reference, for interference gates."""
    test: PairTest


class Effect(Spec):
    """What the gate looks at: a candidate arm against a reference arm on one task."""

    task: str
    metric: str
    reference: str
    """The specialist, or the baseline."""
    candidate: str
    """The joint arm, or the candidate."""
    difference: Estimate
    """candidate - reference, mean over data sets with equal weight."""
    ratio: Estimate | None = None
    """TIR, (reference - candidate) / reference, for interference gates."""
    per_seed: tuple[SeedPoint, ...]
    datasets: tuple[DatasetEffect, ...]
    test: PairTest
    lines: dict[str, float] = {}
    """Thresholds to draw, by name, in the units of the judged estimate."""
    absence_shown: bool | None = None
    """Whether the interval lies below the ``pass`` line (equivalence shown)."""
    verdict: Verdict
    """What this effect alone would say."""


class Measurement(Spec):
    """A measured value against named bands."""

    task: str
    metric: str
    arm: str
    estimate: Estimate
    band: str | None
    bands: dict[str, float]


class ArmScore(Spec):
    """Mean score of one arm on one data set; ``dataset`` None is the mean over data sets."""

    arm: str
    task: str
    dataset: str | None
    metric: str
    mean: float
    std: float | None
    """Sample standard deviation over seeds (n - 1); None with one seed or none."""
    seeds: int
    queries: int
    off_task: bool = False
    """The arm was not trained on this task."""
    reference: bool = False
    """A comparison row (BM25, untrained), not an arm of the study."""
    interval: Interval | None = None
    """Of the arm's own level; differences between arms are judged pairwise, not by these."""


class GroupMean(ArmScore):
    """An arm's mean over one group of data sets that all rows share."""

    group: Group
    datasets: tuple[str, ...]
    """The data sets that it is over."""


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
