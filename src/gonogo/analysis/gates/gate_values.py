"""The judged values of a gate, seed by query: what planning and stopping work on."""

from __future__ import annotations

import polars as pl

from gonogo.analysis.estimates.sequential import Stop, stop_when_decided
from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.promised.copies import judged_scores
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.statistics.power import Components
from gonogo.analysis.tables.strata import Values, seed_means
from gonogo.spec.rule.gate_parts import Contrast
from gonogo.spec.rule.gates import GateSpec


def judged_values(frame: pl.DataFrame, gate: GateSpec, expected: Expected) -> list[Values] | None:
    """Return one entry a contrast of the gate, in their order; None where any is undefined.

    They are ratio pseudo-values for interference, differences for improvement, levels for bands.
    """
    scores, _ = judged_scores(frame, gate, expected)
    if any(find_holes(scores).values()):
        return None
    found = [contrast_values(scores, contrast) for contrast in scores.contrasts]
    known = [values for values in found if values is not None]
    return known if len(known) == len(found) else None


def contrast_values(scores: JudgedScores, contrast: Contrast) -> Values | None:
    """Return the judged values of one contrast without holes; None where a ratio is undefined."""
    if contrast.reference is None:
        return list(scores.values(contrast.task, contrast.candidate).values())
    arrays = [(part.reference, part.candidate) for part in scores.strata(contrast)]
    if len(arrays[0][0]) != len(arrays[0][1]):
        return None  # seeds that are not paired, and differ in number, have no values of their own
    return build_gate(scores.gate).values(arrays)


def pilot_components(frame: pl.DataFrame, gate: GateSpec) -> dict[str, Components] | None:
    """Estimate the variances of each of the gate's tasks from an earlier, smaller run.

    Args:
        frame: scores of all arms that the gate looks at, on any data sets and seeds.
        gate: the rule.

    Returns:
        Variances by task; None if scores are missing or a ratio is undefined.
    """
    values = judged_values(frame, gate, Expected())
    if values is None:
        return None
    rule = build_gate(gate)
    found = {}
    for task in gate.tasks:
        pairs = zip(gate.contrasts, values, strict=True)
        own = [each for contrast, each in pairs if contrast.task == task]
        means = [float(seed_means(each).mean()) for each in own]
        judged = own[means.index(rule.decides(means))]  # of several baselines that of the best
        found[task] = Components.from_pilot(judged, rule.noise)
    return found


def stop_early(
    frame: pl.DataFrame, gate: GateSpec, expected: Expected, planned: int
) -> Stop[str] | None:
    """Say whether the remaining seeds can no longer change the verdict, or hardly.

    Args:
        frame: scores of the seeds so far, all arms complete.
        gate: the rule.
        expected: with the seeds so far.
        planned: seeds of the whole study.
    """
    values = judged_values(frame, gate, expected)
    if values is None:
        return None
    rule = build_gate(gate)
    return stop_when_decided(
        values,
        rule.band,
        planned=planned,
        bounds=rule.bounds,
        alpha=gate.stopping_alpha,
        decides=rule.decides,
    )
