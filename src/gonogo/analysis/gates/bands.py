"""A measured value against named bands, such as Recall@500 of one arm."""

from __future__ import annotations

import math

from gonogo.analysis.estimates.thresholds import absence_shown, presence_shown, reaches
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.wording import SUPPORTED, data_phrase, listed, spread
from gonogo.analysis.records.effects import Estimate, Measurement
from gonogo.spec.rule.gates import Band, BandsGate


def band_of(value: float, bands: tuple[Band, ...]) -> Band:
    """Return the highest band whose ``least`` the value reaches; the lowest is a floor for all."""
    return [bands[0], *(band for band in bands[1:] if reaches(value, band.least))][-1]


def judge_bands(gate: BandsGate, estimate: Estimate, datasets: int) -> Outcome:
    """Judge an arm's mean over seeds and data sets; supported if the interval stays in the band."""
    value = estimate.value or 0.0
    band = band_of(value, gate.bands)
    measurement = Measurement(
        task=gate.task,
        metric=gate.metric,
        arm=gate.arm,
        estimate=estimate,
        band=band.name,
        bands={named.name: named.least for named in gate.bands},
    )
    return Outcome(
        verdict=band.verdict,
        support=_support(gate, estimate, band),
        claim=(
            f"{gate.metric} of {gate.arm} on {gate.task} is {value:.4f} "
            f"({spread(estimate, 1.0, '', 4)}), in the band {band.name}; "
            f"{data_phrase([estimate], [datasets])}."
        ),
        reasons=tuple(_range(gate, index) for index in range(len(gate.bands))),
        measurements=(measurement,),
        next_actions=band.next_actions or gate.next_actions.get(band.verdict, ()),
    )


def _ends(gate: BandsGate, index: int) -> tuple[float, float]:
    """Return where a band begins and where the next one does."""
    low = -math.inf if index == 0 else gate.bands[index].least
    high = gate.bands[index + 1].least if index + 1 < len(gate.bands) else math.inf
    return low, high


def _support(gate: BandsGate, estimate: Estimate, band: Band) -> str:
    if estimate.interval is None:
        return "no interval"
    touched = [
        other.name
        for index, other in enumerate(gate.bands)
        if other != band
        and not absence_shown(estimate, _ends(gate, index)[0])
        and not presence_shown(estimate, _ends(gate, index)[1])
    ]
    return f"interval reaches into {listed(touched)}" if touched else SUPPORTED


def _range(gate: BandsGate, index: int) -> str:
    band = gate.bands[index]
    low, high = _ends(gate, index)
    below = f"below {high:g}" if math.isfinite(high) else ""
    above = f"from {low:g}" if math.isfinite(low) else ""
    return f"band {band.name}: {', '.join(part for part in (above, below) if part)}"
