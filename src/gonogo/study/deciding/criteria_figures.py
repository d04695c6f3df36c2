"""What a verdict says on the lines of success levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from gonogo.analysis.gates.support import Span, effect_span, span
from gonogo.analysis.geometry.geometry_record import GeometryRecord
from gonogo.analysis.records.effects import Effect, GroupMean
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.core.errors import did_you_mean
from gonogo.data.sources.evaluation_sets import NOT_PUBLIC
from gonogo.spec.data.beir_sets import BEIR_PUBLIC
from gonogo.spec.rule.criteria import AllSets, AverageAbove, Finished, Gain, IsotropyHigher
from gonogo.spec.study import ResolvedStudy
from gonogo.study.folder.scored import scored_datasets

TOLERANCE = 1e-9
"""Thresholds are inclusive up to this, as those of gates are."""

Answer = tuple[Literal["met", "not met", "unknown"], str]
NO_VERDICT: Answer = ("unknown", "no verdict yet")


@dataclass(frozen=True)
class Facts:
    """A study and its verdict, if there is one."""

    study: ResolvedStudy
    verdict: VerdictFile | None

    @property
    def candidate(self) -> str:
        """Return the arm that lines mean where they name none."""
        return self.study.gate.candidate_arm

    @property
    def task(self) -> str:
        """Return the task that the gate judges, the first of several."""
        return self.study.gate.tasks[0]

    def pair(self, line: Gain | IsotropyHigher) -> tuple[str, str]:
        """Return the candidate and the baseline of a line."""
        baseline = line.baseline or self.study.gate.sole_baseline
        return line.candidate or self.candidate, baseline or ""

    def unfinished(self, *arms: str) -> list[str]:
        """Return the trials of some arms that are not finished; reference rows have none."""
        trials = self.verdict.evidence.trials if self.verdict else ()
        records = {(trial.arm, trial.seed): trial.state for trial in trials}
        return [
            f"{arm} seed {seed} is {records.get((arm, seed), 'missing')}"
            for arm in arms
            if arm in self.study.arms
            for seed in self.study.seeds_of(arm)
            if records.get((arm, seed)) != "finished"
        ]

    def gain(self, line: Gain) -> Answer:
        """Answer whether the interval of the candidate's gain lies above the line, or below it."""
        if self.verdict is None:
            return NO_VERDICT
        candidate, baseline = self.pair(line)
        if missing := self.unfinished(candidate, baseline):
            return "unknown", "; ".join(missing)
        effect = self._effect(candidate, baseline)
        if effect is not None and line.over == "all":
            return _beyond(effect.difference.value or 0.0, line.least, effect_span(effect), "")
        first, second = self._mean(candidate, line.over), self._mean(baseline, line.over)
        if first is None or second is None:
            return "unknown", f"no mean of both, {line.over}"
        sure = Span(blind=f"the gate does not compare {candidate} with {baseline}")
        if effect is not None:
            sure = _joined(effect, first.datasets)
        return _beyond(first.mean - second.mean, line.least, sure, f", over {_sets(first)}")

    def average(self, line: AverageAbove) -> Answer:
        """Answer whether an arm's mean lies above a value."""
        if self.verdict is None:
            return NO_VERDICT
        arm = line.arm or self.candidate
        if missing := self.unfinished(arm):
            return "unknown", "; ".join(missing)
        mean = self._mean(arm, line.over)
        if mean is None:
            return "unknown", f"no mean of {arm}, {line.over}"
        if len(mean.datasets) < line.least_sets:
            words = f"only {_sets(mean)}, and at least {line.least_sets} are asked for"
            return "unknown", f"{mean.mean:.4f} over {words}"
        met = mean.mean > line.above + TOLERANCE
        return ("met" if met else "not met"), f"{mean.mean:.4f} over {_sets(mean)}"

    def isotropy(self, line: IsotropyHigher) -> Answer:
        """Answer whether one arm is more isotropic than another on the same texts."""
        if self.verdict is None:
            return NO_VERDICT
        candidate, baseline = self.pair(line)
        if missing := self.unfinished(candidate, baseline):
            return "unknown", "; ".join(missing)
        first, second = self._geometry(candidate), self._geometry(baseline)
        if not first or not second:
            return "unknown", "no geometry record; set evaluation.geometry"
        if len({record.texts.fingerprint for record in (*first, *second)}) > 1:
            return "unknown", "not the same texts"
        sizes = {record.dimension for record in (*first, *second)}
        if line.figure == "isotropy" and len(sizes) > 1:
            return "unknown", f"dimensions {sorted(sizes)} differ; compare isoscore_star"
        values = [getattr(record, line.figure) for record in (*first, *second)]
        if None in values:
            return "unknown", f"{line.figure} is undefined for a seed"
        higher, lower = fmean(values[: len(first)]), fmean(values[len(first) :])
        texts = first[0].texts
        words = f"{higher:.4f} against {lower:.4f} on {texts.count:,} texts of {texts.name}"
        return ("met" if higher > lower else "not met"), words

    def finished(self, line: Finished) -> Answer:
        """Answer whether all trials are there."""
        if absent := self._absent(line.arms):
            return absent
        if self.verdict is None:
            return NO_VERDICT
        missing = self.unfinished(*(line.arms or self.study.arms))
        return ("not met", "; ".join(missing)) if missing else ("met", "all of them")

    def all_sets(self, line: AllSets) -> Answer:
        """Answer whether arms have scores on all data sets."""
        if absent := self._absent(line.arms):
            return absent
        if self.verdict is None:
            return NO_VERDICT
        scored = scored_datasets(self.study.evaluation).get(self.task, ())
        wanted = line.datasets or scored
        if len(wanted) < line.least_sets:
            words = f"and at least {line.least_sets} are asked for"
            return "unknown", f"this tier scores {_counted(len(wanted))}, {words}"
        there = {(s.arm, s.dataset) for s in self.verdict.scores if s.task == self.task}
        known = {*scored, *(dataset for _, dataset in there if dataset)}
        missing = [
            f"{arm} on {dataset}"
            for arm in line.arms or self.study.arms
            for dataset in wanted
            if dataset in known and (arm, dataset) not in there
        ]
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            return "not met", f"no score: {', '.join(missing[:3])}{more}"
        if elsewhere := [dataset for dataset in wanted if dataset not in known]:
            hint = did_you_mean(elsewhere[0], known) or "evaluation.datasets names those it does"
            return "unknown", f"this tier does not score {', '.join(elsewhere)}; {hint}"
        return "met", _counted(len(wanted))

    def _absent(self, arms: Sequence[str]) -> Answer | None:
        """Answer that nothing is known where the tier leaves out arms that a line names."""
        out = [arm for arm in arms if arm not in self.study.arms]
        return ("unknown", f"this tier does not train {', '.join(out)}") if out else None

    def _effect(self, candidate: str, baseline: str) -> Effect | None:
        effects = self.verdict.effects if self.verdict else ()
        found = (e for e in effects if (e.candidate, e.reference) == (candidate, baseline))
        return next(found, None)

    def _mean(self, arm: str, group: str) -> GroupMean | None:
        wanted = (arm, self.task, self.study.gate.metric, group)
        means = self.verdict.groups if self.verdict else ()
        return next((m for m in means if (m.arm, m.task, m.metric, m.group) == wanted), None)

    def _geometry(self, arm: str) -> list[GeometryRecord]:
        records = self.verdict.evidence.geometry if self.verdict else ()
        return [record for record in records if record.model == arm]


