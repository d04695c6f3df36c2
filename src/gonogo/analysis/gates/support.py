"""Which word the intervals bear: the one band in which the judged effect lies for sure.

A gate judges one figure that rises with each of its effects: the largest interference of any task,
the smallest gain over any baseline, a level. If the interval of each effect holds its true value,
the judged figure lies between the figure of all lower ends and that of all upper ends. Where both
lie in bands of one word, that word is said; a wrong word needs an interval that misses its value
on one side, which 95 % intervals do in 2.5 % of studies.

Of the largest of several effects, a lower end needs only one task: its error adds up over tasks
(2.5 % a task); an upper end needs all of them, an intersection-union test (Berger, Technometrics 24
(1982)), which needs no correction. Of the smallest gain over several baselines it is the other way
round, and the upper ends are therefore taken at the level 1 - 0.05 / baselines (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gonogo.analysis.estimates.thresholds import reaches
from gonogo.analysis.gates.wording import counted, listed
from gonogo.analysis.records.effects import Effect, Estimate
from gonogo.spec.rule.gate_parts import Verdict

Band = Callable[[float], Verdict]
Decides = Callable[[Iterable[float]], float]
FEWEST_QUERIES = 6
"""Below, not even gains of one sign on every query reject at 5 % (2 / 2^5 = 6.25 %)."""
ALIKE = "the arms score alike on every query"
"""Nothing was seen to differ, so that nothing was measured."""


@dataclass(frozen=True, slots=True)
class Span:
    """Between which values the evidence leaves an effect; infinite where it decides nothing."""

    low: float = -math.inf
    high: float = math.inf
    blind: str = ""
    """Why the evidence decides nothing whatever its interval; empty where it does."""


def span(estimate: Estimate | None, *, identical: bool = False) -> Span:
    """Return between which values an estimate decides.

    Args:
        estimate: with its interval.
        identical: whether the two arms scored alike on every query.
    """
    interval = None if estimate is None else estimate.interval
    if estimate is None or interval is None:
        return Span(blind="no interval: nothing was repeated")
    if estimate.seeds == 1:
        return Span(blind="one seed: its interval is blind to seed noise")
    if identical:
        return Span(blind=ALIKE)
    if estimate.queries < FEWEST_QUERIES:
        count = counted(estimate.queries, "query", "queries")
        return Span(blind=f"{count}: too few to tell how queries differ")
    return Span(interval.low, interval.high)


def effect_span(effect: Effect) -> Span:
    """Return between which values an effect's judged estimate decides; none where it is invalid."""
    if effect.invalid:
        return Span(blind=effect.invalid)
    alike = effect.test.wins == effect.test.losses == 0
    judged = effect.difference if effect.ratio is None else effect.ratio
    return span(judged, identical=alike)


def supported_word(spans: Sequence[Span], band: Band, decides: Decides) -> Verdict:
    """Return the word of the band in which the judged figure lies for sure, else INCONCLUSIVE."""
    low, high = decides(one.low for one in spans), decides(one.high for one in spans)
    word = band(low)
    return word if word == band(high) else "INCONCLUSIVE"


def why_not(
    spans: Sequence[Span],
    decides: Decides,
    lines: Mapping[str, float],
    write: Callable[[float], str],
) -> str:
    """Say why no word is borne: what each interval lacks, or which lines the figure may cross.

    Args:
        spans: of all effects.
        decides: the judged one of several.
        lines: ``fail`` and ``pass``.
        write: how a line is written.
    """
    low, high = decides(one.low for one in spans), decides(one.high for one in spans)
    ruled_out = ["PASS"] if not reaches(high, lines["pass"]) else []
    ruled_out += ["FAIL"] if reaches(low, lines["fail"]) else []
    held = [
        write(line)
        for line in sorted(set(lines.values()))
        if not reaches(low, line) and reaches(high, line)
    ]
    blind = list(dict.fromkeys(one.blind for one in spans if one.blind))
    said = blind[0] if blind else f"interval holds {listed(held)}" if held else "interval is wide"
    return f"{said}; {listed(ruled_out)} ruled out" if ruled_out else said


def settle(decide_by: str, point: Verdict, word: Verdict) -> tuple[Verdict, bool]:
    """Return the word to say and whether the evidence bears it.

    Args:
        decide_by: ``support`` or ``point``.
        point: the band of the point estimate.
        word: what the intervals bear.
    """
    return (word, True) if decide_by == "support" else (point, word == point)
