"""A contrast as an estimate needs it: one layout for effects, guardrails and learning."""

from __future__ import annotations

from dataclasses import replace

from gonogo.analysis.estimates.effects import Paired
from gonogo.analysis.estimates.estimates import difference_estimate
from gonogo.analysis.estimates.stopped import Looks
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Estimate
from gonogo.spec.rule.gate_parts import Contrast


def paired(scores: JudgedScores, contrast: Contrast) -> Paired:
    """Return both arms' scores with how seeds, queries, clusters and data sets hang together.

    Args:
        scores: without holes in this contrast.
        contrast: with a reference.

    Raises:
        ValueError: if the contrast has no reference: a level has no effect.
    """
    if contrast.reference is None:
        raise ValueError("a level has no effect")
    looks = _looks(scores)
    return Paired(
        task=contrast.task,
        metric=scores.metric,
        reference=contrast.reference,
        candidate=contrast.candidate,
        strata=scores.strata(contrast),
        seeds=scores.paired_seeds(contrast),
        seeds_paired=scores.seeds_paired(contrast),
        notes=scores.notes(contrast),
        level=0.95 if looks is None else max(0.95, looks.level),
        looks=looks,
        unseeded=frozenset(arm for arm in contrast.arms if scores.seeds(arm) == (None,)),
        sample=scores.gate.sampled,
    )


def _looks(scores: JudgedScores) -> Looks | None:
    """Return how the study was looked at while it grew; None where it was not."""
    if scores.expected.looked is None:
        return None
    done, planned = scores.expected.looked
    gate = scores.gate
    lines = () if gate.lines is None else (gate.lines.fail, gate.lines.pass_)
    return Looks(done, planned, lines, gate.stopping_alpha, len(scores.contrasts))


def difference(pair: Paired, level: float = 0.95, *, distinct: bool = False) -> Estimate:
    """Estimate candidate - reference as the gate's own effect does, without the bootstraps.

    Args:
        pair: both arms' scores.
        level: of the interval.
        distinct: the arms differ by another measure, so that equal values were measured.
    """
    arrays = [(part.reference, part.candidate) for part in pair.strata]
    layout = replace(pair.layout(pair.strata), distinct=distinct)
    return difference_estimate(arrays, level, bootstrap_draws=0, layout=layout)