def _joined(effect: Effect, datasets: Sequence[str]) -> Span:
    """Return between which values the mean over some data sets lies: the mean of their own ends.

    The noise of a mean is at most the mean of the noises, however seeds tie the data sets.
    """
    spans = [span(part.difference) for part in effect.datasets if part.dataset in datasets]
    if blind := [one.blind for one in spans if one.blind]:
        return Span(blind=blind[0])
    return Span(fmean(one.low for one in spans), fmean(one.high for one in spans))


def _beyond(value: float, least: float, sure: Span, words: str) -> Answer:
    """Judge a gain as gates do: by its interval, and not at all where that holds the line."""
    if sure.blind:
        return "unknown", f"{value:+.4f}{words}, by the point estimate; {sure.blind}"
    ends = f"{value:+.4f}, 95 % interval {sure.low:+.4f} to {sure.high:+.4f}{words}"
    if sure.low >= least - TOLERANCE:
        return "met", ends
    if sure.high < least - TOLERANCE:
        return "not met", ends
    return "unknown", f"{ends}; the interval holds {least:+g}: more seeds or queries would tell"


def _sets(mean: GroupMean) -> str:
    """Say over which data sets a mean is, and what of BEIR's 18 it cannot be over."""
    names = ", ".join(mean.datasets)
    counted = f"{_counted(len(mean.datasets))} that all rows share ({names})"
    public = {repo for one in BEIR_PUBLIC for repo in one.hub}
    if len(public & set(mean.datasets)) < _MANY_OF_BEIR:
        return counted
    return f"{counted}; of BEIR's 18 beside MS MARCO {', '.join(NOT_PUBLIC)} are not public"


_MANY_OF_BEIR = 8
"""Of its sets in a mean, from which on that is read as BEIR's average."""


def _counted(count: int) -> str:
    return f"{count} data set{'s' * (count != 1)}"
