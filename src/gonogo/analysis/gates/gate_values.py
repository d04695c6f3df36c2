"""The judged values of a gate, seed by query: what planning and stopping work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import polars as pl

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.estimates.sequential import Stop, stop_when_decided
from gonogo.analysis.estimates.thresholds import band_verdict
from gonogo.analysis.gates.bands import band_of
from gonogo.analysis.promised.copies import judged_scores
from gonogo.analysis.promised.expected import Contrast, Expected, contrasts
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components
from gonogo.analysis.tables.measures import value_range
from gonogo.analysis.tables.strata import Values, differences, seed_means
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate

_USUAL_SCORE = 0.5
"""A usual mean of nDCG@10: turns the noise of ratios into that of differences."""
_LEVEL_DEFAULTS = Components(seed=0.005**2, query=0.30**2, residual=0.10**2)
"""For an arm's own level: queries differ far more from each other than two arms do on one."""


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
    if isinstance(scores.gate, InterferenceGate):
        return ratio_pseudo_values(arrays)
    return differences(arrays)


def default_components(gate: GateSpec) -> Components:
    """Return variances for planning without a pilot, in the squared units of the gate's estimate.

    Ratios for interference, metric units for the others.
    """
    match gate:
        case InterferenceGate():
            return TIR_DEFAULTS
        case ImprovementGate():
            scale = _USUAL_SCORE**2
            ratio = TIR_DEFAULTS
            return Components(scale * ratio.seed, scale * ratio.query, scale * ratio.residual)
        case BandsGate():
            return _LEVEL_DEFAULTS
        case _:
            assert_never(gate)


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
    default = default_components(gate)
    if isinstance(gate, ImprovementGate):
        values = [min(values, key=_mean)]  # the best baseline's, by which the gate decides
    tasks = dict.fromkeys(contrast.task for contrast in contrasts(gate))
    return {
        task: Components.from_pilot(own, default) for task, own in zip(tasks, values, strict=True)
    }


def _mean(values: Values) -> float:
    return float(seed_means(values).mean())


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
    band, bounds = _band(gate)
    return stop_when_decided(
        values,
        band,
        planned=planned,
        bounds=bounds,
        alpha=gate.stopping_alpha,
        decides=min if isinstance(gate, ImprovementGate) else max,
    )


def _band(gate: GateSpec) -> tuple[Callable[[float], str], tuple[float, float]]:
    """Return the gate's bands and the bounds of one seed's effect."""
    low, high = value_range(gate.metric)
    match gate:
        case InterferenceGate():
            return _lines(gate), (float("-inf"), 1.0)
        case ImprovementGate():
            return _lines(gate), (low - high, high - low)
        case BandsGate():
            return lambda value: band_of(value, gate.bands).name, (low, high)
        case _:
            assert_never(gate)


def _lines(gate: InterferenceGate | ImprovementGate) -> Callable[[float], str]:
    return lambda value: band_verdict(value, gate.pass_, gate.fail)
