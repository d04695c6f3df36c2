"""What a reader must know before leaning on a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.wording import counted, listed, percent
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.analysis.statistics.aso import FALSE_ALARMS
from gonogo.spec.rule.gates import GateSpec

FEW_SEEDS = 5
"""Below this many seeds, ASO is shown with how often it calls equal systems different."""
_EXPOSURE_SLACK = 0.01
_MUCH_OF_A_LINE = 0.1
"""Share of a gate's line by which number formats may differ before it is told first."""


def cautions(scores: JudgedScores, outcome: Outcome, evidence: Evidence) -> tuple[str, ...]:
    """List warnings, the weightiest first, each of them once."""
    gate = build_gate(scores.gate)
    found = (
        *_seeds(outcome),
        *(note for effect in outcome.effects for note in effect.notes),
        *_many(gate, outcome),
        *_undefined_sets(outcome.effects),
        *_off_task(gate, scores),
        *_exposure(gate, scores, evidence),
        *_formats(scores, evidence),
        *_left_out(scores),
        *_unjudged_problems(scores),
    )
    return tuple(dict.fromkeys(found))


def gate_cautions(gate: FrozenGate, verdict: str, original: str | None) -> Iterator[str]:
    """Say that a rule was never frozen, or how it was changed since and what that did.

    Args:
        gate: the rule and its changes.
        verdict: by the rule in force.
        original: the verdict by the rule as frozen, where it was changed.
    """
    if gate.frozen_at is None:
        yield "the gate was not frozen before training: nothing shows that it came first"
    for change in gate.changes:
        yield (
            f"{change.key} was changed after the first trial had started: "
            f"frozen {change.frozen}, now {change.now}"
        )
    if original is not None and original != verdict:
        yield f"the gate as frozen says {original}, not {verdict}"


def _seeds(outcome: Outcome) -> Iterator[str]:
    counts = {e.difference.seeds for e in outcome.effects}
    counts |= {m.estimate.seeds for m in outcome.measurements}
    seeds = min(counts, default=FEW_SEEDS)
    if seeds == 0:
        yield "the scores have no seeds: every interval is conditional on these very models"
    elif seeds == 1:
        yield "one seed: every interval is conditional on it and blind to seed noise"
    elif seeds == 2:
        yield "two seeds: seed noise is estimated from a single difference"
    if 2 <= seeds < FEW_SEEDS and any(e.test.aso is not None for e in outcome.effects):
        yield (
            f"Almost Stochastic Order over {seeds} seeds calls equal systems different "
            f"{_false_alarm(seeds)}; use at least {FEW_SEEDS} seeds"
        )


def _false_alarm(seeds: int) -> str:
    if seeds in FALSE_ALARMS:
        return f"in {percent(FALSE_ALARMS[seeds], 0)} of cases"
    more = [count for count in FALSE_ALARMS if count > seeds]
    fewer = [count for count in FALSE_ALARMS if count < seeds]
    least = percent(FALSE_ALARMS[min(more)], 0)
    if not fewer:
        return f"in more than {least} of cases"
    return f"in {least} to {percent(FALSE_ALARMS[max(fewer)], 0)} of cases"


def _many(gate: Gate[GateSpec], outcome: Outcome) -> Iterator[str]:
    """Name the price of a verdict by any of several: each adds half of what its interval misses."""
    count = len(outcome.effects)
    if gate.decides is max and outcome.counts_as == "PASS" and count > 1:
        yield (
            f"a PASS needs only one of {count} tasks: with 95 % intervals it would be wrong in up "
            f"to {percent(0.025 * count, 1)} of cases"
        )


def _undefined_sets(effects: Sequence[Effect]) -> Iterator[str]:
    for effect in effects:
        for part in effect.datasets:
            if part.ratio is not None and part.ratio.value is None:
                yield (
                    f"{effect.task}, {part.dataset}: TIR is undefined there, because "
                    f"{effect.reference} scores 0 with at least one seed"
                )


