"""A measured value against named bands, such as Recall@500 of one arm."""

from __future__ import annotations

import math
from typing import ClassVar

from gonogo.analysis.estimates.effects import level
from gonogo.analysis.estimates.layout import Layout, count_clusters
from gonogo.analysis.estimates.thresholds import reaches
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.support import Span, settle, span, supported_word
from gonogo.analysis.gates.wording import SUPPORTED, amount, data_phrase, listed, spread
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect, Estimate, Measurement
from gonogo.analysis.statistics.power import Components
from gonogo.analysis.tables.measures import value_range
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import Band, BandsGate


class BandsOfLevel(Gate[BandsGate]):
    """Where an arm's own mean lies among named bands."""

    meaning: ClassVar[str] = ""

    def judge(self, scores: JudgedScores, effects: tuple[Effect, ...]) -> Outcome:  # noqa: ARG002
        """Judge the arm's mean."""
        arm = self.spec.arm
        values = list(scores.values(self.spec.task, arm).values())
        clusters = scores.clusters(self.spec.task)
        layout = Layout(clusters=clusters)
        estimate = level(values, seeded=scores.seeds(arm) != (None,), layout=layout)
        named = count_clusters(clusters, [block.shape[1] for block in values])
        return judge_bands(self.spec, estimate, len(values), named)

    def word(self, figure: float) -> Verdict:
        """Return the word that the study file gives a band."""
        return band_of(figure, self.spec.bands).verdict

    def band(self, figure: float) -> str:
        """Return a band's own name."""
        return band_of(figure, self.spec.bands).name

    @property
    def noise(self) -> Components:
        """Return usual variances: queries differ far more than two arms do on one of them."""
        return Components(seed=0.005**2, query=0.30**2, residual=0.10**2)

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the range of the metric."""
        return value_range(self.spec.metric)

    def rule(self) -> list[str]:
        """State the rule."""
        gate = self.spec
        return [
            f"{gate.metric} of {gate.arm} on {gate.task} falls into one of these bands.",
            *(f"{band.name}: {band.verdict}, from {band.least:g}." for band in gate.bands),
        ]

    def effect_words(self, value: float) -> str:
        """Write how far from an edge a level must lie to be told from it."""
        return f"a distance of {amount(value, self.spec.metric)} from a band's edge"


def band_of(value: float, bands: tuple[Band, ...]) -> Band:
    """Return the highest band whose ``least`` the value reaches; the lowest is a floor for all."""
    return [bands[0], *(band for band in bands[1:] if reaches(value, band.least))][-1]


def judge_bands(
    gate: BandsGate, estimate: Estimate, datasets: int, clusters: int | None = None
) -> Outcome:
    """Judge an arm's mean over seeds and data sets by the bands in which its interval lies."""
    value = estimate.value or 0.0
    band, sure = band_of(value, gate.bands), span(estimate)
    word = supported_word([sure], lambda level: band_of(level, gate.bands).verdict, max)
    verdict, supported = settle(gate.decide_by, band.verdict, word)
    measurement = Measurement(
        task=gate.task,
        metric=gate.metric,
        arm=gate.arm,
        estimate=estimate,
        band=band.name,
        bands={named.name: named.least for named in gate.bands},
    )
    touched, data = _touched(gate, sure), data_phrase([estimate], [datasets], [clusters])
    where = f"the band {band.name}"
    if len(touched) > 1:
        where += " by the point estimate"
    own = band.next_actions if len(touched) == 1 else ()
    return Outcome(
        verdict=verdict,
        point=band.verdict,
        supported=supported,
        support=SUPPORTED if word == verdict != "INCONCLUSIVE" else _unsure(sure, touched, band),
        claim=(
            f"{gate.metric} of {gate.arm} on {gate.task} is {value:.4f} "
            f"({spread(estimate, 1.0, '', 4)}), in {where}; {data}."
        ),
        reasons=tuple(_range(gate, index) for index in range(len(gate.bands))),
        measurements=(measurement,),
        next_actions=own or gate.next_actions.get(verdict, ()),
    )


def _ends(gate: BandsGate, index: int) -> tuple[float, float]:
    """Return where a band begins and where the next one does."""
    low = -math.inf if index == 0 else gate.bands[index].least
    high = gate.bands[index + 1].least if index + 1 < len(gate.bands) else math.inf
    return low, high


def _touched(gate: BandsGate, sure: Span) -> list[str]:
    """Return the bands that the interval reaches into, the lowest first."""
    lowest, highest = band_of(sure.low, gate.bands), band_of(sure.high, gate.bands)
    names = [band.name for band in gate.bands]
    return names[names.index(lowest.name) : names.index(highest.name) + 1]


def _unsure(sure: Span, touched: list[str], band: Band) -> str:
    others = [name for name in touched if name != band.name]
    return sure.blind or f"interval reaches into {listed(others)}"


def _range(gate: BandsGate, index: int) -> str:
    band = gate.bands[index]
    low, high = _ends(gate, index)
    below = f"below {high:g}" if math.isfinite(high) else ""
    above = f"from {low:g}" if math.isfinite(low) else ""
    return f"band {band.name}: {', '.join(part for part in (above, below) if part)}"
