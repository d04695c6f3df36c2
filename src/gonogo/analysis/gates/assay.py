"""Assay sensitivity: a comparison with an arm that has not learned, or cannot differ, says nothing.

"No loss against the specialist" means something only if the specialist itself beats the model
without any training; a trial without that can pass or fail by having learned nothing (ICH E10,
Choice of control group in clinical trials (2000); Pigeot et al., Statistics in Medicine 22 (2003)).
Nor can arms be told apart on queries that both answer to the measure's ceiling, or both not at all.

An arm has learned where the interval of what it gained over the untrained row lies above the line,
or where that of *each* of its runs does by itself. The latter, an intersection-union test over
runs, is what two seeds need: Student's t with one degree of freedom would not see a gain of a tenth
of the score in a third of studies (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.effects import Paired, defined
from gonogo.analysis.estimates.estimates import difference_estimate, ratio_estimate
from gonogo.analysis.estimates.layout import Layout, score_bounds
from gonogo.analysis.estimates.retention import retention_estimate
from gonogo.analysis.gates.extremes import extreme
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.pairing import paired
from gonogo.analysis.gates.wording import amount, line_percent, percent, spread
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect, Estimate, Learning
from gonogo.analysis.tables.strata import seed_means
from gonogo.spec.rule.gate_parts import Contrast
from gonogo.spec.rule.gates import GateSpec

UNTRAINED = "untrained"
"""The row that stands for no training where neither gate nor study names one."""
Array = Float[np.ndarray, "_ _"]
_OVER_ALL_RUNS = 0.97
"""Level at which a share counts over all runs: to be shown for each run is a second chance. Both
together let fewer than 1 in 100 arms pass that learned 1.5 % where 2 % are asked for."""


@dataclass(frozen=True)
class Beside:
    """An arm beside the untrained row, on the same queries; one array a data set."""

    untrained: Sequence[Array]
    arm: Sequence[Array]
    layout: Layout

    def gain(self) -> Estimate:
        """Estimate what training brought, in the metric's units."""
        pairs = list(zip(self.untrained, self.arm, strict=True))
        return difference_estimate(pairs, bootstrap_draws=0, layout=self.layout)

    def share(self, level: float = 0.95) -> Estimate | None:
        """Estimate which part of its score training brought; None where that is undefined."""
        pairs = list(zip(self.arm, self.untrained, strict=True))
        if not defined(pairs):
            return None
        return ratio_estimate(pairs, level, bootstrap_draws=0, layout=self.layout)

    def runs(self) -> list[Beside]:
        """Return each run of the arm by itself."""
        one = replace(self.layout, paired=True)

        def raw(run: int) -> list[Array]:
            if self.layout.paired:
                return [block[[run]] for block in self.untrained]
            return [block.mean(axis=0, keepdims=True) for block in self.untrained]

        return [
            Beside(raw(run), [block[[run]] for block in self.arm], one)
            for run in range(len(self.arm[0]))
        ]


def _beside(untrained: Sequence[Array], arm: Sequence[Array], pair: Paired) -> Beside:
    """Pair the rows where there are as many, or where the untrained model has one run."""
    layout = replace(
        pair.layout(pair.strata),
        bounds=score_bounds(pair.metric, list(zip(untrained, arm, strict=True))),
        paired=len(untrained[0]) in (1, len(arm[0])),
    )
    if layout.paired:
        untrained = [
            np.broadcast_to(raw, block.shape) for raw, block in zip(untrained, arm, strict=True)
        ]
    return Beside(untrained, arm, layout)


def untrained_row(scores: JudgedScores) -> str | None:
    """Return the name of the row without training: the gate's, the study's, or the usual one."""
    named = scores.gate.untrained or scores.expected.untrained
    if named:
        return named
    return UNTRAINED if UNTRAINED in scores.table.seeds else None


def untrained_values(scores: JudgedScores, task: str) -> list[Array] | None:
    """Return the untrained row's values on the judged queries; None where any is missing."""
    name = untrained_row(scores)
    if name is None or name not in scores.table.seeds:
        return None
    try:
        values = list(scores.values(task, name).values())
    except KeyError:
        return None
    return None if any(np.isnan(block).any() for block in values) else values