def _off_task(gate: Gate[GateSpec], scores: JudgedScores) -> Iterator[str]:
    arms = scores.expected.arms
    for contrast in scores.contrasts:
        for arm in contrast.arms:
            if scores.expected.is_off_task(arm, contrast.task):
                yield f"{arm} is judged on {contrast.task}, which it was not trained on"
        alone = contrast.reference
        if gate.against_specialists and alone in arms:
            others = [task for task in arms[alone or ""] if task != contrast.task]
            if others:
                yield f"{alone} is no specialist: it was trained on {listed(others)} too"


def _exposure(gate: Gate[GateSpec], scores: JudgedScores, evidence: Evidence) -> Iterator[str]:
    """Compare examples seen: a joint arm that saw fewer shows under-training, not interference."""
    if not gate.against_specialists or scores.gate.matching != "exposure":
        return
    seen: dict[tuple[str, str], list[int]] = {}
    for trial in evidence.trials:
        for task, count in trial.examples.items():
            seen.setdefault((trial.arm, task), []).append(count)
    for contrast in scores.contrasts:
        joint = seen.get((contrast.candidate, contrast.task))
        alone = seen.get((contrast.reference or "", contrast.task))
        if joint and alone and abs(_mean(joint) - _mean(alone)) > _EXPOSURE_SLACK * _mean(alone):
            yield (
                f"exposure differs on {contrast.task}: {contrast.candidate} saw "
                f"{_mean(joint):,.0f} examples, {contrast.reference} {_mean(alone):,.0f}; the "
                "difference mixes interference with the amount of training"
            )


def _formats(scores: JudgedScores, evidence: Evidence) -> Iterator[str]:
    """Compare number formats: of the judged arms with each other, and with fp32."""
    judged = {arm for contrast in scores.contrasts for arm in contrast.arms}
    used: dict[str, list[str]] = {}
    for trial in evidence.trials:
        if trial.arm in judged and trial.precision:
            arms = used.setdefault(trial.precision, [])
            arms += [trial.arm] if trial.arm not in arms else []
    if len(used) > 1:
        said = "; ".join(f"{listed(sorted(arms))} in {one}" for one, arms in sorted(used.items()))
        yield f"judged arms were scored in different number formats ({said}), which moves scores"
    for found in evidence.formats:
        if found.share is not None and found.share >= _MUCH_OF_A_LINE:
            yield (
                f"{found.arm} on {found.task}: {found.metric} {found.stated:.4f} in "
                f"{found.precision or 'its own format'} and {found.fp32:.4f} in fp32, "
                f"{percent(found.share, 0)} of the gate's pass line"
            )


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)


def _left_out(scores: JudgedScores) -> Iterator[str]:
    """Name what the table holds and the gate's plan does not."""
    expected, table = scores.expected, scores.table
    known = {*expected.arms, *expected.references, *scores.gate.arms}
    unknown = sorted(set(table.seeds) - known)
    if expected.arms and unknown:
        yield f"not part of the study, shown but not judged: {listed(unknown)}"
    for arm in scores.gate.arms:
        extra = [seed for seed in table.seeds.get(arm, ()) if seed not in scores.seeds(arm)]
        if extra:
            names = ", ".join("none" if seed is None else str(seed) for seed in extra)
            yield f"seeds of {arm} that were not planned are not judged: {names}"
    for task in dict.fromkeys(contrast.task for contrast in scores.contrasts):
        scored = set(table.datasets(task, scores.metric))
        if extra_sets := sorted(scored - set(scores.datasets(task))):
            yield f"{task}: data sets that were not planned are not judged: {listed(extra_sets)}"


def _unjudged_problems(scores: JudgedScores) -> Iterator[str]:
    """Name unusable values beside the gate; those that it needs are holes already."""
    judged = {
        (arm, contrast.task, scores.metric)
        for contrast in scores.contrasts
        for arm in contrast.arms
    }
    rest = [p for p in scores.table.problems if (p.arm, p.task, p.metric) not in judged]
    yield from (f"left out of the means: {problem}" for problem in rest[:5])
    if len(rest) > 5:
        yield f"left out of the means: {counted(len(rest) - 5, 'further problem')} of this kind"
