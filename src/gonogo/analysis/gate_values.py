"""The judged values of a gate, seed by query: what planning and stopping work on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import polars as pl

from gonogo.analysis.expected import Contrast, Expected
from gonogo.analysis.holes import find_holes
from gonogo.analysis.intervals import ratio_pseudo_values
from gonogo.analysis.judged import JudgedScores
from gonogo.analysis.power import TIR_DEFAULTS, Components
from gonogo.analysis.scores import pivot
from gonogo.analysis.sequential import Stop, stop_when_decided
from gonogo.analysis.strata import Values, differences
from gonogo.analysis.thresholds import band_verdict
from gonogo.spec.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def _values(scores: JudgedScores, contrast: Contrast) -> Values | None:
    """Return differences, ratio pseudo-values or levels, by the kind of gate; None if undefined."""
    if contrast.reference is None:
        return list(scores.values(contrast.task, contrast.candidate).values())
    arrays = [(part.reference, part.candidate) for part in scores.strata(contrast)]
    if isinstance(scores.gate, InterferenceGate):
        return ratio_pseudo_values(arrays)
    return differences(arrays)


def judged_values(frame: pl.DataFrame, gate: GateSpec, expected: Expected) -> list[Values] | None:
    """Return one entry a contrast of the gate; None where scores are missing or undefined."""
    scores = JudgedScores(pivot(frame), gate, expected)
    if any(find_holes(scores).values()):
        return None
    found = [_values(scores, contrast) for contrast in scores.contrasts]
    known = [values for values in found if values is not None]
    return known if known and len(known) == len(found) else None


def pilot_components(frame: pl.DataFrame, gate: GateSpec) -> list[Components] | None:
    """Estimate each contrast's variances from an earlier, smaller run; None if it has holes."""
    values = judged_values(frame, gate, Expected())
    if values is None:
        return None
    return [Components.from_pilot(own, TIR_DEFAULTS) for own in values]


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
        values, band, planned=planned, bounds=bounds, alpha=gate.stopping_alpha
    )


def _band(gate: GateSpec) -> tuple[Callable[[float], str], tuple[float, float]]:
    """Return the gate's bands and the bounds of one seed's effect."""
    match gate:
        case InterferenceGate():
            return _lines(gate), (float("-inf"), 1.0)
        case ImprovementGate():
            return _lines(gate), (-1.0, 1.0)
        case BandsGate():
            return lambda value: _named(gate, value), (0.0, 1.0)
        case _:
            assert_never(gate)


def _lines(gate: InterferenceGate | ImprovementGate) -> Callable[[float], str]:
    return lambda value: band_verdict(value, gate.pass_, gate.fail)


def _named(gate: BandsGate, value: float) -> str:
    reached: Sequence[str] = [band.name for band in gate.bands if value >= band.least - 1e-9]
    return reached[-1] if reached else gate.bands[0].name
