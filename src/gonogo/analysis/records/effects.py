"""What was estimated: effects with their intervals and tests, and the scores they rest on.

Values are in the metric's own units (nDCG 0 to 1); ratios are plain (0.02 = 2 %). ``None`` stands
for undefined or unknown, never zero.
"""

from __future__ import annotations

from typing import Literal

from gonogo.spec.base import Spec
from gonogo.spec.rule.criteria import Group
from gonogo.spec.rule.gate_parts import Verdict


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
    adjusted: float | None = None
    """The value less the bias that looking early, or choosing the best baseline, has put into it;
    None where nothing was to be adjusted."""


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
    p_bootstrap: float | None = None
    """Two-sided paired bootstrap test over queries, by the shift method."""
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


class Between(Spec):
    """How an effect differs between data sets, in the units of the judged estimate."""

    q: float
    """Cochran's Q: the effects' squared deviations, each over its own variance."""
    df: float
    p: float
    """Of equal effects on all data sets; small: they differ by more than their noise."""
    tau: float
    """Standard deviation of the true effects over data sets (method of moments)."""
    predicted: Interval | None = None
    """Where the effect measured on one further data set of such size is to be expected; None below
    three."""
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    """Data sets whose own interval lies above zero, and below it."""

    @property
    def cancels(self) -> bool:
        """Tell whether opposite effects are averaged away: each side has a data set of its own."""
        return bool(self.above and self.below)


class Learning(Spec):
    """Whether the arm that a comparison leans on beats the row without any training."""

    untrained: str
    """That row, U."""
    arm: str
    """The arm that must have learned, R: the specialist, or the baseline."""
    mean: float
    """Of R, over seeds and data sets."""
    untrained_mean: float
    share: Estimate | None = None
    """(R - U) / R, the part of the score that training brought; None where R is zero."""
    gain: Estimate
    """R - U, in the metric's units."""
    retention: Estimate | None = None
    """(C - U) / (R - U), the part of what was learned that the candidate keeps, with Fieller's
    interval; no interval where R - U may be zero."""
    line: float
    """What the interval of the share (of the gain, for differences) must lie above."""
    shown: bool
    """Whether it does."""


class GuardrailResult(Spec):
    """A measure that may not fall by more than its margin."""

    task: str
    metric: str
    datasets: tuple[str, ...]
    reference: str
    candidate: str
    margin: float
    """The largest loss that is borne, in the metric's units."""
    difference: Estimate
    """candidate - reference."""
    state: Literal["held", "broken", "open"]
    """The whole interval above ``-margin``, below it, or across."""


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
    datasets_as: Literal["fixed", "sample"] = "fixed"
    """Which question the judged interval answers: about these data sets, or about those that they
    are a sample of."""
    between: Between | None = None
    """None with one data set."""
    seeds_paired: bool = True
    """False where each arm has seeds of its own: then only queries are paired."""
    clusters: int | None = None
    """Clusters that the queries come in, over all data sets; None where none were named."""
    over_best: Estimate | None = None
    """Gain over the best of several baselines, their choice by the same data accounted for; on the
    effect that is judged."""
    notes: tuple[str, ...] = ()
    """What a reader must know about how it was estimated, such as a run counted once."""
    lines: dict[str, float] = {}
    """Thresholds to draw, by name, in the units of the judged estimate."""
    absence_shown: bool | None = None
    """Whether the interval lies below the ``pass`` line (equivalence shown)."""
    verdict: Verdict
    """What this effect alone would say."""
    supported: bool = True
    """Whether its interval bears that."""
    point: Verdict | None = None
    """The band of its point estimate."""
    learning: Learning | None = None
    """None where no untrained row was scored."""
    invalid: str = ""
    """Why the comparison says nothing; empty where it says something."""


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