def untrained_hole(scores: JudgedScores) -> tuple[str, ...]:
    """Name the tasks on which a row that the gate itself names has no scores."""
    name = scores.gate.untrained
    tasks = dict.fromkeys(c.task for c in scores.contrasts if c.reference not in (None, name))
    return tuple(
        f"{name} (gate.untrained), {task}, {scores.metric}: not on every judged query"
        for task in (tasks if name else ())
        if untrained_values(scores, task) is None
    )


def assess(
    gate: Gate[GateSpec], scores: JudgedScores, contrast: Contrast, effect: Effect
) -> Effect:
    """Return the effect with what its arms have learned, and why it says nothing if it does not."""
    pair = paired(scores, contrast)
    reference = [part.reference for part in pair.strata]
    candidate = [part.candidate for part in pair.strata]
    raw, name = untrained_values(scores, contrast.task), untrained_row(scores)
    learning, why = None, extreme(reference, candidate, effect)
    if raw is not None and name and name not in contrast.arms:
        arms = _beside(raw, reference, pair), _beside(raw, candidate, pair)
        learning = _learning(*arms, pair, effect, name, gate.learned_from)
        trained = effect.reference not in scores.expected.references
        why = why or _unlearned(gate, arms[1], effect, learning, trained=trained)
    return effect.model_copy(update={"learning": learning, "invalid": why})


def _learning(
    arm: Beside, candidate: Beside, pair: Paired, effect: Effect, name: str, line: float
) -> Learning:
    ratio = effect.ratio is not None
    return Learning(
        untrained=name,
        arm=effect.reference,
        mean=float(seed_means(arm.arm).mean()),
        untrained_mean=float(seed_means(arm.untrained).mean()),
        share=arm.share(_OVER_ALL_RUNS) if ratio else None,
        gain=arm.gain(),
        retention=retention_estimate(
            _above(candidate), _above(arm), layout=pair.layout(pair.strata)
        ),
        line=line,
        shown=_learned(arm, line, ratio=ratio),
    )


def _above(one: Beside) -> list[Array]:
    """Return the arm's values less the untrained model's, whose runs are one where unpaired."""
    if one.layout.paired:
        return [arm - raw for raw, arm in zip(one.untrained, one.arm, strict=True)]
    return [arm - raw.mean(axis=0) for raw, arm in zip(one.untrained, one.arm, strict=True)]


def _learned(one: Beside, line: float, *, ratio: bool) -> bool:
    """Return whether what was learned lies above the line, over all runs or for each by itself."""

    def beyond(found: Estimate | None) -> bool:
        return found is not None and found.interval is not None and found.interval.low > line

    if not ratio:
        return beyond(one.gain()) or all(beyond(run.gain()) for run in one.runs())
    return beyond(one.share(_OVER_ALL_RUNS)) or all(beyond(run.share()) for run in one.runs())


def _unlearned(
    gate: Gate[GateSpec], candidate: Beside, effect: Effect, learning: Learning, *, trained: bool
) -> str:
    """Say that the arm which the comparison leans on has not learned; empty where it has."""
    if learning.shown:
        return ""
    who = gate.unlearned(
        effect,
        trained=trained,
        candidate_learned=lambda: _learned(candidate, 0.0, ratio=False),
    )
    return who and f"{who}: {_figures(learning, effect)}"


def _figures(learning: Learning, effect: Effect) -> str:
    means = (
        f"{effect.metric} {learning.mean:.4f}, {learning.untrained_mean:.4f} without any training"
    )
    if effect.ratio is None:
        value = amount(learning.gain.value or 0.0, effect.metric)
        return f"{means}; it gained {value} ({spread(learning.gain)}), not surely above 0"
    if learning.share is None or learning.share.value is None:
        return means
    return (
        f"{means}; training brought {percent(learning.share.value)} of its score "
        f"({spread(learning.share)}), not surely above {line_percent(learning.line)}"
    )
