"""Whether a specialist had stopped learning: until then, what is matched decides the comparison.

A joint arm matched by exposure updates its shared weights more often than a specialist does, so a
specialist that still rises loses against it for lack of updates, not of a task of its own. The
check reads looks at held-out queries; it warns, and never changes a word. A specialist that has not
learned at all makes the comparison INVALID by `gonogo.analysis.gates.assay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.wording import amount, line_percent, percent
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.evidence import Evidence, LookCurve
from gonogo.core.metrics import is_bm25_figure
from gonogo.spec.rule.gates import GateSpec

EARLIEST, LATEST = 0.5, 0.75
"""Shares of a training between which the look lies that the last one is compared with."""


def plateau_cautions(scores: JudgedScores, outcome: Outcome, evidence: Evidence) -> Iterator[str]:
    """Say of each specialist that it still rose at its end, or that nobody looked.

    Args:
        scores: what was judged.
        outcome: with its effects.
        evidence: with the looks; without trials, as for scores made elsewhere, nothing is said.
    """
    gate = build_gate(scores.gate)
    if not gate.against_specialists:
        return
    trained = {trial.arm for trial in evidence.trials}
    for effect in outcome.effects:
        if effect.reference in trained:
            yield from _plateau(gate, effect, evidence.looks)


def _plateau(gate: Gate[GateSpec], effect: Effect, looks: Sequence[LookCurve]) -> Iterator[str]:
    curves = [look for look in looks if look.arm == effect.reference]
    ends = [end for curve in curves if (end := _end(curve, effect, ratio=gate.ratio))]
    who = f"{effect.task}: {effect.reference}"
    if not ends:
        yield (
            f"{who}: whether it had reached its plateau was not checked, for no look was taken "
            f"between {EARLIEST:g} and {LATEST:g} of its training (training.validation)"
        )
        return
    rise, line = float(np.mean([rise for rise, _, _ in ends])), effect.lines.get("pass", 0.0)
    if rise > line:
        figure, step = ends[0][1], ends[0][2]
        told = percent(rise) if gate.ratio else amount(rise, effect.metric)
        most = line_percent(line) if gate.ratio else f"{line:g}"
        seeds = f", mean of {len(ends)} seeds" if len(ends) > 1 else ""
        yield (
            f"{who} still rose by {told} from step {step:,} to its end, more than the line of "
            f"{most} ({figure} of its looks{seeds}): it has not reached its plateau, so the "
            "comparison depends on how much training is matched; train longer, see gonogo learn"
        )


def _end(curve: LookCurve, effect: Effect, *, ratio: bool) -> tuple[float, str, int] | None:
    """Return a trial's rise at its end, the figure and the step it is taken from."""
    figure = _figure(curve, effect)
    if figure is None:
        return None
    known = [
        (step, value)
        for step, value in zip(curve.steps, curve.figures[figure], strict=True)
        if value is not None
    ]
    last, final = known[-1]
    before = [(s, v) for s, v in known if EARLIEST * last <= s <= LATEST * last]
    if not before or (ratio and final <= 0):
        return None
    step, value = before[-1]
    return (final - value) / (final if ratio else 1.0), figure, step


def _figure(curve: LookCurve, effect: Effect) -> str | None:
    """Return the figure of a task: the judged measure, else the only one that it has."""
    own = [
        name
        for name, values in curve.figures.items()
        if name.rpartition("/")[0] in ("", effect.task)
        and not is_bm25_figure(name)
        and any(value is not None for value in values)
    ]
    named = [name for name in own if name.rpartition("/")[2] == effect.metric]
    if not named and len(own) != 1:
        return None
    return (named or own)[0]
